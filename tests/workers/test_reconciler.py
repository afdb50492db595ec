"""What becomes of operations that nobody works at."""

from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Interrupted
from quaymaster.requests import RollbackRequest, ScanRequest
from quaymaster.store import keys
from quaymaster.store.transactions import ask
from testing.keys import WORKER
from testing.samples import NOW, deploy, image, operation, plan
from tests.workers.toolboxes import now, recorded
from workers.process.worker import SIGN_OF_LIFE_SECONDS, OperationWorker
from workers.reconciler import (
    INTERRUPTION_SECONDS,
    LOST_JOB_AFTER,
    MOST_ATTEMPTS,
    MOST_CRASHES,
    RECOVERY_PATIENCE,
    RENEWAL_SECONDS,
    STUCK_JOB_AFTER,
    Reconciler,
    decide,
)
from workers.work.facts import ReconcileFacts, Whereabouts, whereabouts_of

LATER = timedelta(seconds=1)
ALWAYS = timedelta(days=1)


def _decide(
    before: Operation,
    after: timedelta,
    *,
    leased: bool = False,
    queued: bool = False,
    taken: bool = False,
    missing: timedelta = timedelta(0),
    unworked: timedelta = timedelta(0),
) -> Operation | None:
    place = Whereabouts(is_leased=leased, is_in_queue=queued, is_taken=taken)
    return decide(before, ReconcileFacts(before.changed_at + after, place, missing, unworked))


def test_a_job_that_got_lost_between_queue_and_worker_is_queued_again() -> None:
    lost = _decide(operation(), LOST_JOB_AFTER, missing=LOST_JOB_AFTER)
    assert lost is not None
    assert (lost.state, lost.job_id) == (State.QUEUED, "operation-1042-2")


@pytest.mark.parametrize(("leased", "queued"), [(True, False), (False, True)])
def test_a_job_that_waits_or_runs_is_left_alone(leased: bool, queued: bool) -> None:
    assert _decide(operation(), ALWAYS, leased=leased, queued=queued, missing=ALWAYS) is None


def test_a_job_that_waited_for_long_and_left_its_queue_a_moment_ago_is_left_alone() -> None:
    assert _decide(operation(), ALWAYS, missing=LOST_JOB_AFTER - LATER) is None


def test_a_job_that_a_living_worker_took_is_left_alone() -> None:
    slow = STUCK_JOB_AFTER - LATER
    assert _decide(operation(), ALWAYS, taken=True, missing=slow) is None


def test_a_job_whose_worker_died_before_it_began_is_queued_again() -> None:
    """What the worker wrote down has expired by then."""
    lost = _decide(
        operation(), ALWAYS, taken=False, missing=timedelta(seconds=SIGN_OF_LIFE_SECONDS)
    )
    assert lost is not None
    assert lost.state is State.QUEUED
    assert timedelta(seconds=SIGN_OF_LIFE_SECONDS) >= LOST_JOB_AFTER


def test_a_job_that_its_worker_never_begins_is_queued_again() -> None:
    stuck = _decide(operation(), ALWAYS, taken=True, missing=STUCK_JOB_AFTER)
    assert stuck is not None
    assert stuck.state is State.QUEUED


def test_a_recovery_that_a_worker_has_taken_is_waited_for() -> None:
    waiting = operation(stage=Stage.RECOVER, crashes=1)
    late = RECOVERY_PATIENCE + LATER
    assert _decide(waiting, late, taken=True, unworked=late) is None


def test_a_job_that_never_starts_ends_with_words() -> None:
    ended = _decide(operation(attempt=MOST_ATTEMPTS), LOST_JOB_AFTER, missing=LOST_JOB_AFTER)
    assert ended is not None
    assert ended.state is State.FAILED


def test_a_running_operation_with_a_living_worker_is_left_alone() -> None:
    running = operation(state=State.RUNNING)
    assert _decide(running, timedelta(hours=3), leased=True) is None


def test_a_push_whose_worker_died_is_looked_at_and_not_repeated() -> None:
    decided = _decide(operation(state=State.RUNNING), LATER)
    assert decided is not None
    assert (decided.state, decided.stage, decided.crashes) == (State.QUEUED, Stage.RECOVER, 1)


