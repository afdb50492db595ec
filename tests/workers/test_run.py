"""From a job to a result in the record: by the one job that should, whatever goes wrong."""

import pytest
import redis
import structlog

from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Failed
from quaymaster.store import keys, leases, records
from quaymaster.store.transactions import ask, perform
from tests.samples import deploy, operation
from tests.workers.toolboxes import now, of_shop, recorded, toolbox
from workers.run import run

pytestmark = pytest.mark.engine


def failed(operation: Operation) -> str:
    """Every word of how it failed."""
    assert operation.state is State.FAILED
    assert isinstance(operation.outcome, Failed)
    trouble = operation.outcome.trouble
    return (
        f"{trouble.what} {trouble.why} {trouble.next_step} {trouble.reference} {trouble.log_tail}"
    )


def test_what_goes_wrong_ends_it_with_words(valkey: redis.Redis) -> None:
    given = recorded(valkey, of_shop(operation(), configuration_revision="another"))
    run(1042, given.job_id, toolbox(valkey))
    assert "different configurations" in failed(now(valkey, given))
    assert ask(valkey, leases.owner_of(records.lease_name(1042))) is None


def test_an_error_that_nobody_foresaw_ends_it_without_its_text(valkey: redis.Redis) -> None:
    given = recorded(valkey, of_shop(deploy(stage=Stage.PLAN, queue="host:app1")))
    with structlog.testing.capture_logs() as logged:
        run(1042, given.job_id, toolbox(valkey))
    words = failed(now(valkey, given))
    assert "examined before it is planned" not in words
    (line,) = (line for line in logged if line["event"] == "unforeseen error")
    assert str(line["reference"]) in words


def test_an_old_job_changes_nothing(valkey: redis.Redis) -> None:
    given = recorded(valkey, operation(attempt=2))
    run(1042, "operation-1042-1", toolbox(valkey))
    assert now(valkey, given) == given


@pytest.mark.parametrize(
    "state", [State.RUNNING, State.AWAITING_APPROVAL, State.BAKING, State.UNKNOWN]
)
def test_a_job_that_comes_again_changes_nothing(valkey: redis.Redis, state: State) -> None:
    given = recorded(valkey, operation(state=state))
    with structlog.testing.capture_logs() as logged:
        run(1042, given.job_id, toolbox(valkey))
    assert now(valkey, given) == given
    assert [line["event"] for line in logged] == ["another job does this"]


def test_what_another_worker_holds_is_left_to_it(valkey: redis.Redis) -> None:
    given = recorded(valkey, operation())
    lease = records.lease_name(1042)
    assert perform(valkey, leases.take(lease, "another", 5_000))
    with structlog.testing.capture_logs() as logged:
        run(1042, given.job_id, toolbox(valkey))
    assert now(valkey, given) == given
    assert [line["event"] for line in logged] == ["another worker runs this"]
    assert ask(valkey, leases.owner_of(lease)) == "another"


def test_a_job_of_no_operation_is_nothing(valkey: redis.Redis) -> None:
    run(4711, "operation-4711-1", toolbox(valkey))
    assert ask(valkey, records.load(4711)) is None


def test_what_was_cancelled_before_it_ran_ends_without_running(valkey: redis.Redis) -> None:
    given = recorded(valkey, of_shop(operation()))
    valkey.hset(keys.operation(1042), "cancel", "U0BOB")
    run(1042, given.job_id, toolbox(valkey))
    after = now(valkey, given)
    assert after.state is State.CANCELLED
    assert isinstance(after.outcome, Ended)
    assert after.outcome.by == "U0BOB"
