"""The leases of a running operation: whoever lost one changes nothing more."""

import threading
from datetime import UTC, datetime

import pytest
import redis

from quaymaster.errors import Cancelled, Conflict, LeaseLost
from quaymaster.journal import event_of
from quaymaster.operations import Operation, State
from quaymaster.progress import Progress
from quaymaster.store import keys, leases, records, service_leases
from quaymaster.store.service_leases import LeaseMark
from quaymaster.store.transactions import ask, perform
from quaymaster.target import ServiceRef
from testing.keys import BOT_KEY, RING
from testing.samples import mover, operation
from workers.work.running import RunningOperation, service_lease

pytestmark = pytest.mark.engine

SERVICE = "service:production/web"


@pytest.fixture
def running(valkey: redis.Redis) -> RunningOperation:
    """Operation 1042, under its lease."""
    running = recorded(valkey, operation(state=State.RUNNING))
    name = records.lease_name(1042)
    assert perform(valkey, leases.take(name, running.owner, leases.OPERATION_MILLISECONDS))
    return running


def recorded(valkey: redis.Redis, before: Operation) -> RunningOperation:
    """An operation that is in the record."""
    perform(valkey, records.accept(before, event_of(before), mover(before)))
    return RunningOperation(before, valkey)


def test_a_cancel_that_came_in_time_stops_before_the_change(
    running: RunningOperation, valkey: redis.Redis
) -> None:
    event = event_of(running.operation)
    running.check()
    perform(valkey, records.ask_to_cancel(running.operation, "U0BOB", event, BOT_KEY))
    with pytest.raises(Cancelled):
        running.commit_point()  # asked a moment ago: only the guard of the transaction knows
    stored = ask(valkey, records.load(1042, RING))
    assert stored is not None
    assert not stored.operation.is_committed


def test_whoever_lost_the_operation_changes_nothing(
    running: RunningOperation, valkey: redis.Redis
) -> None:
    valkey.set(keys.lease(records.lease_name(1042)), "somebody-else")
    with pytest.raises(LeaseLost):
        running.commit_point()


def test_after_the_point_of_no_return_nothing_stops_it(
    running: RunningOperation, valkey: redis.Redis
) -> None:
    running.commit_point()
    valkey.hset(keys.operation(1042), "cancel", "U0BOB")
    running.check()


def test_a_service_is_changed_by_one_operation_at_a_time(valkey: redis.Redis) -> None:
    first, second = (
        RunningOperation(operation(), valkey),
        RunningOperation(operation(id=1043), valkey),
    )
    with service_lease(first, ServiceRef("production", "web")):
        with (
            pytest.raises(Conflict, match="being changed by #1042"),
            service_lease(second, ServiceRef("production", "web")),
        ):
            raise AssertionError("two at once")
        with service_lease(second, ServiceRef("staging", "web")):
            pass
    with service_lease(second, ServiceRef("production", "web")):
        pass


def test_an_operation_waits_for_a_look_that_settles_its_service(valkey: redis.Redis) -> None:
    service = ServiceRef("production", "web")
    assert perform(valkey, service_leases.take(service, ":a-look", datetime.now(UTC)))
    done = threading.Timer(0.5, perform, (valkey, service_leases.give_back(service, ":a-look")))
    done.start()
    with service_lease(RunningOperation(operation(), valkey), service):
        pass
    done.join()


def test_another_job_of_the_same_operation_takes_its_service_over(valkey: redis.Redis) -> None:
    dead, living = RunningOperation(operation(), valkey), RunningOperation(operation(), valkey)
    valkey.set(keys.lease(SERVICE), f"1042:{dead.owner}")
    with service_lease(living, ServiceRef("production", "web")) as fence:
        fence()


@pytest.mark.parametrize("theirs", ["1043:another", None])
def test_whoever_lost_a_service_notices_before_the_next_change(
    valkey: redis.Redis, theirs: str | None
) -> None:
    with service_lease(
        RunningOperation(operation(), valkey), ServiceRef("production", "web")
    ) as fence:
        fence()
        valkey.delete(keys.lease(SERVICE))
        if theirs:
            valkey.set(keys.lease(SERVICE), theirs)
        with pytest.raises(LeaseLost):
            fence()


def test_whoever_gives_a_service_back_in_time_leaves_no_mark(valkey: redis.Redis) -> None:
    marks = service_leases.marks(ServiceRef("production", "web"), datetime.now(UTC))
    with service_lease(RunningOperation(operation(), valkey), ServiceRef("production", "web")):
        assert set(ask(valkey, marks).values()) == {LeaseMark.AT_WORK}
    assert ask(valkey, marks) == {}


@pytest.mark.parametrize("theirs", ["1043:another", None])
def test_whoever_lost_a_service_leaves_a_mark_of_a_late_call(
    valkey: redis.Redis, theirs: str | None
) -> None:
    """Also when it was lost before the very last call: nobody asks after that one."""
    running = RunningOperation(operation(), valkey)
    with service_lease(running, ServiceRef("production", "web")):
        valkey.delete(keys.lease(SERVICE))
        if theirs:
            valkey.set(keys.lease(SERVICE), theirs)
    marks = ask(valkey, service_leases.marks(ServiceRef("production", "web"), datetime.now(UTC)))
    assert marks == {f"1042:{running.owner}": LeaseMark.LATE}


def test_progress_is_written_twice_a_second_at_most(
    running: RunningOperation, valkey: redis.Redis
) -> None:
    before = valkey.hget(keys.operation(1042), "revision")
    for done in range(50):
        running.report(Progress("pushing", done, 50))
    written = int(valkey.hget(keys.operation(1042), "revision") or 0) - int(before or 0)
    assert written <= 2
