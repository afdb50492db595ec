"""A detail that cannot be had, or a tidying up that fails, does not hide what happened."""

import pytest
from rq.timeouts import JobTimeoutException

from quaymaster.errors import (
    Cancelled,
    Conflict,
    HandedBack,
    LeaseLost,
    NotFound,
    OutsideFailure,
    QuaymasterError,
    Unavailable,
    Unhealthy,
)
from tests.workers.services import SERVING, UNDISTURBED, nothing
from workers.outside.best_effort import best_effort, cleaning_up_after, safe_words
from workers.targets.docker_host import health, switch
from workers.targets.observed import NOTHING_SERVED


def failing(error: Exception) -> object:
    raise error


@pytest.mark.parametrize(
    "error",
    [
        OutsideFailure("The engine is gone."),
        Conflict("It is being removed."),
        Unavailable("No Redis."),
        RecursionError(),
        KeyError("x"),
    ],
)
def test_a_detail_is_left_out_whatever_fails(error: Exception) -> None:
    assert best_effort(lambda: failing(error), "nothing") == "nothing"


@pytest.mark.parametrize(
    "stop", [Cancelled(""), HandedBack(""), LeaseLost(""), JobTimeoutException()]
)
def test_a_wish_to_stop_is_no_failure(stop: Exception) -> None:
    with pytest.raises(type(stop)):
        best_effort(lambda: failing(stop), None)


def test_a_job_whose_time_is_over_does_not_go_on_after_tidying_up() -> None:
    with pytest.raises(JobTimeoutException), cleaning_up_after(Conflict("It is being removed.")):
        raise JobTimeoutException


def test_what_is_an_answer_passes() -> None:
    with pytest.raises(NotFound):
        best_effort(lambda: failing(NotFound("It is not there.")), None, but=(NotFound,))


def test_what_fails_beside_an_error_is_told_with_it() -> None:
    error = Unhealthy("It is not healthy.", why="It exited with status 3.", next_step="Repair it.")
    with cleaning_up_after(error):
        failing(OutsideFailure("build1 does not answer."))
    assert error.problem.what == "It is not healthy."
    assert error.problem.why == (
        "It exited with status 3. Cleaning up failed too: build1 does not answer."
    )
    with cleaning_up_after(error):
        failing(RecursionError("hunter2"))
    assert "hunter2" not in error.problem.why


@pytest.mark.parametrize("lost", [LeaseLost("Somebody else came."), Unavailable("No Redis.")])
def test_a_lost_right_passes(lost: QuaymasterError) -> None:
    """Another job looks at what there is then."""
    with pytest.raises(type(lost)), cleaning_up_after(Unhealthy("It is not healthy.")):
        failing(lost)


def test_words_are_shown_without_secrets_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2-secret" not in safe_words("token hunter2-secret is wrong", ["hunter2-secret"])
    monkeypatch.setattr(
        "workers.outside.best_effort.redact", lambda *_, **__: failing(RecursionError())
    )
    assert "hunter2" not in safe_words("token hunter2-secret is wrong", ["hunter2-secret"])


def test_an_unhealthy_container_is_told_without_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    no_log = OutsideFailure("The log cannot be read.")
    monkeypatch.setattr(health, "log_tail", lambda *_: failing(no_log))
    found = health.unhealthy(None, SERVING, "It exited with status 3.", ())  # type: ignore[arg-type]
    assert type(found) is Unhealthy
    assert found.problem.why == "It exited with status 3."
    assert found.problem.log_tail == ()


def test_a_switch_that_fails_twice_tells_the_first_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Conflict("Port 8080 is taken.", next_step="Stop what uses it.")
    monkeypatch.setattr(switch, "refuse_taken_ports", nothing)
    monkeypatch.setattr(switch, "_in_the_way", nothing)
    monkeypatch.setattr(switch, "attach", lambda *_: failing(first))
    monkeypatch.setattr(switch, "withdraw", lambda *_: failing(OutsideFailure("It stays.")))
    with pytest.raises(Conflict) as raised:
        switch.switch(None, None, SERVING, UNDISTURBED)  # type: ignore[arg-type]
    assert raised.value.problem.what == "Port 8080 is taken."
    assert "It stays." in raised.value.problem.why
    assert raised.value.runs_now == NOTHING_SERVED
