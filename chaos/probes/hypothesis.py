"""The steady state: what is true of the system as long as it is well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from chaos.probes.looking import check

if TYPE_CHECKING:
    from chaos.files.activities import Probe, SteadyState
    from chaos.probes.context import Context
    from chaos.probes.results import ProbeResult


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A title, and the probes that must all find what they tolerate."""

    title: str
    probes: tuple[Probe, ...]

    @classmethod
    def of(cls, steady: SteadyState | None) -> Self:
        """Return the hypothesis of an experiment file; without one, nothing is looked at."""
        return cls("", ()) if steady is None else cls(steady.title, steady.probes)

    def check(self, context: Context) -> tuple[ProbeResult, ...]:
        """Look at every probe, whatever the others find; `met` sums them up."""
        return tuple(check(probe, context) for probe in self.probes)
