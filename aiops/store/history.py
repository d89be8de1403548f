"""What an incident gathers over its life and never rewrites: rankings and guide runs.

Each kind is a table of documents numbered from 1 per incident. Saving an incident appends what
is new, after proof that what was kept before is unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from sqlalchemy import insert, select

from aiops.store import schema
from aiops.store.documents import GUIDE_RUN, RANKING, Format, Record
from aiops.types import GuideRun, InvalidInput, Ranking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Select, Table


@dataclass(frozen=True)
class History(Generic[Record]):
    """One kind of record that is only ever appended.

    `number` is the column that counts, `columns` what stands beside the document.
    """

    name: str
    table: Table
    number: str
    format: Format[Record]
    columns: Callable[[Record], dict[str, Any]]

    def append(self, connection: Connection, incident_id: str, records: Sequence[Record]) -> None:
        """Keep what `records` has beyond what is kept already.

        Raises
        ------
        InvalidInput
            If a record that is kept already is missing or differs.
        """
        chosen = select(schema.incidents.c.id).where(schema.incidents.c.id == incident_id)
        kept = self.read(connection, chosen).get(incident_id, [])
        for number, old in enumerate(kept, start=1):
            if number > len(records) or records[number - 1] != old:
                raise InvalidInput(
                    f"{self.name} {number} of incident {incident_id!r} is kept and differs from "
                    "the one given; leave earlier ones as they are and append a new one"
                )
        rows = [
            self._row(incident_id, number, record)
            for number, record in enumerate(records[len(kept) :], start=len(kept) + 1)
        ]
        if rows:
            connection.execute(insert(self.table), rows)

    def _row(self, incident_id: str, number: int, record: Record) -> dict[str, Any]:
        document = self.format.write(record, f"{self.name} {number} of incident {incident_id!r}")
        columns = self.columns(record)
        return {"incident_id": incident_id, self.number: number, "document": document} | columns

    def read(self, connection: Connection, chosen: Select[tuple[str]]) -> dict[str, list[Record]]:
        """Return incident → its records, oldest first, for the incidents `chosen` selects."""
        table = self.table.c
        rows = connection.execute(
            select(table.incident_id, table.document)
            .where(table.incident_id.in_(chosen))
            .order_by(table.incident_id, table[self.number])
        )
        found: dict[str, list[Record]] = {}
        for incident_id, document in rows:
            found.setdefault(incident_id, []).append(self.format.read(document))
        return found


def _ranking_columns(ranking: Ranking) -> dict[str, Any]:
    services = [entry.service for entry in ranking.services]
    services += [cause.service for cause in ranking.top(1)]
    blamed = services[0] if services and not ranking.abstained else None
    confidence, abstained = ranking.confidence, ranking.abstained
    return {"blamed": blamed, "confidence": confidence, "abstained": abstained}


def _guide_run_columns(run: GuideRun) -> dict[str, Any]:
    return {"guide": run.guide, "outcome": run.outcome.value}


RANKINGS = History("ranking", schema.rankings, "version", RANKING, _ranking_columns)
GUIDE_RUNS = History("guide run", schema.guide_runs, "number", GUIDE_RUN, _guide_run_columns)
