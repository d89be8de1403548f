"""What the gates found: every reason against a run, every warning and every note, at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aiops.types import InvalidExperiment

if TYPE_CHECKING:
    from collections.abc import Iterable

Level = Literal["refuse", "warn", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate has to say.

    Attributes
    ----------
    gate : str
        Its name.
    level : {"refuse", "warn", "note"}
        Whether the run may not be, may not do what is expected of it, or lacks a protection.
    text : str
        What was found, and where.
    remedy : str
        How to mend it; empty where there is nothing to do.
    """

    gate: str
    level: Level
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.gate}: {self.text}" + (f" ({self.remedy})" if self.remedy else "")


@dataclass(frozen=True, slots=True)
class Preflight:
    """All that was found before a run.

    Attributes
    ----------
    findings : tuple of Finding
        In the order of the gates.
    """

    findings: tuple[Finding, ...] = ()

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The reasons why the run may not be."""
        return tuple(one for one in self.findings if one.level == "refuse")

    @property
    def clear(self) -> bool:
        """Whether nothing speaks against the run."""
        return not self.refusals

    def refuse_unless_clear(self) -> None:
        """Do nothing if all gates are open.

        Raises
        ------
        InvalidExperiment
            If one is shut; the text holds every reason.
        """
        if not self.clear:
            raise InvalidExperiment(f"refused, nothing was changed: {joined(self.refusals)}")


def joined(findings: Iterable[Finding]) -> str:
    """Return findings as one line.

    >>> joined([Finding("frozen", "refuse", "shop is frozen", "thaw it"), Finding("a", "note", "b")])
    'frozen: shop is frozen (thaw it); a: b'
    """
    return "; ".join(map(str, findings))
