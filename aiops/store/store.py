"""The store: incidents in, the very same incidents out, whoever else is reading.

Not here: samples and scores (they are too many for rows), and what an incident means.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC
from math import isfinite
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import insert, select, update

from aiops.store import schema
from aiops.store.connection import open_engine, reading, writing
from aiops.store.documents import INCIDENT
from aiops.store.history import GUIDE_RUNS, RANKINGS
from aiops.store.migrations import migrate
from aiops.suggest import nearest
from aiops.types import Incident, InvalidInput, Place

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Connection, Select


class Store:
    """Incidents, and the places that rankers gave their true causes, in one SQLite file.

    Any number of processes may read while one writes; two writers take turns. The file is made
    if it is missing, and brought up to the present schema.

    Parameters
    ----------
    place : str or Path
        A path, or an ``sqlite:///`` URL.

    Raises
    ------
    InvalidInput
        If the folder is missing, the file is no SQLite database, or a newer toolkit wrote it.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from aiops.types import Incident, IncidentState
    >>> opened = datetime(2026, 1, 1, tzinfo=UTC)
    >>> with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/aiops.db") as store:
    ...     store.save(Incident("i-1", opened, IncidentState.OPEN, "cart is slow"))
    ...     store.incident("i-1").title
    'cart is slow'
    """

    def __init__(self, place: str | Path) -> None:
        with ExitStack() as undo:
            self._engine = open_engine(place)
            undo.callback(self._engine.dispose)
            migrate(self._engine)
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._engine.dispose()

    def save(self, incident: Incident) -> None:
        """Keep `incident` as it is now, with what its rankings and guide runs have gained.

        All of it is kept, or, after an error, none.

        Raises
        ------
        InvalidInput
            If a ranking or guide run that was saved earlier is missing or differs, a number is
            NaN or infinite, or `opened` has no time zone.
        """
        row = _incident_row(incident)
        with writing(self._engine) as connection:
            same = schema.incidents.c.id == incident.id
            if not connection.execute(update(schema.incidents).where(same).values(row)).rowcount:
                connection.execute(insert(schema.incidents).values(row))
            RANKINGS.append(connection, incident.id, incident.rankings)
            GUIDE_RUNS.append(connection, incident.id, incident.guide_runs)

    def incident(self, incident_id: str) -> Incident:
        """Return one incident.

        Raises
        ------
        InvalidInput
            If there is none with that id; the message names the nearest.
        """
        with reading(self._engine) as connection:
            _check_known(connection, incident_id)
            chosen = select(schema.incidents.c.id).where(schema.incidents.c.id == incident_id)
            return _read(connection, chosen)[0]

    def incidents(self, limit: int = 100) -> list[Incident]:
        """Return the `limit` incidents that opened last, newest first.

        Raises
        ------
        InvalidInput
            If `limit` is less than 1.
        """
        if limit < 1:
            raise InvalidInput(f"a limit of {limit} incidents shows nothing; give at least 1")
        newest = select(schema.incidents.c.id).order_by(*_NEWEST_FIRST).limit(limit)
        with reading(self._engine) as connection:
            return _read(connection, newest)

    def add_places(self, incident_id: str, places: Iterable[Place]) -> None:
        """Keep where rankers put the true cause of an incident: once per run and ranker.

        Raises
        ------
        InvalidInput
            If the incident is unknown, a place is NaN or infinite, or the same ranker already
            has another place in the same run; none is kept then.
        """
        with writing(self._engine) as connection:
            _check_known(connection, incident_id)
            fresh = _fresh(places, _places(connection, incident_id))
            if fresh:
                rows = [asdict(place) | {"incident_id": incident_id} for place in fresh]
                connection.execute(insert(schema.places), rows)

    def places(self, incident_id: str) -> list[Place]:
        """Return the places kept for an incident, by run and ranker.

        Raises
        ------
        InvalidInput
            If there is no incident with that id.
        """
        with reading(self._engine) as connection:
            _check_known(connection, incident_id)
            return _places(connection, incident_id)


_NEAR = 1000
"""Among how many incidents the nearest id is looked for."""

_NEWEST_FIRST = (schema.incidents.c.opened.desc(), schema.incidents.c.id.desc())


def _incident_row(incident: Incident) -> dict[str, Any]:
    if incident.opened.tzinfo is None:
        raise InvalidInput(f"incident {incident.id!r}: opened has no time zone; give it in UTC")
    bare = replace(incident, rankings=(), guide_runs=())
    return {
        "id": incident.id,
        "opened": incident.opened.astimezone(UTC).isoformat(timespec="microseconds"),
        "state": incident.state.value,
        "title": incident.title,
        "chaos_run": incident.chaos_run,
        "acknowledged_by": incident.acknowledged_by,
        "document": INCIDENT.write(bare, f"incident {incident.id!r}"),
    }


def _read(connection: Connection, chosen: Select[tuple[str]]) -> list[Incident]:
    """Return the chosen incidents whole, newest first."""
    rankings = RANKINGS.read(connection, chosen)
    guide_runs = GUIDE_RUNS.read(connection, chosen)
    rows = connection.execute(
        select(schema.incidents.c.id, schema.incidents.c.document)
        .where(schema.incidents.c.id.in_(chosen))
        .order_by(*_NEWEST_FIRST)
    )
    return [
        replace(
            INCIDENT.read(document),
            rankings=tuple(rankings.get(incident_id, ())),
            guide_runs=tuple(guide_runs.get(incident_id, ())),
        )
        for incident_id, document in rows
    ]


def _check_known(connection: Connection, incident_id: str) -> None:
    ids = schema.incidents.c.id
    if connection.scalar(select(ids).where(ids == incident_id)) is not None:
        return
    newest = connection.scalars(select(ids).order_by(*_NEWEST_FIRST).limit(_NEAR))
    near = nearest(incident_id, newest)
    hint = f"did you mean {near!r}?" if near else "the store is empty"
    raise InvalidInput(f"no incident has the id {incident_id!r}; {hint}")


def _places(connection: Connection, incident_id: str) -> list[Place]:
    table = schema.places.c
    rows = connection.execute(
        select(table.run, table.ranker, table.place, table.candidates, table.blamed)
        .where(table.incident_id == incident_id)
        .order_by(table.run, table.ranker)
    )
    return [Place(*row) for row in rows]


def _fresh(places: Iterable[Place], kept: list[Place]) -> list[Place]:
    """Return those of `places` that are not kept yet; refuse what contradicts one that is."""
    seen = {(place.run, place.ranker): place for place in kept}
    for place in places:
        who = f"{place.ranker!r} in run {place.run!r}"
        if place.place is not None and not isfinite(place.place):
            raise InvalidInput(f"the place of {who} is {place.place}; use None for not ranked")
        if seen.setdefault((place.run, place.ranker), place) != place:
            raise InvalidInput(f"{who} already has another place; give the new grade its own run")
    return list(seen.values())[len(kept) :]
