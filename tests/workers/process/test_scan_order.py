"""The scanner does what a worker ordered, and answers what came of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
import redis
import structlog

from quaymaster.errors import Forged
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Stage, State
from quaymaster.plans import Resolved
from quaymaster.queues import SCAN
from quaymaster.requests import ScanRequest
from quaymaster.scan_orders import ScanAnswer, ScanOrder
from quaymaster.signing_key import SigningKey
from quaymaster.store import jobs, keys, leases, records, scan_orders
from quaymaster.store.formats import SCAN_ANSWER, SCAN_ORDER
from quaymaster.store.transactions import Transaction, ask, perform
from testing.configurations import SHOP
from testing.keys import BOT_KEY, OTHER_WORKER_KEY, RING, SCANNER, SCANNER_KEY, WORKER, WORKER_KEY
from testing.samples import DIGEST, image, operation, pinned
from tests.workers.toolboxes import now, toolbox
from tests.workers.work.test_scan_watch import scanned
from workers.process.scan_order import ScanTools, run
from workers.run import run as run_operation
from workers.work.scan_watch import LOST_AFTER, ScanWatch
from workers.work.steps import OrdersScan, after, also_stored

pytestmark = pytest.mark.engine
WITHOUT_DATABASE = {"STAGING_REGISTRY_PASSWORD": "made-up", "TRIVY_CACHE_DIR": "/nonexistent"}
ORDER = "1042-2"


@pytest.fixture
def tools(valkey: redis.Redis) -> ScanTools:
    return ScanTools(SHOP, WITHOUT_DATABASE, valkey, SCANNER)


def placed(valkey: redis.Redis, order: ScanOrder | None = None) -> ScanOrder:
    """An order as a worker places it."""
    made = order or scan_orders.order_of(scanned())
    _perform(valkey, *scan_orders.placed(made, WORKER_KEY))
    return made


def _perform(valkey: redis.Redis, *commands: tuple[str | int | float, ...]) -> None:
    perform(valkey, Transaction(commands, lambda _: None, lambda _: None))


def _events(logged: list[structlog.typing.EventDict]) -> list[object]:
    return [line["event"] for line in logged]


def test_the_order_and_its_job_are_stored_with_the_move(valkey: redis.Redis) -> None:
    running = operation(
        state=State.RUNNING,
        stage=Stage.EXAMINE,
        request=ScanRequest(image()),
        queue="registry",
    )
    step = OrdersScan(Resolved(pinned(DIGEST), 1_000), Stage.WORK)
    moved = after(running, step, running.changed_at, WORKER_KEY)
    assert (moved.state, moved.scan_order, moved.job_id) == (
        State.SCANNING,
        ORDER,
        "operation-1042-2",
    )
    _perform(valkey, *also_stored(moved, step, WORKER_KEY))
    order = ask(valkey, scan_orders.load(ORDER, RING))
    assert order is not None
    assert order.value == ScanOrder(ORDER, 1042, pinned(DIGEST), "registry", "operation-1042-2")
    assert valkey.lrange("rq:queue:scan", 0, -1) == [f"scan-{ORDER}-0".encode()]


def test_what_the_scanner_cannot_do_is_answered_in_words(
    valkey: redis.Redis, tools: ScanTools
) -> None:
    placed(valkey)
    run(ORDER, tools)
    answer = ask(valkey, scan_orders.answered(ORDER, RING))
    assert answer is not None
    assert answer.database is None
    assert "has no vulnerability database" in answer.failure
    assert valkey.lrange("rq:queue:registry", 0, -1) == [b"operation-1042-2"]
    assert ask(valkey, leases.owner_of(scan_orders.lease_name(ORDER))) is None


def test_an_order_that_another_scanner_has_is_left_to_it(
    valkey: redis.Redis, tools: ScanTools
) -> None:
    placed(valkey)
    assert perform(valkey, leases.take(scan_orders.lease_name(ORDER), "another", 60_000))
    with structlog.testing.capture_logs() as logged:
        run(ORDER, tools)
    assert _events(logged) == ["another scanner does this"]
    assert not ask(valkey, scan_orders.is_answered(ORDER))


def test_an_order_that_was_withdrawn_is_not_done(valkey: redis.Redis, tools: ScanTools) -> None:
    placed(valkey)
    _perform(valkey, *scan_orders.withdrawn(scanned()))
    with structlog.testing.capture_logs() as logged:
        run(ORDER, tools)
    assert _events(logged) == ["no such order"]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (BOT_KEY, "may not sign one"),
        (SCANNER_KEY, "may not sign one"),
        (OTHER_WORKER_KEY, "not enrolled for registry"),
    ],
)
def test_an_order_of_who_may_not_give_one_is_refused(
    valkey: redis.Redis, tools: ScanTools, key: SigningKey, why: str
) -> None:
    order = scan_orders.order_of(scanned())
    text = SCAN_ORDER.signed(order, (order.id,), key).text
    valkey.set(keys.scan_order(ORDER), text)
    with structlog.testing.capture_logs() as logged:
        run(ORDER, tools)
    assert _events(logged) == ["order refused"]
    assert why in str(logged[0]["why"])
    assert not valkey.exists(keys.scan_answer(ORDER))


@pytest.mark.parametrize("key", [BOT_KEY, WORKER_KEY])
def test_an_answer_counts_with_the_scanners_signature_alone(
    valkey: redis.Redis, key: SigningKey
) -> None:
    text = SCAN_ANSWER.signed(ScanAnswer(ORDER, None, "made up"), (ORDER,), key).text
    valkey.set(keys.scan_answer(ORDER), text)
    with pytest.raises(Forged, match="may not sign one"):
        ask(valkey, scan_orders.answered(ORDER, RING))


def test_a_job_that_comes_before_the_answer_does_nothing(valkey: redis.Redis) -> None:
    given = scanned()
    perform(valkey, records.accept(given, event_of(given), WORKER_KEY))
    with structlog.testing.capture_logs() as logged:
        run_operation(given.id, given.job_id, toolbox(valkey))
    assert _events(logged) == ["another job does this"]
    assert now(valkey, given).state is State.SCANNING


def test_what_a_newer_program_wrote_is_left_to_a_newer_one(
    valkey: redis.Redis, tools: ScanTools
) -> None:
    order = scan_orders.order_of(scanned())
    newer = replace(SCAN_ORDER, version=SCAN_ORDER.version + 1)
    valkey.set(keys.scan_order(ORDER), newer.signed(order, (ORDER,), WORKER_KEY).text)
    assert not run(ORDER, tools)
    given = scanned()
    perform(valkey, records.accept(given, event_of(given), WORKER_KEY))
    answer = replace(SCAN_ANSWER, version=SCAN_ANSWER.version + 1)
    text = answer.signed(ScanAnswer(ORDER, None, "made up"), (ORDER,), SCANNER_KEY).text
    valkey.set(keys.scan_answer(ORDER), text)
    assert not run_operation(given.id, given.job_id, toolbox(valkey))
    assert looked(ScanWatch(), valkey, timedelta(0)) == 0
    assert now(valkey, given).state is State.SCANNING


def test_an_order_that_was_copied_elsewhere_is_refused(
    valkey: redis.Redis, tools: ScanTools
) -> None:
    placed(valkey)
    genuine = valkey.get(keys.scan_order(ORDER))
    assert isinstance(genuine, bytes)
    valkey.set(keys.scan_order("7-2"), genuine)
    with structlog.testing.capture_logs() as logged:
        run("7-2", tools)
    assert _events(logged) == ["order refused"]


def test_an_order_is_put_before_the_scanner_again_by_one_of_many(valkey: redis.Redis) -> None:
    placed(valkey)
    order = ask(valkey, scan_orders.load(ORDER, RING))
    assert order is not None
    assert perform(valkey, scan_orders.again(order, 0))
    assert not perform(valkey, scan_orders.again(order, 0))
    assert ask(valkey, scan_orders.tries(ORDER)) == 1
    jobs = [b"scan-1042-2-0", b"scan-1042-2-1"]
    assert valkey.lrange("rq:queue:scan", 0, -1) == jobs


def looked(
    watch: ScanWatch, valkey: redis.Redis, clock: timedelta, given: Operation | None = None
) -> int:
    """A look of a worker's reconciler at the scan, so long after the first."""
    given = given or scanned()
    now = given.changed_at + clock
    return watch.look(valkey, [given], WORKER, now, clock.total_seconds())


