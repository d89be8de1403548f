"""Signals that end a program, turned into one exception at a moment when the fault can be undone.

Inside `interruptible` the first INT, TERM or HUP raises `Interrupted`. Whoever must not be torn
away from something wraps it into `shielded`: what arrives there waits for the end of it, or for
the next `exposed` part. Without `interruptible` around them neither changes anything.

Python swallows what is raised inside a finalizer or a weak reference's callback, where a signal
may find it. So `Interrupted` is raised again where such a part begins or ends as if nothing had
happened, and at the next signal.
"""

from __future__ import annotations

import math
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

CAUGHT: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that ask a program to end."""

INSISTENT: Final = 3
"""The INT with this number, counted over all signals, ends the program at once."""


AGAIN_S: Final = 1.0
"""Another signal so soon after the first finds its exception still on the way out, s."""


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
        self.raised_at = -math.inf

    def receive(self, signum: int, _frame: FrameType | None) -> None:
        """Raise the first signal, or hold it; tell who insists that we are at it."""
        self.received += 1
        if self.received >= INSISTENT and signum == signal.SIGINT:
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)
        if self.held is None:
            self.held = signum
        if not self.shields and time.monotonic() - self.raised_at > AGAIN_S:
            self.deliver()
        if self.received < INSISTENT:
            _say("taking the fault back first; a third INT ends this at once and leaves it there")

    def deliver(self) -> None:
        """Raise the signal that is held, if there is one."""
        if self.held is not None:
            self.raised_at = time.monotonic()
            raise Interrupted(self.held)


_DESK: Final = _Desk()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let the first INT, TERM or HUP raise `Interrupted`; hold the others, and say so.

    Catch it outside of this: inside, every shielded part would raise it again.

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
        _DESK.clear()


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
    _DESK.deliver()


def _say(text: str) -> None:
    """Write a line past Python's buffers, which a signal may have found half-way."""
    os.write(2, f"{text}\n".encode())
