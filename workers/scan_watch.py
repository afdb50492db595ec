"""Nothing is scanned for ever: lost orders, scanners that die, answers that nobody reads.

As for all operations (``workers/reconciler.py``), what should happen is a pure decision over the
record and a few facts, carried out by compare-and-set.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import assert_never

import structlog

from quaymaster.errors import Forged, Trouble, WrittenByNewer
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Failed
from quaymaster.progress import Progress
from quaymaster.queues import SCAN
from quaymaster.scan_orders import WAITING, ScanOrder
from quaymaster.signed import Signed
from quaymaster.store import keys, leases, records, scan_orders
from quaymaster.store.scan_orders import GivenUp
from quaymaster.store.transactions import Command, Connection, Query, ask, perform

log = structlog.get_logger(__name__)

LOST_AFTER = timedelta(seconds=5)
"""So long nobody may have it. Popping a job and taking the lease takes milliseconds, on a machine
that is very busy seconds."""
MOST_LOST = 3
"""So often a scanner may die with an image."""
LONGEST = timedelta(minutes=15)
TOLD_AFTER = timedelta(seconds=20)
"""So long the card says nothing about waiting for a scanner."""
_MARGIN = timedelta(minutes=1)
"""The scanner itself ends what takes too long; only one that hangs is found out here."""
_MOST_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class ScanFacts:
    """What is true besides the record of an operation that is being scanned."""

    now: datetime
    order: Signed[ScanOrder] | Trouble | None
    """A trouble where something stands in its place that is no order."""
    is_answered: bool
    is_queued: bool
    """A job is there: the scanner's, or once it has answered the operation's next one."""
    began: datetime | None
    """When the scanner began that works on it now."""
    lost: int
    """How many jobs of the scanner got lost before."""
    nobody_for: timedelta
    """How long nobody has had it, as far as was seen."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The wait is over."""

    after: Operation
    also: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """The order is put before the scanner once more."""

    order: Signed[ScanOrder]


@dataclass(frozen=True, slots=True)
class Says:
    """The card says another word about it."""

    step: str


Decision = Ends | Again | Says | None


def decide_scanning(operation: Operation, facts: ScanFacts) -> Decision:
    """What should become of an operation that is being scanned."""
    is_lost = facts.nobody_for >= LOST_AFTER
    if facts.is_answered:
        return Ends(_next(operation, facts.now)) if is_lost else None
    match facts.order:
        case Trouble() as trouble:
            return Ends(operation.moved(State.FAILED, facts.now, outcome=Failed(trouble)))
        case None:
            return Ends(_ordered_anew(operation, facts.now)) if is_lost else None
        case order if facts.began is not None:
            is_slow = facts.now - facts.began > LONGEST + _MARGIN
            if is_slow:
                return _given_up(operation, facts.now, "slow")
            return _said(operation, "scanning") if _step(operation) == WAITING else None
        case order if facts.is_queued:
            waited = facts.now - operation.changed_at
            return _said(operation, WAITING) if waited > TOLD_AFTER else None
        case order if is_lost:
            if facts.lost + 1 >= MOST_LOST:
                return _given_up(operation, facts.now, "died")
            return Again(order)
        case _:
            return None


def _next(operation: Operation, now: datetime) -> Operation:
    return operation.queued(operation.stage, operation.queue, now)


def _ordered_anew(operation: Operation, now: datetime) -> Operation:
    """The order is gone, and only a worker of its queue may sign another."""
    if operation.attempt >= _MOST_ATTEMPTS:
        trouble = Trouble(
            "It could not be scanned.",
            why="Its order to the scanner was gone again and again.",
            next_step="Whoever runs Quaymaster looks at who else writes to its database.",
        )
        return operation.moved(State.FAILED, now, outcome=Failed(trouble))
    return operation.queued(Stage.EXAMINE, operation.queue, now)


def _given_up(operation: Operation, now: datetime, why: GivenUp) -> Ends:
    also = scan_orders.given_up(operation.scan_order or "", why)
    return Ends(_next(operation, now), also)


def _step(operation: Operation) -> str:
    return operation.progress.step if operation.progress else ""


def _said(operation: Operation, step: str) -> Says | None:
    return Says(step) if _step(operation) != step else None


@dataclass(slots=True)
class ScanWatch:
    """Looks at operations that are being scanned; remembers since when nobody has had which."""

    _nobody_since: dict[str, datetime] = field(default_factory=dict)

    def forget(self) -> None:
        """Redis was away, or this process: whoever lives gets a moment to show it."""
        self._nobody_since.clear()

    def keep_only(self, orders: set[str]) -> None:
        """Forget those that nobody waits for any more."""
        self._nobody_since = {
            order: since for order, since in self._nobody_since.items() if order in orders
        }

    def look(
        self, connection: Connection, operation: Operation, ring: KeyRing, now: datetime
    ) -> Ends | None:
        """Do what should be done with it; the move that should be made, if one should."""
        try:
            facts = self._facts(connection, operation, ring, now)
        except WrittenByNewer:
            return None
        decision = decide_scanning(operation, facts)
        match decision:
            case None | Ends():
                return decision
            case Says(step):
                perform(connection, records.waits(operation, Progress(step)))
            case Again(order):
                self._nobody_since.pop(order.value.id, None)
                lost = ask(connection, scan_orders.tries(order.value.id))
                if perform(connection, scan_orders.again(order, lost)):
                    log.info("ordered again", operation=operation.id, lost=lost + 1)
            case _:
                assert_never(decision)
        return None

    def _facts(
        self, connection: Connection, operation: Operation, ring: KeyRing, now: datetime
    ) -> ScanFacts:
        order_id = operation.scan_order or ""
        is_answered = ask(connection, scan_orders.is_answered(order_id))
        lost = ask(connection, scan_orders.tries(order_id))
        owner = ask(connection, leases.owner_of(scan_orders.lease_name(order_id)))
        if is_answered:
            is_queued = _is_in_queue(connection, operation.queue, operation.job_id)
            name = records.lease_name(operation.id)
            is_leased = ask(connection, leases.owner_of(name)) is not None
        else:
            job = scan_orders.job_id(order_id, lost)
            is_queued = _is_in_queue(connection, SCAN, job)
            is_leased = owner is not None
        if is_queued or is_leased:
            self._nobody_since.pop(order_id, None)
        else:
            self._nobody_since.setdefault(order_id, now)
        return ScanFacts(
            now,
            _order(connection, order_id, ring),
            is_answered,
            is_queued,
            _began(owner, now) if owner is not None else None,
            lost,
            now - self._nobody_since.get(order_id, now),
        )


def _order(
    connection: Connection, order_id: str, ring: KeyRing
) -> Signed[ScanOrder] | Trouble | None:
    """Raises WrittenByNewer."""
    try:
        return ask(connection, scan_orders.load(order_id, ring))
    except Forged as error:
        return error.trouble


def _is_in_queue(connection: Connection, queue: str, job_id: str) -> bool:
    return ask(
        connection, Query(("LPOS", keys.queue(queue), job_id), lambda reply: reply is not None)
    )


def _began(owner: str, now: datetime) -> datetime:
    """The owner of an order's lease says when it began; whatever else stands there, began now."""
    number = owner.partition(":")[0]
    is_time = number.isdigit() and len(number) < 12
    return datetime.fromtimestamp(int(number), UTC) if is_time else now
