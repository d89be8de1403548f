"""Migrations run once each, all or none, and add up to the schema."""

import re
from datetime import datetime

import pytest
from sqlalchemy import inspect, select

from aiops.store import schema
from aiops.store.connection import open_engine, reading, writing
from aiops.store.migrations import MIGRATIONS, migrate
from aiops.types import InvalidInput


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "aiops.db")
    yield engine
    engine.dispose()


def applied(engine):
    with reading(engine) as connection:
        return connection.execute(select(schema.migrations)).all()


def shape(connection):
    """Return all that the database says about its tables."""
    seen = inspect(connection)
    return {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"])
                for column in seen.get_columns(table)
            },
            "key": seen.get_pk_constraint(table)["constrained_columns"],
            "foreign": [
                (key["constrained_columns"], key["referred_table"], key["referred_columns"])
                for key in seen.get_foreign_keys(table)
            ],
            "indexes": [
                (index["name"], index["column_names"]) for index in seen.get_indexes(table)
            ],
        }
        for table in seen.get_table_names()
    }


def test_the_sum_of_the_migrations_is_the_schema(engine, tmp_path):
    migrate(engine)
    fresh = open_engine(tmp_path / "fresh.db")
    with writing(fresh) as connection:
        schema.metadata.create_all(connection)
        wanted = shape(connection)
    fresh.dispose()
    with reading(engine) as connection:
        made = shape(connection)
    assert made == wanted
    assert len(made) == 5


def test_migrations_are_numbered_in_order():
    numbers = [int(re.match(r"m(\d{3})_", each.__name__)[1]) for each in MIGRATIONS]
    assert numbers == list(range(1, len(MIGRATIONS) + 1))


def test_each_migration_is_applied_once_and_its_time_is_kept(engine):
    migrate(engine)
    first = applied(engine)
    migrate(engine)
    assert applied(engine) == first
    assert [row.name for row in first] == [each.__name__ for each in MIGRATIONS]
    assert all(datetime.fromisoformat(row.applied).tzinfo for row in first)


def test_only_what_is_new_is_applied(engine):
    calls = []

    def m002_new(connection):
        calls.append("m002_new")

    migrate(engine)
    for _ in range(2):
        migrate(engine, [*MIGRATIONS, m002_new])
    assert calls == ["m002_new"]


def test_a_migration_that_fails_takes_the_others_back(engine):
    def m002_broken(connection):
        connection.exec_driver_sql("CREATE TABLE half (x)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        migrate(engine, [*MIGRATIONS, m002_broken])
    with reading(engine) as connection:
        assert inspect(connection).get_table_names() == []
    migrate(engine)
    assert len(applied(engine)) == 1


def test_a_database_of_a_newer_version_is_refused(engine):
    def m999_future(connection):
        pass

    migrate(engine, [*MIGRATIONS, m999_future])
    with pytest.raises(
        InvalidInput, match=r"aiops\.db was written by a newer version.*m999_future"
    ):
        migrate(engine)
