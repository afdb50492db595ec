"""What becomes of operations that nobody works at."""

from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Lost
from quaymaster.requests import ScanRequest
from quaymaster.store import keys
from tests.keys import WORKER
from tests.samples import NOW, deploy, image, operation, plan
from tests.workers.toolboxes import now, recorded
from workers.reconciler import (
    INTERRUPTION_SECONDS,
    LOST_JOB_AFTER,
    MOST_ATTEMPTS,
    MOST_DEATHS,
    RECOVERY_PATIENCE,
    RENEWAL_SECONDS,
    Facts,
    Reconciler,
    decide,
    reconcile,
)

LATER = timedelta(seconds=1)


def _decide(
    given: Operation, after: timedelta, *, leased: bool = False, queued: bool = False
) -> Operation | None:
    return decide(given, Facts(given.changed_at + after, leased, queued))


def test_a_job_that_got_lost_between_queue_and_worker_is_queued_again() -> None:
    lost = _decide(operation(), LOST_JOB_AFTER)
    assert lost is not None
    assert (lost.state, lost.job_id) == (State.QUEUED, "operation-1042-2")


@pytest.mark.parametrize(("leased", "queued"), [(True, False), (False, True)])
def test_a_job_that_waits_or_has_just_been_taken_is_left_alone(leased: bool, queued: bool) -> None:
    assert _decide(operation(), timedelta(days=1), leased=leased, queued=queued) is None


def test_a_job_that_was_queued_a_moment_ago_is_left_alone() -> None:
    assert _decide(operation(), LOST_JOB_AFTER - LATER) is None


def test_a_job_that_never_starts_ends_with_words() -> None:
    ended = _decide(operation(attempt=MOST_ATTEMPTS), LOST_JOB_AFTER)
    assert ended is not None
    assert ended.state is State.FAILED


def test_a_running_operation_with_a_living_worker_is_left_alone() -> None:
    running = operation(state=State.RUNNING)
    assert _decide(running, timedelta(hours=3), leased=True) is None


def test_a_push_whose_worker_died_is_looked_at_and_not_repeated() -> None:
    found = _decide(operation(state=State.RUNNING), LATER)
    assert found is not None
    assert (found.state, found.stage, found.deaths) == (State.QUEUED, Stage.RECOVER, 1)


def test_a_scan_whose_worker_died_is_repeated() -> None:
    scan = operation(state=State.RUNNING, request=ScanRequest(image()), queue="scan")
    found = _decide(scan, LATER)
    assert found is not None
    assert (found.stage, found.queue) == (Stage.WORK, "scan")


def test_a_deploy_that_was_being_carried_out_is_recovered_on_its_host() -> None:
    dying = deploy(state=State.RUNNING, stage=Stage.APPLY, queue="host:app1", plan=plan())
    found = _decide(dying, LATER)
    assert found is not None
    assert (found.stage, found.queue) == (Stage.RECOVER, "host:app1")


def test_what_kills_its_worker_again_and_again_is_given_up() -> None:
    found = _decide(operation(state=State.RUNNING, deaths=MOST_DEATHS - 1), LATER)
    assert found is not None
    assert found.state is State.UNKNOWN


def test_a_recovery_that_no_worker_takes_ends_truthfully() -> None:
    waiting = operation(stage=Stage.RECOVER, deaths=1)
    found = _decide(waiting, RECOVERY_PATIENCE + LATER, queued=True)
    assert found is not None
    assert found.state is State.UNKNOWN
    assert isinstance(found.outcome, Lost)


def test_an_approval_that_nobody_gave_expires() -> None:
    waiting = deploy(state=State.AWAITING_APPROVAL, plan=plan())
    assert decide(waiting, Facts(NOW + timedelta(hours=3, minutes=59), False, False)) is None
    found = decide(waiting, Facts(NOW + timedelta(hours=4), False, False))
    assert found is not None
    assert found.state is State.EXPIRED
    assert isinstance(found.outcome, Ended)


def test_the_look_after_the_bake_window_is_queued_when_it_is_due() -> None:
    baking = replace(
        deploy(state=State.BAKING, stage=Stage.LOOK, queue="host:app1"),
        look_at=NOW + timedelta(minutes=5),
    )
    assert _decide(baking, timedelta(minutes=4)) is None
    found = _decide(baking, timedelta(minutes=5))
    assert found is not None
    assert (found.state, found.stage) == (State.QUEUED, Stage.LOOK)


@pytest.mark.parametrize("state", [state for state in State if state.is_terminal])
def test_what_has_ended_stays_as_it_is(state: State) -> None:
    assert _decide(operation(state=state), timedelta(days=30)) is None


@pytest.mark.engine
def test_a_record_that_cannot_be_read_does_not_hold_up_the_others(valkey: redis.Redis) -> None:
    for number in (5, 6):
        valkey.hset(keys.operation(number), "record", "{" if number == 5 else "{}")
        valkey.sadd(keys.OPEN, number)
    given = recorded(valkey, operation(state=State.RUNNING))
    assert reconcile(valkey, WORKER, NOW + LATER) == 1
    assert now(valkey, given).stage is Stage.RECOVER


@pytest.mark.engine
def test_after_redis_was_away_the_living_get_a_moment_to_renew_their_leases(
    valkey: redis.Redis,
) -> None:
    clock = [100.0]
    reconciler = Reconciler(valkey, WORKER, lambda: clock[0])
    given = recorded(valkey, operation(state=State.RUNNING))
    for passed in (0.0, 1.0, 1.0):
        clock[0] += passed
        assert reconciler.look(NOW + LATER) == 0
    clock[0] += INTERRUPTION_SECONDS + 1
    assert reconciler.look(NOW + LATER) == 0
    for _ in range(4):
        clock[0] += RENEWAL_SECONDS / 4
        found = reconciler.look(NOW + LATER)
    assert found == 1
    assert now(valkey, given).stage is Stage.RECOVER
