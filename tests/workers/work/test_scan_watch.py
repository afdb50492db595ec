"""What becomes of operations that are being scanned, when nobody scans or nobody reads."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis

from quaymaster.errors import Problem
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Failed
from quaymaster.plans import Resolved
from quaymaster.progress import Progress
from quaymaster.queues import SCAN, SCAN_FOR_DEPLOYS
from quaymaster.requests import ScanRequest
from quaymaster.scan_orders import WAITING, ScanOrder
from quaymaster.signed import Signed
from quaymaster.store import keys, scan_orders
from quaymaster.store.formats import SCAN_ORDER
from quaymaster.store.scan_orders import order_of
from quaymaster.store.transactions import Transaction, ask, perform
from testing.keys import WORKER, WORKER_KEY
from testing.samples import DIGEST, NOW, deploy, image, operation, pinned
from workers.work.facts import Whereabouts
from workers.work.scan_watch import (
    LONGEST,
    LOST_AFTER,
    MOST_LOST,
    TOLD_AFTER,
    Decision,
    EndsWait,
    OrdersAgain,
    ScanFacts,
    ScanWatch,
    ShowsStep,
    decide_scanning,
)

LATER = timedelta(seconds=1)
NOWHERE = Whereabouts(is_leased=False, is_in_queue=False, is_taken=False)
IN_QUEUE = Whereabouts(is_leased=False, is_in_queue=True, is_taken=False)


def scanned(**changes: Any) -> Operation:
    """A scan that was ordered."""
    given = {
        "request": ScanRequest(image()),
        "queue": "registry",
        "state": State.SCANNING,
        "attempt": 2,
        "scan_order": "1042-2",
        "resolved": Resolved(pinned(DIGEST), 1_000),
    }
    return operation(**{**given, **changes})


def signed() -> Signed[ScanOrder]:
    order = order_of(scanned())
    return SCAN_ORDER.signed(order, (order.id,), WORKER_KEY)


def decided(given: Operation | None = None, **changes: Any) -> Decision:
    facts = ScanFacts(
        now=NOW + timedelta(minutes=1),
        order=signed(),
        is_answered=False,
        whereabouts=NOWHERE,
        began=None,
        lost=0,
        missing_for=timedelta(),
    )
    return decide_scanning(given or scanned(), replace(facts, **changes))


def after(decision: Decision) -> Operation:
    assert isinstance(decision, EndsWait), decision
    return decision.after


@pytest.mark.engine
def test_a_deploys_order_is_found_in_its_own_queue(valkey: redis.Redis) -> None:
    before = deploy(
        state=State.SCANNING,
        stage=Stage.PLAN,
        queue="host:app1",
        attempt=2,
        scan_order="1042-2",
        resolved=Resolved(pinned(DIGEST), 1_000),
    )
    placed = scan_orders.placed(order_of(before), WORKER_KEY)
    perform(valkey, Transaction(placed, lambda _: None, lambda _: None))
    assert valkey.llen(keys.queue(SCAN_FOR_DEPLOYS)) == 1
    watch = ScanWatch()
    for clock in (0.0, LOST_AFTER.total_seconds() + 1):
        watch.look(valkey, [before], WORKER, NOW, clock)
    assert ask(valkey, scan_orders.tries("1042-2")) == 0
    assert valkey.llen(keys.queue(SCAN)) == 0


def test_what_a_scanner_works_on_is_left_alone() -> None:
    assert decided(began=NOW) is None


def test_what_was_taken_a_moment_ago_is_left_alone() -> None:
    assert decided(missing_for=LOST_AFTER - LATER) is None


def test_an_order_whose_job_got_lost_is_put_before_the_scanner_again() -> None:
    assert isinstance(decided(missing_for=LOST_AFTER), OrdersAgain)


def test_what_kills_the_scanner_again_and_again_is_judged_without_it() -> None:
    found = after(decided(missing_for=LOST_AFTER, lost=MOST_LOST - 1))
    assert (found.state, found.stage, found.queue) == (State.QUEUED, Stage.WORK, "registry")
    assert found.job_id == "operation-1042-3"


def test_a_scan_that_hangs_is_judged_without_it() -> None:
    long_ago = NOW - LONGEST - timedelta(minutes=1)
    found = decided(began=long_ago)
    assert after(found).state is State.QUEUED
    assert isinstance(found, EndsWait)
    assert "slow" in str(found.also)


def test_an_order_that_waits_for_a_scanner_waits_as_long_as_it_takes_and_the_card_says_so() -> None:
    assert decided(whereabouts=IN_QUEUE, now=NOW + TOLD_AFTER) is None
    assert decided(whereabouts=IN_QUEUE, now=NOW + timedelta(days=1)) == ShowsStep(WAITING)
    waiting = replace(scanned(), progress=Progress(WAITING))
    assert decided(waiting, whereabouts=IN_QUEUE, now=NOW + timedelta(days=1)) is None
    assert decided(waiting, began=NOW) == ShowsStep("scanning")


def test_an_answer_whose_job_got_lost_is_read_by_another_job() -> None:
    assert decided(is_answered=True, whereabouts=IN_QUEUE) is None
    found = after(decided(is_answered=True, missing_for=LOST_AFTER))
    assert (found.state, found.stage, found.scan_order) == (State.QUEUED, Stage.WORK, "1042-2")


def test_an_order_that_is_gone_is_written_anew_by_a_worker_of_the_queue() -> None:
    assert decided(order=None) is None
    found = after(decided(order=None, missing_for=LOST_AFTER))
    assert (found.state, found.stage, found.queue) == (State.QUEUED, Stage.EXAMINE, "registry")
    assert found.resolved == scanned().resolved


def test_an_order_that_goes_again_and_again_ends_with_words() -> None:
    found = after(decided(scanned(attempt=12), order=None, missing_for=LOST_AFTER))
    assert found.state is State.FAILED


def test_a_forged_order_ends_with_the_reason() -> None:
    found = after(decided(order=Problem("It is forged.")))
    assert found.outcome == Failed(Problem("It is forged."))


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.CANCELLED, State.FAILED])
def test_a_scan_can_end_in_every_way_that_it_needs_to(state: State) -> None:
    assert scanned().moved(state, NOW).state is state
