"""The tables as they are today; `aiops.store.migrations` tells how they came to be.

Records are kept whole, as JSON in ``document``; the columns beside it repeat what people query
by. Nothing is kept twice as a document: an incident's leaves out its rankings and guide runs,
which live in tables of their own. Times are text: UTC, ISO 8601 with microseconds, so that the
order of the text is the order of time.
"""

from __future__ import annotations

from sqlalchemy import DOUBLE_PRECISION, Boolean, Column, ForeignKey, Integer, MetaData, Table, Text

metadata = MetaData()

migrations = Table(
    "migrations",
    metadata,
    Column("name", Text, primary_key=True),
    Column("applied", Text, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("opened", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("chaos_run", Text),
    Column("acknowledged_by", Text),
    Column("document", Text, nullable=False),
)

rankings = Table(
    "rankings",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("version", Integer, primary_key=True, comment="from 1, oldest first"),
    Column("blamed", Text, comment="its first choice; null: abstained, or no candidates"),
    Column("confidence", DOUBLE_PRECISION, nullable=False),
    Column("abstained", Boolean, nullable=False),
    Column("document", Text, nullable=False),
)

guide_runs = Table(
    "guide_runs",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("number", Integer, primary_key=True, comment="from 1, oldest first"),
    Column("guide", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("document", Text, nullable=False),
)

places = Table(
    "places",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("run", Text, primary_key=True),
    Column("ranker", Text, primary_key=True),
    Column("place", DOUBLE_PRECISION),
    Column("candidates", Integer, nullable=False),
    Column("blamed", Text),
)
