"""Patience: how often it asks, how long it pauses, and when it gives up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.types import Denied, Unreachable
from chaos.patience import FIRST_S, LONGEST_S, Patience


class Clock:
    """Time that passes only by sleeping, and by what an attempt takes."""

    def __init__(self):
        self.now, self.pauses = 100.0, []

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def patience(self, seconds):
        return Patience(seconds, self.sleep, lambda: self.now)


def failing(clock, times, error=Unreachable, takes=0.0):
    """Return an action that fails so often and then answers with the number of its attempts."""
    attempts = []

    def act():
        attempts.append(clock.now)
        clock.now += takes
        if len(attempts) <= times:
            raise error(f"attempt {len(attempts)}")
        return len(attempts)

    return act


def test_an_answer_is_returned_at_once():
    clock = Clock()
    assert clock.patience(60.0).persist(failing(clock, 0)) == 1
    assert clock.pauses == []


def test_silence_is_met_with_ever_longer_pauses():
    clock = Clock()
    assert clock.patience(60.0).persist(failing(clock, 9)) == 10
    assert clock.pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]


def test_in_the_end_the_last_error_is_raised():
    clock = Clock()
    with pytest.raises(Unreachable, match="attempt 5"):
        clock.patience(0.8).persist(failing(clock, 10**6))


def test_without_patience_there_is_one_attempt():
    clock = Clock()
    with pytest.raises(Unreachable, match="attempt 1"):
        clock.patience(0.0).persist(failing(clock, 1))


@pytest.mark.parametrize("error", [Denied, ZeroDivisionError])
def test_only_silence_is_waited_out(error):
    clock = Clock()
    with pytest.raises(error):
        clock.patience(60.0).persist(failing(clock, 1, error))
    assert clock.pauses == []


@settings(deadline=None, max_examples=60)
@given(seconds=st.floats(0, 300), takes=st.floats(0, 20))
def test_it_never_pauses_beyond_its_time_nor_gives_up_before(seconds, takes):
    clock = Clock()
    began = clock.now
    with pytest.raises(Unreachable):
        clock.patience(seconds).persist(failing(clock, 10**6, takes=takes))
    assert sum(clock.pauses) <= seconds + 1e-6
    assert clock.now - began + LONGEST_S >= seconds
    assert all(FIRST_S <= pause <= LONGEST_S for pause in clock.pauses)
