"""What a method does, step by step: our faults as data, and what stays an activity of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.files.activities import Action, Probe
from chaos.files.providers import Inject, Process, Python

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.files.providers import Target


@dataclass(frozen=True, slots=True)
class FaultAction:
    """One fault to inject.

    Attributes
    ----------
    name : str
        The name of the action in the file.
    fault : str
        Id of the fault, a key of `chaos.FAULTS`.
    target : Target
        The object it strikes; `chaos.files.targets.resolve` finds it in a cluster.
    params : mapping
        What the fault takes beyond that.
    hold_s : float
        How long it is held, s.
    background : bool
        Whether the next step begins while it is held.
    before_s, after_s : float
        Pauses around it, s.
    """

    name: str
    fault: str
    target: Target
    hold_s: float
    params: Mapping[str, Any] = field(default_factory=dict)
    background: bool = False
    before_s: float = 0.0
    after_s: float = 0.0


Step = FaultAction | Action | Probe
"""An `Action` here is a Python function or a process that the caller allowed; nothing undoes it."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which code that a file names may run: modules and programs, by their exact names; by default none."""

    python: frozenset[str] = frozenset()
    process: frozenset[str] = frozenset()

    def refusal(self, provider: object) -> str | None:
        """Say why `provider` may not run, and what to do about it; None if it may.

        >>> Allowed().refusal(Process(type="process", path="/bin/true"))
        "the process '/bin/true' is not run; to allow it, add --allow-process /bin/true"
        """
        if isinstance(provider, Python) and provider.module not in self.python:
            return (
                f"{provider.module}.{provider.func} is no action or probe that we know, and no "
                f"Python is run; to allow it, add --allow-python {provider.module}"
            )
        if isinstance(provider, Process) and provider.path not in self.process:
            return (
                f"the process {provider.path!r} is not run; "
                f"to allow it, add --allow-process {provider.path}"
            )
        return None


def ours(action: Action, provider: Inject, default_hold_s: float) -> FaultAction:
    """Return the fault that an action with our own provider injects."""
    arguments = provider.arguments
    return FaultAction(
        name=action.name,
        fault=arguments.fault,
        target=arguments.target,
        params=arguments.params,
        hold_s=default_hold_s if arguments.hold is None else arguments.hold,
        background=action.background,
        before_s=action.pauses.before,
        after_s=action.pauses.after,
    )
