"""The first gameday of a namespace: five faults that leave every workload a ready pod.

Nobody has to know the catalogue or write a file. What is chosen is what every gate lets pass with
its cautious defaults.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

from aiops.proving.suite import Phases, Row, Suite
from aiops.types import InvalidExperiment
from chaos.cluster import ObjectRef
from chaos.faults import make_fault
from chaos.safety import check

if TYPE_CHECKING:
    from chaos.backend import Backend

WANTED: Final = 5
"""How many faults a starter has."""

MILD: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("pod.delete", {"count": 1}),
    ("pod.failure", {"count": 1}),
    ("stress.cpu", {"count": 1}),
    ("stress.memory", {"count": 1}),
    ("image.bad", {}),
    ("probe.readiness", {}),
    ("pod.delete", {"count": 1, "grace_s": 0}),
)
"""Faults that a workload of two pods should survive, those that teach most first."""

ROWS: Final = 20
"""Samples of the baseline, and of the hold: with fewer, rankers cannot tell strange from normal."""


def phases(step_s: float) -> Phases:
    """Return the phases where a sample is taken every `step_s` seconds.

    On a cluster, with one every 2 s, the seven runs stay within a quarter of an hour.

    >>> phases(2.0)
    Phases(baseline=40.0, hold=40.0, recover=30.0)
    """
    return Phases(baseline=ROWS * step_s, hold=ROWS * step_s, recover=0.75 * ROWS * step_s)


def starter(backend: Backend, *, seed: int = 0) -> Suite:
    """Return a suite of `WANTED` faults on the Deployments of a namespace, each on another one.

    Raises
    ------
    InvalidExperiment
        If there are not so many that every gate lets pass; the text says what was in the way.
    """
    deployments = backend.cluster.list("Deployment", backend.system)
    names = [str(one["metadata"]["name"]) for one in deployments]
    if not names:
        raise InvalidExperiment(f"namespace {backend.system} has no Deployment to strike")
    offered, rows, refused = cycle(names), list[Row](), list[str]()
    for fault, params in MILD:
        row = _placed(backend, fault, params, [next(offered) for _ in names], refused)
        if row is not None:
            rows.append(row)
            next(offered)  # so that the next fault begins at another workload
        if len(rows) == WANTED:
            return _suite(backend, tuple(rows), seed)
    raise InvalidExperiment(
        f"only {len(rows)} of {WANTED} safe faults find a target in {backend.system}: {refused[0]}"
    )


def _placed(
    backend: Backend, fault: str, params: dict[str, Any], names: list[str], refused: list[str]
) -> Row | None:
    """Return the fault on the first workload where every gate is open, or None."""
    hold_s = phases(backend.step_s).hold
    for name in names:
        ref = ObjectRef("Deployment", backend.system, name)
        try:
            plan = make_fault(fault, params).plan(backend.cluster, ref, hold_s=hold_s)
            found = check((plan,), backend.cluster, backend.scope, hold_s=hold_s)
        except InvalidExperiment as error:
            refused.append(str(error))
            continue
        if found.clear:
            return Row(fault=fault, targets=(name,), params=params)
        refused.append(str(found.refusals[0]))
    return None


def _suite(backend: Backend, rows: tuple[Row, ...], seed: int) -> Suite:
    return Suite(
        title=f"Starter for {backend.system}",
        seed=seed,
        namespace=backend.system,
        phases=phases(backend.step_s),
        faults=rows,
    )
