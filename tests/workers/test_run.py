"""From a job to a result in the record: by the one job that should, whatever goes wrong."""

import socket
import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import redis
import structlog
from rq.serializers import JSONSerializer

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import HandedBack, LeaseLost
from quaymaster.image_ref import Repository
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Failed
from quaymaster.plans import Resolved
from quaymaster.queues import SCAN
from quaymaster.requests import TagsRequest
from quaymaster.store import keys, leases, records
from quaymaster.store.formats import SUBMISSION
from quaymaster.store.operation_fields import cancellation_of
from quaymaster.store.transactions import ask, perform
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.samples import DIGEST, admitted, deploy, mover, operation, pinned, plan
from tests.misbehaving import asked as requested
from tests.misbehaving import misbehaving
from tests.tampering import as_newer_record
from tests.workers.toolboxes import now, of_shop, recorded, toolbox
from workers.process.worker import OperationJob, OperationWorker, refusal
from workers.run import PUT_BACK_AFTER_SECONDS, run
from workers.work.running import RunningOperation
from workers.work.steps import Continues, OrdersScan, Planned, Returns, Step
from workers.work.toolbox import Toolbox

pytestmark = pytest.mark.engine

WAITS_FOR_SCAN = OrdersScan(Resolved(pinned(DIGEST), 2_000_000), Stage.PLAN)
WAITS_FOR_PEOPLE = Planned(plan(), admitted())
IS_CARRIED_OUT_NEXT = Planned(plan(rule=None), admitted())
IS_PLANNED_NEXT = Continues(Stage.PLAN, "host:app1")
IS_LOOKED_UP_AGAIN = Returns()
IS_PLANNED_ANEW = Returns(Ended("The configuration was changed since the plan was made."))


def failed(operation: Operation) -> str:
    """Every word of how it failed."""
    assert operation.state is State.FAILED
    assert isinstance(operation.outcome, Failed)
    problem = operation.outcome.trouble
    return (
        f"{problem.what} {problem.why} {problem.next_step} {problem.reference} {problem.log_tail}"
    )


def test_what_goes_wrong_ends_it_with_words(valkey: redis.Redis) -> None:
    before = recorded(valkey, of_shop(deploy(), configuration_revision="another"))
    run(1042, before.job_id, toolbox(valkey))
    assert "configured differently" in failed(now(valkey, before))
    assert ask(valkey, leases.owner_of(records.lease_name(1042))) is None


