"""SQLite as the store needs it: durable, readable while someone writes, plain in its errors.

Every connection runs in WAL mode, so readers never wait for the writer; ``synchronous=FULL``,
so a committed transaction survives a power cut; and with foreign keys enforced.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

LOCK_TIMEOUT_S = 30.0
"""How long a writer waits for another writer before it gives up."""

PAUSE_S = 0.01
"""How long it pauses between two attempts where SQLite itself does not wait."""

_REMEDIES = {
    "SQLITE_NOTADB": "is not an SQLite database; give another path",
    "SQLITE_READONLY": "may only be read; make the file and its folder writable",
    "SQLITE_CANTOPEN": "cannot be opened; give a file that may be read and written",
    "SQLITE_BUSY": f"is locked by another writer for {LOCK_TIMEOUT_S:.0f} s; stop that one first",
    "SQLITE_FULL": "has no room left on its disk; free some",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup",
}


def open_engine(place: str | Path) -> Engine:
    """Return an engine for the SQLite file `place`, a path or an ``sqlite:///`` URL.

    Raises
    ------
    InvalidInput
        If the URL is not one of SQLite, names no file, or the file's folder is missing.
    """
    engine = create_engine(_url(place), connect_args={"timeout": LOCK_TIMEOUT_S})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _url(place: str | Path) -> URL:
    if isinstance(place, Path) or "://" not in place:
        url = URL.create("sqlite", database=str(place))
    else:
        url = _parsed(place)
    if not url.database or url.database == ":memory:":
        raise InvalidInput(f"the store {str(place)!r} names no file; other processes must read it")
    folder = Path(url.database.removeprefix("file:")).parent
    if not folder.is_dir():
        raise InvalidInput(f"the store {url.database} needs the folder {folder}; create it first")
    return url


def _parsed(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise InvalidInput(
            f"cannot read the store's address {text!r}; write a path or sqlite:///path"
        ) from None
    if url.drivername != "sqlite":
        raise InvalidInput(
            f"the store cannot be kept in {url.get_backend_name()}; write a path or sqlite:///path"
        )
    return url


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    mode = _enter_wal(connection)
    if mode != "wal":
        raise InvalidInput(
            f"the store's file system allows no WAL journal (only {mode}), so nobody could read "
            "while the daemon writes; keep the file on a local disk"
        )
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _enter_wal(connection: sqlite3.Connection) -> str:
    """Ask for the WAL journal and return the kind of journal that SQLite gives.

    SQLite waits for locks, but not for this one: where several processes make the same file at
    the same moment, all but one are turned away and have to come back.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorname.startswith("SQLITE_BUSY")
            if not busy or time.monotonic() >= deadline:
                raise
        time.sleep(PAUSE_S)


def _begin(connection: Connection) -> None:
    # Left to itself, Python's sqlite3 opens transactions late, and none for CREATE TABLE.
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', '')}")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees one moment of the database and holds no lock.

    Raises
    ------
    InvalidInput
        If the file cannot be read as a database.
    """
    with _transaction(engine) as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that holds the write lock from the start, and commit it at the end.

    Raises
    ------
    InvalidInput
        If the file cannot be written.
    """
    # A lock taken only at the first write fails when someone wrote after our first read.
    with _transaction(engine, begin="IMMEDIATE") as connection:
        yield connection


@contextmanager
def _transaction(engine: Engine, **options: Any) -> Iterator[Connection]:
    try:
        with engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection
    except DatabaseError as error:
        raise InvalidInput(f"the store {engine.url.database} {_remedy(error)}") from error


def _remedy(error: DatabaseError) -> str:
    code = getattr(error.orig, "sqlite_errorname", "")
    for start, remedy in _REMEDIES.items():
        if code.startswith(start):
            return remedy
    return f"cannot be used: {error.orig}"
