"""Signals stop the work once, and never the clearing up."""

import os
import signal

import pytest

from trial.interruption import Stopped, interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_work(number: signal.Signals) -> None:
    with interruptible() as interruption, pytest.raises(Stopped):
        os.kill(os.getpid(), number)
    assert interruption.has_come


def test_what_is_held_is_finished_first() -> None:
    done = False
    with interruptible() as interruption, pytest.raises(Stopped), interruption.held():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
        done = True
    assert done


def test_clearing_up_is_not_interrupted_but_hurried() -> None:
    hurries = []
    with interruptible() as interruption:
        interruption.hurry = lambda: hurries.append("hurry")
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    assert hurries == ["hurry"]


def test_a_signal_after_the_end_has_begun_changes_nothing() -> None:
    with interruptible() as interruption:
        interruption.begin_ending()
        os.kill(os.getpid(), signal.SIGTERM)
    assert interruption.has_come


def test_the_handlers_are_those_of_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
