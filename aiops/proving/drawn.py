"""A drawn run of a suite, made concrete: its trial, its folder, its name."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from aiops.proving.running import new_run
from chaos.cluster import ObjectRef
from chaos.experiment import Experiment
from chaos.faults import make_fault
from chaos.record import Expected
from chaos.safety import Limits
from chaos.trial import FaultStep, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiops.proving.suite import Draw, Suite


def trial_of(suite: Suite, one: Draw, names: Sequence[str], decoys: Sequence[str] = ()) -> Trial:
    """Return the trial of one drawn run; what the suite leaves open is chosen by its seed.

    Parameters
    ----------
    names : sequence of str
        What may be struck.
    decoys : sequence of str
        The harmless changes of the backend; a rolling restart when left out.
    """
    rng = random.Random(one.seed)  # noqa: S311  no secret
    target = one.target or rng.choice(list(names))
    run = new_run()
    limits = Limits(max_hold_s=max(900.0, suite.phases.hold))
    trial = Trial(
        run=run,
        seed=one.seed,
        title=suite.title,
        baseline_s=suite.phases.baseline,
        hold_s=suite.phases.hold,
        recover_s=suite.phases.recover,
        limits=limits.with_outage() if suite.allow_outage else limits,
        decoy=(rng.choice(list(decoys or ("rollout",))), target) if one.decoy else None,
    )
    if one.fault is None:
        return trial
    kind = make_fault(one.fault, one.params)
    ref = ObjectRef(kind.target_kind, suite.namespace, target)
    experiment = Experiment(one.fault, ref, suite.phases.hold, one.seed, run, one.params)
    return _with(trial, experiment, kind.metrics)


def _with(trial: Trial, experiment: Experiment, metrics: tuple[str, ...]) -> Trial:
    expected = Expected(service=experiment.target.name, metrics=metrics)
    return replace(trial, steps=(FaultStep(experiment),), expected=expected)


def folder_of(one: Draw) -> str:
    """Return the folder of a run: its place in the order, which says nothing of what was done."""
    return f"{one.number:04d}"


def title_of(one: Draw) -> str:
    """Say what is drawn: ``scale.zero on cart``."""
    kind = one.fault or ("harmless change" if one.decoy else "control")
    return f"{kind} on {one.target}" if one.target else kind
