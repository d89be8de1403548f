"""How the database got its shape: named functions, each applied once and never edited again.

A migration says what it does in its own SQL, not through `aiops.store.schema`: the schema moves
on, history does not. A test holds the sum of all migrations to the schema.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, inspect, select

from aiops.store import schema
from aiops.store.connection import reading, writing
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

    Migration = Callable[[Connection], None]


def m001_incidents(connection: Connection) -> None:
    """Create the tables of incidents, their rankings, guide runs and places."""
    for statement in (
        """CREATE TABLE incidents (
            id TEXT NOT NULL PRIMARY KEY, opened TEXT NOT NULL, state TEXT NOT NULL,
            title TEXT NOT NULL, chaos_run TEXT, acknowledged_by TEXT, document TEXT NOT NULL)""",
        "CREATE INDEX ix_incidents_opened ON incidents (opened)",
        """CREATE TABLE rankings (
            incident_id TEXT NOT NULL REFERENCES incidents (id), version INTEGER NOT NULL,
            blamed TEXT, confidence DOUBLE PRECISION NOT NULL, abstained BOOLEAN NOT NULL,
            document TEXT NOT NULL, PRIMARY KEY (incident_id, version))""",
        """CREATE TABLE guide_runs (
            incident_id TEXT NOT NULL REFERENCES incidents (id), number INTEGER NOT NULL,
            guide TEXT NOT NULL, outcome TEXT NOT NULL, document TEXT NOT NULL,
            PRIMARY KEY (incident_id, number))""",
        """CREATE TABLE places (
            incident_id TEXT NOT NULL REFERENCES incidents (id), run TEXT NOT NULL,
            ranker TEXT NOT NULL, place DOUBLE PRECISION, candidates INTEGER NOT NULL,
            blamed TEXT, PRIMARY KEY (incident_id, run, ranker))""",
    ):
        connection.exec_driver_sql(statement)


MIGRATIONS: tuple[Migration, ...] = (m001_incidents,)
"""Every migration, oldest first."""


def migrate(engine: Engine, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Apply the migrations that the database has not seen, in one transaction.

    Raises
    ------
    InvalidInput
        If the database has seen a migration that is not among `migrations`.
    """
    with reading(engine) as connection:
        pending = _pending(connection, migrations)
    if not pending:
        return
    with writing(engine) as connection:
        schema.migrations.create(connection, checkfirst=True)
        # Asked again: another process may have migrated before this one got the write lock.
        for migration in _pending(connection, migrations):
            migration(connection)
            row = {"name": migration.__name__, "applied": datetime.now(UTC).isoformat()}
            connection.execute(insert(schema.migrations).values(row))


def _pending(connection: Connection, migrations: Sequence[Migration]) -> list[Migration]:
    if not inspect(connection).has_table(schema.migrations.name):
        return list(migrations)
    applied = set(connection.scalars(select(schema.migrations.c.name)))
    unknown = applied - {migration.__name__ for migration in migrations}
    if unknown:
        raise InvalidInput(
            f"{connection.engine.url.database} was written by a newer version: migration "
            f"{min(unknown)!r} is unknown here; upgrade the toolkit or give another path"
        )
    return [migration for migration in migrations if migration.__name__ not in applied]