def test_a_scan_whose_worker_died_is_repeated() -> None:
    scan = operation(state=State.RUNNING, request=ScanRequest(image()), queue="scan")
    decided = _decide(scan, LATER)
    assert decided is not None
    assert (decided.stage, decided.queue) == (Stage.WORK, "scan")


def test_what_was_to_stop_when_its_worker_died_is_not_begun_again() -> None:
    planning = deploy(state=State.RUNNING, stage=Stage.PLAN, queue="host:app1")
    decided = _decide(replace(planning, cancel_asked_by="U0BOB"), LATER)
    assert decided is not None
    assert (decided.state, decided.crashes) == (State.CANCELLED, 1)
    assert isinstance(decided.outcome, Ended)
    assert decided.outcome.by == "U0BOB"


def test_what_broke_off_is_looked_after_though_it_was_to_stop() -> None:
    dying = deploy(state=State.RUNNING, stage=Stage.APPLY, queue="host:app1", plan=plan())
    decided = _decide(replace(dying, cancel_asked_by="U0BOB"), LATER)
    assert decided is not None
    assert (decided.state, decided.stage) == (State.QUEUED, Stage.RECOVER)


def test_a_deploy_that_was_being_carried_out_is_recovered_on_its_host() -> None:
    dying = deploy(state=State.RUNNING, stage=Stage.APPLY, queue="host:app1", plan=plan())
    decided = _decide(dying, LATER)
    assert decided is not None
    assert (decided.stage, decided.queue) == (Stage.RECOVER, "host:app1")


def test_what_kills_its_worker_again_and_again_is_given_up() -> None:
    decided = _decide(operation(state=State.RUNNING, crashes=MOST_CRASHES - 1), LATER)
    assert decided is not None
    assert decided.state is State.UNKNOWN


def test_a_recovery_that_no_worker_takes_ends_truthfully() -> None:
    waiting = operation(stage=Stage.RECOVER, crashes=1)
    decided = _decide(waiting, LATER, queued=True, unworked=RECOVERY_PATIENCE + LATER)
    assert decided is not None
    assert decided.state is State.UNKNOWN
    assert isinstance(decided.outcome, Interrupted)


@pytest.mark.engine
def test_a_recovery_is_waited_for_by_what_was_seen_and_by_no_other_clock(
    valkey: redis.Redis,
) -> None:
    """The clock of who queued it is minutes behind, or Redis was away for as long."""
    clock = [100.0]
    reconciler = Reconciler(valkey, WORKER, lambda: clock[0])
    before = recorded(valkey, deploy(stage=Stage.RECOVER, plan=plan(), attempt=4, crashes=1))
    for _ in range(int(RECOVERY_PATIENCE.total_seconds()) + 1):
        assert reconciler.look(NOW + timedelta(minutes=5)) == 0
        clock[0] += 1
    assert reconciler.look(NOW + timedelta(minutes=5)) == 1
    assert now(valkey, before).state is State.UNKNOWN


def test_an_approval_that_nobody_gave_expires() -> None:
    waiting = deploy(state=State.AWAITING_APPROVAL, plan=plan())
    assert waiting.changed_at == NOW
    assert _decide(waiting, timedelta(hours=3, minutes=59)) is None
    decided = _decide(waiting, timedelta(hours=4))
    assert decided is not None
    assert decided.state is State.EXPIRED
    assert isinstance(decided.outcome, Ended)


def test_the_look_after_the_bake_window_is_queued_when_it_is_due() -> None:
    baking = replace(
        deploy(state=State.BAKING, stage=Stage.VERIFY, queue="host:app1"),
        verify_at=NOW + timedelta(minutes=5),
    )
    assert _decide(baking, timedelta(minutes=4)) is None
    decided = _decide(baking, timedelta(minutes=5))
    assert decided is not None
    assert (decided.state, decided.stage) == (State.QUEUED, Stage.VERIFY)


@pytest.mark.parametrize("state", [state for state in State if state.is_terminal])
def test_what_has_ended_stays_as_it_is(state: State) -> None:
    assert _decide(operation(state=state), timedelta(days=30)) is None


