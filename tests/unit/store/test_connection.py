"""Every connection is durable and shareable, and every refusal is one line with a remedy."""

import sqlite3
from contextlib import closing

import pytest

from aiops.store import connection
from aiops.store.connection import open_engine, reading, writing
from aiops.types import InvalidInput


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "aiops.db")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("opened", [reading, writing])
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]
)
def test_every_connection_is_set_up(engine, opened, pragma, value):
    with opened(engine) as link:
        assert link.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_a_transaction_is_kept_whole_or_not_at_all(engine):
    def half():
        with writing(engine) as link:
            link.exec_driver_sql("CREATE TABLE t (x)")
            link.exec_driver_sql("INSERT INTO t VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with reading(engine) as link:
        assert link.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0


def test_a_reader_sees_one_moment_although_another_writes(engine):
    with writing(engine) as link:
        link.exec_driver_sql("CREATE TABLE t (x)")
    count = "SELECT count(*) FROM t"
    with reading(engine) as before:
        assert before.exec_driver_sql(count).scalar() == 0
        with writing(engine) as link:
            link.exec_driver_sql("INSERT INTO t VALUES (1)")
            assert before.exec_driver_sql(count).scalar() == 0
        assert before.exec_driver_sql(count).scalar() == 0
    with reading(engine) as after:
        assert after.exec_driver_sql(count).scalar() == 1


def test_a_second_writer_that_waits_in_vain_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "LOCK_TIMEOUT_S", 0.0)
    engine = open_engine(tmp_path / "aiops.db")
    with writing(engine), pytest.raises(InvalidInput, match="is locked by another writer"):  # noqa: SIM117
        with writing(engine):
            pass
    engine.dispose()


class Contested:
    """A connection whose switch to WAL is refused a few times, as SQLite does it."""

    def __init__(self, refusals, name="SQLITE_BUSY"):
        self.refusals = refusals
        self.name = name

    def execute(self, statement):
        assert statement == "PRAGMA journal_mode=WAL"
        if not self.refusals:
            return self
        self.refusals -= 1
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorname = self.name
        raise error

    def fetchone(self):
        return ("wal",)


def test_processes_that_make_the_file_at_the_same_moment_wait_for_each_other(monkeypatch):
    pauses = []
    monkeypatch.setattr(connection.time, "sleep", pauses.append)
    assert connection._enter_wal(Contested(refusals=3)) == "wal"
    assert pauses == [connection.PAUSE_S] * 3


@pytest.mark.parametrize(("patience", "name"), [(0.0, "SQLITE_BUSY"), (30.0, "SQLITE_IOERR")])
def test_the_wait_has_an_end_and_a_reason(monkeypatch, patience, name):
    monkeypatch.setattr(connection, "LOCK_TIMEOUT_S", patience)
    with pytest.raises(sqlite3.OperationalError):
        connection._enter_wal(Contested(refusals=1, name=name))


def test_a_url_and_a_path_name_the_same_file(tmp_path):
    path = tmp_path / "aiops.db"
    for place in (path, str(path), f"sqlite:///{path}"):
        assert open_engine(place).url.database == str(path)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("/nowhere/at/all/aiops.db", "needs the folder /nowhere/at/all; create it first"),
        ("sqlite:////nowhere/aiops.db", "needs the folder /nowhere; create it first"),
        ("sqlite://", "names no file"),
        ("", "names no file"),
        (":memory:", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://host/db", "cannot be kept in postgresql; write a path or sqlite:///path"),
        ("://", "cannot read the store's address '://'"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(place, message):
    with pytest.raises(InvalidInput) as error:
        open_engine(place)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_place_without_a_wal_journal_is_refused():
    engine = open_engine("sqlite:///file::memory:?uri=true")
    with (
        pytest.raises(InvalidInput, match=r"allows no WAL journal \(only memory\)"),
        reading(engine),
    ):
        pass
    engine.dispose()


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no database " * 100)
    engine = open_engine(path)
    with (
        pytest.raises(InvalidInput, match=r"notes\.txt is not an SQLite database"),
        reading(engine),
    ):
        pass
    engine.dispose()


def test_any_other_trouble_is_told_in_the_words_of_sqlite(engine):
    with (
        pytest.raises(InvalidInput, match="cannot be used: no such table: t"),
        reading(engine) as link,
    ):
        link.exec_driver_sql("SELECT * FROM t")


def test_a_folder_is_refused(tmp_path):
    engine = open_engine(tmp_path)
    with pytest.raises(InvalidInput, match="cannot be opened; give a file"), reading(engine):
        pass
    engine.dispose()


def test_a_file_that_may_only_be_read_can_be_read_but_not_written(tmp_path):
    path = tmp_path / "aiops.db"
    with closing(sqlite3.connect(path)) as link:
        link.execute("PRAGMA journal_mode=WAL")
        link.execute("CREATE TABLE t (x)")
    engine = open_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    with reading(engine) as link:
        assert link.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
    with pytest.raises(InvalidInput, match="may only be read; make"), writing(engine) as link:
        link.exec_driver_sql("INSERT INTO t VALUES (1)")
    engine.dispose()