def test_a_lost_order_is_noticed_when_nobody_has_had_it_for_a_while(valkey: redis.Redis) -> None:
    placed(valkey)
    valkey.delete("rq:queue:scan")
    watch = ScanWatch()
    looked(watch, valkey, timedelta(0))
    watch.forget()
    for clock in (LOST_AFTER, 2 * LOST_AFTER - timedelta(seconds=1)):
        looked(watch, valkey, clock)
    assert valkey.llen("rq:queue:scan") == 0
    looked(watch, valkey, 2 * LOST_AFTER)
    assert valkey.lrange("rq:queue:scan", 0, -1) == [b"scan-1042-2-1"]


def test_a_scan_that_hangs_is_given_up_by_when_it_began(valkey: redis.Redis) -> None:
    given = scanned()
    perform(valkey, records.accept(given, event_of(given), WORKER_KEY))
    placed(valkey)
    valkey.delete("rq:queue:scan")
    began = int(given.changed_at.timestamp()) - 3600
    lease = scan_orders.lease_name(ORDER)
    assert perform(valkey, leases.take(lease, f"{began}:a", 60_000))
    assert looked(ScanWatch(), valkey, timedelta(0), given) == 1
    assert now(valkey, given).state is State.QUEUED
    assert ask(valkey, scan_orders.why_given_up(ORDER)) == "slow"


def test_an_operation_that_leaves_the_scanner_withdraws_its_order(valkey: redis.Redis) -> None:
    before: Operation = scanned()
    perform(valkey, records.accept(before, event_of(before), WORKER_KEY))
    placed(valkey)
    moved = before.moved(State.CANCELLED, before.changed_at)
    perform(valkey, records.move(before, moved, event_of(moved), BOT_KEY))
    assert ask(valkey, scan_orders.load(ORDER, RING)) is None


def test_a_job_of_an_order_is_as_rq_reads_it() -> None:
    ((_, key, *fields), *_) = jobs.scan_enqueued("scan-1042-2-0", ORDER, SCAN)
    assert key == "rq:job:scan-1042-2-0"
    assert f'["{jobs.RUN_SCAN}", null, ["{ORDER}"], {{}}]' in fields
