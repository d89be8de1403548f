"""What a probe found, and the two ways in which it can find nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops.errors import AiopsError

if TYPE_CHECKING:
    from collections.abc import Iterable

Found = float | str | bool | None
"""What is kept of an answer; never a body, an output or a header, which may hold secrets."""


class NotEvaluated(AiopsError):
    """A probe could not be looked at, so nothing is known; the text says why."""


class NoSource(NotEvaluated):
    """What a probe asks does not exist in this place, for instance Prometheus in the simulator."""


class ProbeFailed(AiopsError):
    """What a probe asks was there, and answered with a failure or not at all."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One look of one probe.

    Attributes
    ----------
    name : str
        The probe.
    ok : bool or None
        Whether what was found is tolerated; None if the probe was not evaluated.
    value : float, str, bool or None
        What was found, as far as it is kept.
    detail : str
        What was found, or why nothing was, for a person.
    """

    name: str
    ok: bool | None
    value: Found = None
    detail: str = ""


def met(results: Iterable[ProbeResult]) -> bool | None:
    """Say whether a hypothesis holds; None if nothing failed but not all was evaluated.

    >>> met([ProbeResult("a", ok=True), ProbeResult("b", ok=None)])
    >>> met([ProbeResult("a", ok=False), ProbeResult("b", ok=None)])
    False
    """
    verdicts = [result.ok for result in results]
    if False in verdicts:
        return False
    return None if None in verdicts or not verdicts else True
