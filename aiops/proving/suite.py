"""A suite: a matrix of faults, targets and repeats, with controls and decoys among them, from a seed.

What is drawn is data only; `aiops.proving.gameday` runs it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiops.suggest import did_you_mean
from aiops.types import InvalidExperiment
from chaos.faults import make_fault
from chaos.files.durations import Seconds

if TYPE_CHECKING:
    from pathlib import Path

LEAST_CONTROLS: Final = 0.2
"""Without so many runs in which nothing is done, false alarms cannot be counted."""


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Phases(_Block):
    """How long each run measures before, during and after, s."""

    baseline: Seconds = 60.0
    hold: Seconds = 60.0
    recover: Seconds = 60.0


class Row(_Block):
    """One fault, and what it may strike; a target left out is drawn among those of the suite."""

    fault: str
    targets: tuple[str, ...] = ()
    params: dict[str, Any] = Field(default_factory=dict)
    repeats: Annotated[int, Field(ge=1)] | None = None


class Suite(_Block):
    """The whole file.

    `controls` and `decoys` are shares of all runs: of those in which nothing is done, and of those
    with nothing but a harmless change. `system` says what a simulator simulates: its own shop, a
    twin of ``examples/shop``, or a system of its own for each run.
    """

    schema_: Annotated[Literal["aiops.gameday/v1"], Field(alias="schema")] = "aiops.gameday/v1"
    title: str = "Gameday"
    seed: Annotated[int, Field(ge=0)] = 0
    namespace: str = "shop"
    system: Literal["shop", "twin", "drawn"] = "shop"
    phases: Phases = Phases()
    repeats: Annotated[int, Field(ge=1)] = 1
    controls: Annotated[float, Field(ge=LEAST_CONTROLS, lt=1)] = LEAST_CONTROLS
    decoys: Annotated[float, Field(ge=0, lt=1)] = 0.0
    allow_outage: bool = False
    faults: Annotated[tuple[Row, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Draw:
    """One run of a suite; `fault` is None in a control and in a decoy.

    Attributes
    ----------
    target : str or None
        Name of what is struck or changed; None leaves it to the seed.
    """

    number: int
    seed: int
    fault: str | None
    target: str | None
    params: dict[str, Any]
    decoy: bool = False


def load_suite(path: Path) -> Suite:
    """Read a suite.

    Raises
    ------
    InvalidExperiment
        If the file cannot be read, a key is unknown, or a fault or parameter does not exist.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidExperiment(f"{path}: cannot be read: {error}") from None
    except (yaml.YAMLError, ValueError) as error:  # the latter of a tag such as !!int
        raise InvalidExperiment(f"{path}: is no YAML: {' '.join(str(error).split())}") from None
    return parse_suite(document, str(path))


def parse_suite(document: Any, where: str) -> Suite:
    """Check what a suite file holds; `where` is told in errors."""
    if not isinstance(document, dict):
        raise InvalidExperiment(f"{where}: a suite is a mapping with faults and more")
    try:
        suite = Suite.model_validate(document)
    except ValidationError as error:
        raise InvalidExperiment(f"{where}: {_complaint(error)}") from None
    for row in suite.faults:
        try:
            make_fault(row.fault, row.params)
        except InvalidExperiment as error:
            raise InvalidExperiment(f"{where}: {error}") from None
    return suite


def draw(suite: Suite) -> tuple[Draw, ...]:
    """Return the runs of a suite in their drawn order; the same suite gives the same runs.

    >>> rows = (Row(fault="scale.zero", targets=("cart",)), Row(fault="stress.cpu"))
    >>> runs = draw(Suite(faults=rows, repeats=4, seed=1))
    >>> [sum(one.fault == name for one in runs) for name in ("scale.zero", "stress.cpu", None)]
    [4, 4, 2]
    """
    rng = random.Random(suite.seed)  # noqa: S311  a draw that must be repeatable is no secret
    struck = [
        (row.fault, target, row.params)
        for row in suite.faults
        for target in row.targets or (None,)
        for _ in range(row.repeats or suite.repeats)
    ]
    quiet, changed = _beside(len(struck), suite.controls, suite.decoys)
    kinds: list[tuple[str | None, str | None, dict[str, Any], bool]] = [
        *((fault, target, params, False) for fault, target, params in struck),
        *((None, None, {}, False) for _ in range(quiet)),
        *((None, None, {}, True) for _ in range(changed)),
    ]
    rng.shuffle(kinds)
    return tuple(
        Draw(number, rng.randrange(2**31), fault, target, dict(params), decoy)
        for number, (fault, target, params, decoy) in enumerate(kinds, start=1)
    )


def _beside(faults: int, controls: float, decoys: float) -> tuple[int, int]:
    """Return how many controls and decoys make up these shares of all runs, rounded up."""
    left = 1 - controls - decoys
    if left <= 0:
        raise InvalidExperiment("controls and decoys leave no room for faults; lower one of them")
    quiet, changed = _up(controls * faults / left), _up(decoys * faults / left)
    while True:  # what one is rounded up by is more runs of which the other must have its share
        total = faults + quiet + changed
        needed = _up(controls * total), _up(decoys * total)
        if needed == (quiet, changed):
            return needed
        quiet, changed = needed


def _up(number: float) -> int:
    return -int(-(number - 1e-9) // 1)


def _complaint(error: ValidationError) -> str:
    """Say what is wrong, in one line: an unknown key first, as others may only be missing for it."""
    problems = error.errors()
    unknown = (one for one in problems if one["type"] == "extra_forbidden")
    problem = next(unknown, problems[0])
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{place}: {problem['msg']}"
    nested: dict[str, type[_Block]] = {"faults": Row, "phases": Phases}
    inner = nested[str(problem["loc"][0])] if len(problem["loc"]) > 1 else Suite
    names = [field.alias or name for name, field in inner.model_fields.items()]
    return f"{place}: no such key; {did_you_mean(str(problem['loc'][-1]), names)}"
