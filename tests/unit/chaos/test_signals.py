"""The first signal raises where it may, later ones wait, and nobody is torn away from an undo."""

import signal
import subprocess
import sys

import pytest

from chaos.signals import CAUGHT, Interrupted, exposed, interruptible, shielded


def send(signum=signal.SIGTERM):
    signal.raise_signal(signum)


@pytest.mark.parametrize("signum", CAUGHT)
def test_the_first_signal_raises_and_says_which(signum):
    with pytest.raises(Interrupted, match=signal.Signals(signum).name) as caught, interruptible():
        send(signum)
    assert caught.value.signum == signum


def test_an_interrupt_is_no_exception_that_a_retry_would_swallow():
    assert not issubclass(Interrupted, Exception)


def test_after_the_first_signal_the_next_is_said_and_not_obeyed(capfd):
    undone = []

    def hold():
        try:
            send(signal.SIGINT)
        finally:
            send(signal.SIGINT)
            undone.append(True)

    with pytest.raises(Interrupted), interruptible():
        hold()
    assert undone == [True]
    assert "taking the fault back" in capfd.readouterr().err


def test_a_shield_holds_the_signal_until_its_end():
    reached = []

    def work():
        with shielded():
            send()
            reached.append("the end of the shield")
        reached.append("what comes after it")

    with pytest.raises(Interrupted), interruptible():
        work()
    assert reached == ["the end of the shield"]


def test_shields_nest():
    reached = []

    def work():
        with shielded():
            with shielded():
                send()
            reached.append("the outer one")

    with pytest.raises(Interrupted), interruptible():
        work()
    assert reached == ["the outer one"]


def test_a_signal_that_was_held_back_is_raised_where_the_shield_is_open():
    reached = []

    def work():
        with shielded():
            send()
            reached.append("the hold")
            with exposed():
                reached.append("its inside")

    with pytest.raises(Interrupted), interruptible():
        work()
    assert reached == ["the hold"]


def test_in_the_exposed_part_a_signal_is_raised_and_then_the_shield_is_back():
    undone = []

    def work():
        with shielded():
            try:
                with exposed():
                    send()
            finally:
                send()
                undone.append(True)

    with pytest.raises(Interrupted), interruptible():
        work()
    assert undone == [True]


def test_an_error_of_the_undo_goes_before_a_signal():
    def work():
        with shielded():
            send()
            raise ValueError("the fault is still there")

    with pytest.raises(ValueError, match="still there"), interruptible():
        work()


def test_the_handlers_are_as_before_afterwards():
    before = [signal.getsignal(signum) for signum in CAUGHT]
    with interruptible():
        assert [signal.getsignal(signum) for signum in CAUGHT] != before
    assert [signal.getsignal(signum) for signum in CAUGHT] == before


def test_one_signal_does_not_count_for_the_next_part():
    for _ in range(2):
        with pytest.raises(Interrupted), interruptible():
            send()


def test_under_nohup_a_hangup_is_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            send(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_without_anyone_who_listens_a_shield_changes_nothing():
    with pytest.raises(KeyboardInterrupt), shielded():
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(("count", "code"), [(2, 0), (3, -signal.SIGINT)])
def test_only_the_third_interrupt_ends_the_program_at_once(count, code):
    program = f"""
import signal
from chaos.signals import Interrupted, interruptible
try:
    with interruptible():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            for _ in range({count - 1}):
                signal.raise_signal(signal.SIGINT)
except Interrupted:
    pass
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert ended.returncode == code


class Swallowing:
    """What raises in its finalizer raises for nobody."""

    def __del__(self):
        send()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_swallows_is_raised_before_the_hold():
    reached = []

    def work():
        Swallowing()
        with shielded():
            reached.append("the injection")
            with exposed():
                reached.append("the hold")

    with pytest.raises(Interrupted), interruptible():
        work()
    assert reached == ["the injection"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_swallows_in_the_hold_is_raised_at_its_end():
    reached = []

    def work():
        with shielded():
            with exposed():
                Swallowing()
                reached.append("the hold")
            reached.append("what comes after it")

    with pytest.raises(Interrupted), interruptible():
        work()
    assert reached == ["the hold"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_after_one_that_was_swallowed_the_next_signal_is_obeyed(monkeypatch):
    def work():
        Swallowing()
        monkeypatch.setattr("chaos.signals.AGAIN_S", -1.0)
        send()
        pytest.fail("the second signal was only noted")

    with pytest.raises(Interrupted), interruptible():
        work()