def test_an_error_that_nobody_foresaw_ends_it_without_its_text(
    valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("the bug's own words")

    monkeypatch.setattr("workers.dispatch.run_stage", fail)
    before = recorded(valkey, of_shop(deploy(stage=Stage.PLAN, queue="host:app1")))
    with structlog.testing.capture_logs() as logged:
        run(1042, before.job_id, toolbox(valkey))
    words = failed(now(valkey, before))
    assert "own words" not in words
    (line,) = (line for line in logged if line["event"] == "unexpected error")
    assert str(line["reference"]) in words


@pytest.mark.parametrize("is_run_by_another", [False, True])
def test_an_operation_whose_lease_was_lost_in_a_change_is_looked_after(
    valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, is_run_by_another: bool
) -> None:
    tools = toolbox(valkey)

    def lose(*_: object) -> None:
        if is_run_by_another:
            before = now(valkey, given)
            after = before.queued(Stage.RECOVER, before.queue, tools.now(), crashes=1)
            perform(valkey, records.move(before, after, event_of(after), WORKER_KEY))
        raise LeaseLost("Another worker took this operation over.")

    monkeypatch.setattr("workers.dispatch.run_stage", lose)
    given = recorded(valkey, of_shop(deploy(stage=Stage.APPLY, queue="host:app1")))
    run(1042, given.job_id, tools)
    found = now(valkey, given)
    assert (found.state, found.stage) == (State.QUEUED, Stage.RECOVER)
    assert found.crashes == int(is_run_by_another), "whoever took it over is not overtaken again"


def test_an_old_job_changes_nothing(valkey: redis.Redis) -> None:
    before = recorded(valkey, operation(attempt=2))
    run(1042, "operation-1042-1", toolbox(valkey))
    assert now(valkey, before) == before


@pytest.mark.parametrize(
    "state", [State.RUNNING, State.AWAITING_APPROVAL, State.BAKING, State.UNKNOWN]
)
def test_a_job_that_comes_again_changes_nothing(valkey: redis.Redis, state: State) -> None:
    before = recorded(valkey, operation(state=state))
    with structlog.testing.capture_logs() as logged:
        run(1042, before.job_id, toolbox(valkey))
    assert now(valkey, before) == before
    assert [line["event"] for line in logged] == ["another job does this"]


def test_what_another_worker_holds_is_left_to_it(valkey: redis.Redis) -> None:
    before = recorded(valkey, operation())
    lease = records.lease_name(1042)
    assert perform(valkey, leases.take(lease, "another", 5_000))
    with structlog.testing.capture_logs() as logged:
        run(1042, before.job_id, toolbox(valkey))
    assert now(valkey, before) == before
    assert [line["event"] for line in logged] == ["another worker runs this"]
    assert ask(valkey, leases.owner_of(lease)) == "another"


def test_a_job_of_no_operation_is_nothing(valkey: redis.Redis) -> None:
    run(4711, "operation-4711-1", toolbox(valkey))
    assert ask(valkey, records.load(4711, RING)) is None


@pytest.mark.parametrize("field", ["record", "submission"])
def test_a_request_that_was_written_into_redis_is_not_run(valkey: redis.Redis, field: str) -> None:
    before = recorded(valkey, of_shop(operation()))
    where = keys.operation(1042)
    genuine: Any = valkey.hget(where, field)
    valkey.hset(where, field, genuine.replace(b"build1", b"app1"))
    stands = valkey.hgetall(where)
    with structlog.testing.capture_logs() as logged:
        assert run(1042, before.job_id, toolbox(valkey))
    assert valkey.hgetall(where) == stands
    assert [line["event"] for line in logged] == ["record cannot be read"]


def test_a_request_that_another_program_signed_is_not_run(valkey: redis.Redis) -> None:
    """A worker that was taken over cannot ask for anything in somebody's name."""
    before = of_shop(operation())
    submission = SUBMISSION.signed(before.submission.value, ("1042",), WORKER_KEY)
    forged = recorded(valkey, replace(before, submission=submission))
    stands = valkey.hgetall(keys.operation(1042))
    run(1042, forged.job_id, toolbox(valkey))
    assert valkey.hgetall(keys.operation(1042)) == stands


def test_a_move_that_is_not_the_bots_to_make_is_not_run(valkey: redis.Redis) -> None:
    """A bot that was taken over cannot put a deploy on the host without its approvals."""
    before = of_shop(deploy(stage=Stage.APPLY, queue="host:app1", attempt=3, plan=plan()))
    perform(valkey, records.accept(before, event_of(before), BOT_KEY))
    stands = valkey.hgetall(keys.operation(1042))
    run(1042, before.job_id, toolbox(valkey))
    assert valkey.hgetall(keys.operation(1042)) == stands


class TestWrittenByANewerQuaymaster:
    def test_nothing_is_done(self, valkey: redis.Redis) -> None:
        before = as_newer(valkey, recorded(valkey, of_shop(operation())))
        stands = valkey.hgetall(keys.operation(1042))
        with structlog.testing.capture_logs() as logged:
            assert not run(1042, before.job_id, toolbox(valkey))
        assert valkey.hgetall(keys.operation(1042)) == stands
        assert [line["event"] for line in logged] == ["left to a newer worker"]
        assert ask(valkey, leases.owner_of(records.lease_name(1042))) is None

    def test_the_job_stays_for_a_newer_worker(
        self, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = as_newer(valkey, recorded(valkey, of_shop(operation())))
        stands = valkey.hgetall(keys.operation(1042))
        monkeypatch.setattr("workers.run.opened", lambda: nullcontext(toolbox(valkey)))
        valkey.rpush(keys.queue("host:build1"), "operation-1043-1")
        began = time.monotonic()
        worker = OperationWorker(["host:build1"], valkey, grace_seconds=1)
        worker.work(burst=True, max_jobs=1, logging_level="CRITICAL")
        assert time.monotonic() - began >= PUT_BACK_AFTER_SECONDS
        waiting = [b"operation-1043-1", before.job_id.encode()]
        assert valkey.lrange(keys.queue("host:build1"), 0, -1) == waiting
        job = OperationJob.fetch(before.job_id, connection=valkey, serializer=JSONSerializer)
        assert refusal(job) is None
        assert job.args == [1042]
        assert valkey.hgetall(keys.operation(1042)) == stands

    def test_a_worker_that_can_read_it_does_the_job_that_stayed(
        self, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = recorded(valkey, of_shop(deploy(), configuration_revision="another"))
        genuine: Any = valkey.hget(keys.operation(1042), "record")
        as_newer(valkey, before)
        monkeypatch.setattr("workers.run.opened", lambda: nullcontext(toolbox(valkey)))
        monkeypatch.setattr("workers.run.PUT_BACK_AFTER_SECONDS", 0.0)
        worker = OperationWorker([before.queue], valkey, grace_seconds=1)
        for _ in range(3):
            worker.work(burst=True, max_jobs=1, logging_level="CRITICAL")
        valkey.hset(keys.operation(1042), "record", genuine)
        worker.work(burst=True, logging_level="CRITICAL")
        assert "configured differently" in failed(now(valkey, before))
        assert valkey.llen(keys.queue(before.queue)) == 0
        assert valkey.exists(keys.job(before.job_id)) == 0


def as_newer(valkey: redis.Redis, before: Operation) -> Operation:
    """Have the record written by a newer Quaymaster."""
    where = keys.operation(before.id)
    newer = as_newer_record(valkey.hget(where, "record"), before.id, mover(before))
    valkey.hset(where, "record", newer)
    return before


def test_what_was_cancelled_before_it_ran_ends_without_running(valkey: redis.Redis) -> None:
    before = recorded(valkey, of_shop(operation()))
    asked = cancellation_of(before, "U0BOB", before.changed_at, BOT_KEY)
    valkey.hset(keys.operation(1042), "cancel", asked)
    run(1042, before.job_id, toolbox(valkey))
    after = now(valkey, before)
    assert after.state is State.CANCELLED
    assert isinstance(after.outcome, Ended)
    assert after.outcome.by == "U0BOB"


def test_waiting_for_a_registry_is_cancelled(valkey: redis.Redis) -> None:
    def cancelled_meanwhile(connection: socket.socket, over: threading.Event) -> None:
        requested(connection)
        running = now(valkey, before)
        event = event_of(running, actor="U0BOB", what="cancel asked")
        perform(valkey, records.ask_to_cancel(running, "U0BOB", event, BOT_KEY))
        over.wait()

    with misbehaving(cancelled_meanwhile) as (host, port):
        text = f"default_registry: {host}:{port}\nhosts: {{build1: {{}}}}\n"
        configuration = Configuration.parse(text)
        tags = TagsRequest(Repository(f"{host}:{port}", "shop/web"))
        before = of_shop(operation(request=tags))
        recorded(valkey, before)
        run(1042, before.job_id, toolbox(valkey, configuration))
    assert now(valkey, before).state is State.CANCELLED


@pytest.mark.parametrize(
    "step",
    [
        WAITS_FOR_SCAN,
        WAITS_FOR_PEOPLE,
        IS_CARRIED_OUT_NEXT,
        IS_PLANNED_NEXT,
        IS_LOOKED_UP_AGAIN,
        IS_PLANNED_ANEW,
        HandedBack("The worker is shutting down."),
    ],
)
def test_what_is_cancelled_while_it_runs_goes_on_to_nothing_else(
    valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, step: Step | HandedBack
) -> None:
    """Its person was told that it stops at its next step, and cannot ask a second time."""

    def work(work: RunningOperation, tools: Toolbox) -> Step:
        event = event_of(work.operation, actor="U0BOB", what="cancel asked")
        cancel = records.ask_to_cancel(work.operation, "U0BOB", event, BOT_KEY)
        perform(valkey, cancel)
        if isinstance(step, HandedBack):
            raise step
        return step

    monkeypatch.setattr("workers.dispatch.run_stage", work)
    before = recorded(valkey, of_shop(deploy(queue="host:app1")))
    run(1042, before.job_id, toolbox(valkey))
    ended = now(valkey, before)
    assert ended.state is State.CANCELLED
    assert isinstance(ended.outcome, Ended)
    assert ended.outcome.by == "U0BOB"
    assert valkey.llen(keys.queue(SCAN)) == 0
    assert valkey.lrange(keys.queue("host:app1"), 0, -1) == [before.job_id.encode()]
