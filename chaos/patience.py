"""Patience: to go on asking a server that does not answer, with ever longer pauses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from aiops.types import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

FIRST_S: Final = 0.05
LONGEST_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on.

    Attributes
    ----------
    seconds : float
        After so long without an answer it gives up.
    sleep, clock : callable
        How time passes, and how it is told, in seconds.
    """

    seconds: float = 60.0
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def persist(self, action: Callable[[], T]) -> T:
        """Return what `action` returns, once it raises `Unreachable` no more.

        Raises
        ------
        Unreachable
            The last one, after the time is up.
        """
        until, pause = self.clock() + self.seconds, FIRST_S
        while True:
            try:
                return action()
            except Unreachable:
                if self.clock() + pause > until:
                    raise
            self.sleep(pause)
            pause = min(2 * pause, LONGEST_S)