@pytest.mark.engine
def test_a_record_that_cannot_be_read_does_not_hold_up_the_others(valkey: redis.Redis) -> None:
    for number in (5, 6):
        valkey.hset(keys.operation(number), "record", "{" if number == 5 else "{}")
        valkey.sadd(keys.OPEN, number)
    before = recorded(valkey, deploy(state=State.AWAITING_APPROVAL, plan=plan()))
    assert Reconciler(valkey, WORKER).look(NOW + timedelta(days=1)) == 1
    assert now(valkey, before).state is State.EXPIRED


@pytest.mark.engine
def test_after_redis_was_away_the_living_get_a_moment_to_renew_their_leases(
    valkey: redis.Redis,
) -> None:
    clock = [100.0]
    reconciler = Reconciler(valkey, WORKER, lambda: clock[0])
    before = recorded(valkey, operation(state=State.RUNNING))
    for passed in (0.0, 1.0, 1.0):
        clock[0] += passed
        assert reconciler.look(NOW + LATER) == 0
    clock[0] += INTERRUPTION_SECONDS + 1
    assert reconciler.look(NOW + LATER) == 0
    for _ in range(4):
        clock[0] += RENEWAL_SECONDS / 4
        found = reconciler.look(NOW + LATER)
    assert found == 1
    assert now(valkey, before).stage is Stage.RECOVER


@pytest.mark.engine
def test_a_job_that_is_nowhere_is_queued_again_after_a_while(valkey: redis.Redis) -> None:
    clock = [100.0]
    reconciler = Reconciler(valkey, WORKER, lambda: clock[0])
    before = recorded(valkey, operation())
    assert reconciler.look(NOW + ALWAYS) == 0
    assert valkey.lpop(keys.queue(before.queue)) == before.job_id.encode()
    for _ in range(int(LOST_JOB_AFTER.total_seconds())):
        clock[0] += 1
        assert reconciler.look(NOW + ALWAYS) == 0
    clock[0] += 1
    assert reconciler.look(NOW + ALWAYS) == 1
    assert now(valkey, before).attempt == before.attempt + 1
    assert valkey.llen(keys.queue(before.queue)) == 1


@pytest.mark.engine
def test_the_time_that_redis_was_away_does_not_count(valkey: redis.Redis) -> None:
    clock = [100.0]
    reconciler = Reconciler(valkey, WORKER, lambda: clock[0])
    before = recorded(valkey, operation())
    valkey.delete(keys.queue(before.queue))
    assert reconciler.look(NOW + ALWAYS) == 0
    clock[0] += 60
    assert reconciler.look(NOW + ALWAYS) == 0


@pytest.mark.engine
def test_what_a_worker_notes_about_a_job_is_found_while_the_worker_lives(
    valkey: redis.Redis,
) -> None:
    before = recorded(valkey, operation())
    assert ask(valkey, whereabouts_of(before)) == Whereabouts(False, True, False)
    worker = OperationWorker(["host:build1"], valkey, grace_seconds=1)
    taken = worker.dequeue_job_and_maintain_ttl(1)
    assert taken is not None
    assert ask(valkey, whereabouts_of(before)) == Whereabouts(False, False, False)
    execution = worker.prepare_execution(taken[0])
    assert ask(valkey, whereabouts_of(before)) == Whereabouts(False, False, True)
    assert 0 < int(valkey.ttl(execution.key)) <= SIGN_OF_LIFE_SECONDS
    valkey.delete(execution.key)  # As it expires when the worker is dead.
    assert ask(valkey, whereabouts_of(before)) == Whereabouts(False, False, False)


@pytest.mark.engine
def test_an_urgent_job_is_found_in_its_own_queue(valkey: redis.Redis) -> None:
    rollback = operation(
        request=RollbackRequest("production", "web"), queue="host:app1", stage=Stage.PLAN
    )
    before = recorded(valkey, rollback)
    assert valkey.lrange(keys.queue("urgent:app1"), 0, -1) == [before.job_id.encode()]
    assert ask(valkey, whereabouts_of(before)).is_in_queue
