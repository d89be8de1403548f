"""Signals that end a program, turned into one exception at a moment when the fault can be undone.

Inside `interruptible` the first INT, TERM or HUP raises `Interrupted`. Whoever must not be torn
away from something wraps it into `shielded`: what arrives there waits for the end of it, or for
the next `exposed` part. Without `interruptible` around them neither changes anything.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

CAUGHT: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that ask a program to end."""

INSISTENT: Final = 3
"""The INT with this number, counted over all signals, ends the program at once."""


class Interrupted(BaseException):
    """A signal asks this program to end.

    Attributes
    ----------
    signum : int
        Which.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(signum).name}")
        self.signum = signum


class _Desk:
    """Where signals are received: one for the whole program, as the program has one of each."""

    def __init__(self) -> None:
        self.shields = 0
        self.clear()

    def clear(self) -> None:
        self.received = 0
        self.held: int | None = None
        self.raised = False

    def receive(self, signum: int, _frame: FrameType | None) -> None:
        """Raise the first signal, or hold it; tell who insists that we are at it."""
        self.received += 1
        if self.received >= INSISTENT and signum == signal.SIGINT:
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)
        if self.held is None:
            self.held = signum
        if not self.shields:
            self.deliver()
        if self.received < INSISTENT:
            _say("taking the fault back first; a third INT ends this at once and leaves it there")

    def deliver(self) -> None:
        """Raise the signal that is held, unless one was raised before."""
        if self.held is not None and not self.raised:
            self.raised = True
            raise Interrupted(self.held)


_DESK: Final = _Desk()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let the first INT, TERM or HUP raise `Interrupted`; hold the others, and say so.

    For the main thread only. A signal that is ignored, as HUP is under nohup, stays ignored.
    """
    _DESK.clear()
    handlers = {signum: signal.getsignal(signum) for signum in CAUGHT}
    caught = [signum for signum in CAUGHT if handlers[signum] is not signal.SIG_IGN]
    for signum in caught:
        signal.signal(signum, _DESK.receive)
    try:
        yield
    finally:
        for signum in caught:
            signal.signal(signum, handlers[signum])


@contextmanager
def shielded() -> Iterator[None]:
    """Hold signals back inside; the first of them is raised on the way out.

    An exception on the way out goes first: that a fault is still there is worse than a signal.
    """
    before = _DESK.shields
    _DESK.shields = before + 1
    try:
        yield
    finally:
        _DESK.shields = before
    if not before:
        _DESK.deliver()


@contextmanager
def exposed() -> Iterator[None]:
    """Inside a `shielded` part, let signals through, those first that were held back."""
    before = _DESK.shields
    _DESK.shields = 0
    try:
        _DESK.deliver()
        yield
    finally:
        _DESK.shields = before


def _say(text: str) -> None:
    """Write a line past Python's buffers, which a signal may have found half-way."""
    os.write(2, f"{text}\n".encode())
