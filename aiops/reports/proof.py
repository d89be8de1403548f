"""The proving loop as a reader sees it: a stepper of stages and the table of places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aiops.types import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiops.types import Place, Proof, Stage

BASELINES = ("max_z", "random")
"""Rankers that any other must beat; they stand last."""

State = Literal["held", "failed", "not reached"]


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the loop and what became of it."""

    number: int
    name: str
    state: State
    detail: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one ranker put the true cause of one run; `place` is empty where it did not."""

    place: str
    first: bool
    text: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run: a cell for each ranker, None where the ranker did not see the run."""

    run: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """The table: rankers across (baselines last), runs down, first places counted below."""

    rankers: tuple[str, ...]
    baselines: frozenset[str]
    rows: tuple[RunRow, ...]
    first_places: tuple[str, ...]


def steps(proof: Proof) -> tuple[Step, ...]:
    """Return the stages in their order; one that has no result was not reached."""
    found = {stage.name: stage for stage in proof.stages}
    names = [*STAGES, *(name for name in found if name not in STAGES)]
    return tuple(_step(at, name, found.get(name)) for at, name in enumerate(names, start=1))


def held(proof: Proof) -> bool:
    """Say whether the loop held: every stage of it was reached and none failed."""
    return all(step.state == "held" for step in steps(proof))


def places(proof: Proof) -> Places:
    """Lay out where each ranker put the true cause of each run."""
    by_key = {(place.run, place.ranker): place for place in proof.places}
    runs = list(dict.fromkeys(place.run for place in proof.places))
    rankers = sorted(
        dict.fromkeys(place.ranker for place in proof.places),
        key=lambda ranker: BASELINES.index(ranker) if ranker in BASELINES else -1,
    )
    return Places(
        rankers=tuple(rankers),
        baselines=frozenset(BASELINES),
        rows=tuple(
            RunRow(run, tuple(_cell(by_key.get((run, ranker))) for ranker in rankers))
            for run in runs
        ),
        first_places=tuple(
            _first_places(place for place in by_key.values() if place.ranker == ranker)
            for ranker in rankers
        ),
    )


def _step(number: int, name: str, stage: Stage | None) -> Step:
    if stage is None:
        return Step(number, name, "not reached", "")
    return Step(number, name, "held" if stage.ok else "failed", stage.detail)


def _cell(place: Place | None) -> Cell | None:
    if place is None:
        return None
    if place.place is None:
        blamed = "blamed nobody" if place.blamed is None else f"blamed {place.blamed}"
        return Cell("", first=False, text=f"not ranked; {blamed}")
    first = place.place == 1
    blamed = "" if first or place.blamed is None else f"; blamed {place.blamed}"
    return Cell(f"{place.place:g}", first=first, text=f"of {place.candidates}{blamed}")


def _first_places(places: Iterable[Place]) -> str:
    seen = list(places)
    return f"{sum(place.place == 1 for place in seen)} of {len(seen)}"
