"""Consent: who allows a write, and who confirms that a manual step was done.

The two approvers here need no person at hand; one that asks at a terminal or over HTTP lives
where the terminal or the server does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiops.guides.model import Step


class Approver(Protocol):
    """Decides, step by step; it is asked once for each, and never twice at the same time."""

    def approve(self, step: Step, arguments: Mapping[str, str]) -> str | None:
        """Return the name of whoever allows `step` with exactly these `arguments`, or None.

        For a manual step the name says that the person has done what `step.text` asks.
        """
        ...


@dataclass(frozen=True, slots=True)
class NobodyApproves:
    """Refuses everything: a guide then only reads."""

    def approve(self, step: Step, arguments: Mapping[str, str]) -> str | None:  # noqa: ARG002  port
        """Refuse."""
        return None


@dataclass(frozen=True, slots=True)
class ApprovedBy:
    """Approves everything in the name of one person who answers for it.

    Raises
    ------
    InvalidInput
        If the name is empty.

    Examples
    --------
    >>> ApprovedBy(" ")
    Traceback (most recent call last):
        ...
    aiops.errors.InvalidInput: an approval needs a name; say who answers for it
    """

    name: str

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidInput("an approval needs a name; say who answers for it")

    def approve(self, step: Step, arguments: Mapping[str, str]) -> str | None:  # noqa: ARG002  port
        """Approve."""
        return self.name
