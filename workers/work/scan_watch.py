"""No scan lasts for ever: lost orders, scanners that die, answers that are not read.

As for all operations (``workers/reconciler.py``), what should happen is a pure decision over the
record and a few facts, carried out by compare-and-set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

import structlog

from quaymaster.errors import Conflict, Forged, Problem, WrittenByNewer
from quaymaster.journal import event_of
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Failed
from quaymaster.progress import Progress
from quaymaster.queues import scan_queue
from quaymaster.scan_orders import WAITING, ScanOrder
from quaymaster.signed import Signed
from quaymaster.signing_key import Keys
from quaymaster.store import leases, records, scan_orders
from quaymaster.store.scan_orders import GivenUp
from quaymaster.store.transactions import Command, Connection, Query, ask_all, perform
from workers.work.facts import MissingJobs, Whereabouts, whereabouts, whereabouts_of

log = structlog.get_logger(__name__)

LOST_AFTER = timedelta(seconds=8)
"""So long nobody may have it: a worker that is slow comes to its lease within that time. Should
one be slower, it finds that another has it."""
MOST_LOST = 3
"""So often a scanner may die with an image."""
LONGEST = timedelta(minutes=15)
TOLD_AFTER = timedelta(seconds=20)
"""So long the card says nothing about waiting for a scanner."""
_MARGIN = timedelta(minutes=1)
"""The scanner itself ends scans that take too long; a scanner that hangs is detected here."""
_MOST_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class ScanFacts:
    """The facts about an operation in the scanner, apart from its record."""

    now: datetime
    order: Signed[ScanOrder] | Problem | None
    """A problem if there is something else in the order's place."""
    is_answered: bool
    whereabouts: Whereabouts
    """Of the scanner's job, or once it has answered of the operation's next one."""
    began: datetime | None
    """When the scanner began that works on it now."""
    lost: int
    """How many jobs of the scanner got lost before."""
    missing_for: timedelta
    """How long that job has been seen missing, without a break."""


@dataclass(frozen=True, slots=True)
class EndsWait:
    """The wait is over."""

    after: Operation
    also: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class OrdersAgain:
    """The order is put before the scanner once more."""

    order: Signed[ScanOrder]


@dataclass(frozen=True, slots=True)
class ShowsStep:
    """The card says another word about it."""

    step: str


Decision = EndsWait | OrdersAgain | ShowsStep | None


def decide_scanning(operation: Operation, facts: ScanFacts) -> Decision:
    """What should become of an operation that is being scanned."""
    is_lost = facts.missing_for >= LOST_AFTER
    if facts.is_answered:
        return EndsWait(_next(operation, facts.now)) if is_lost else None
    match facts.order:
        case Problem() as trouble:
            return EndsWait(operation.moved(State.FAILED, facts.now, outcome=Failed(trouble)))
        case None:
            return EndsWait(_ordered_anew(operation, facts.now)) if is_lost else None
        case order if facts.began is not None:
            is_slow = facts.now - facts.began > LONGEST + _MARGIN
            if is_slow:
                return _given_up(operation, facts.now, "slow")
            return _step_shown(operation, "scanning") if _step(operation) == WAITING else None
        case order if facts.whereabouts.is_in_queue:
            waited = facts.now - operation.changed_at
            return _step_shown(operation, WAITING) if waited > TOLD_AFTER else None
        case order if is_lost:
            if facts.lost + 1 >= MOST_LOST:
                return _given_up(operation, facts.now, "died")
            return OrdersAgain(order)
        case _:
            return None


def _next(operation: Operation, now: datetime) -> Operation:
    return operation.queued(operation.stage, operation.queue, now)


def _ordered_anew(operation: Operation, now: datetime) -> Operation:
    """The order is gone, and only a worker of its queue may sign another."""
    if operation.attempt >= _MOST_ATTEMPTS:
        problem = Problem(
            "It could not be scanned.",
            why="Its order to the scanner kept disappearing.",
            next_step="Your Quaymaster administrator should check what else writes to its "
            "database.",
        )
        return operation.moved(State.FAILED, now, outcome=Failed(problem))
    return operation.queued(Stage.EXAMINE, operation.queue, now)


def _given_up(operation: Operation, now: datetime, why: GivenUp) -> EndsWait:
    also = scan_orders.given_up(operation.scan_order or "", why)
    return EndsWait(_next(operation, now), also)


def _step(operation: Operation) -> str:
    return operation.progress.step if operation.progress else ""


def _step_shown(operation: Operation, step: str) -> ShowsStep | None:
    return ShowsStep(step) if _step(operation) != step else None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The first look at one operation."""

    operation: Operation
    is_answered: bool
    lost: int
    owner: str | None
    order: Signed[ScanOrder] | Problem | None

    @property
    def job_id(self) -> str:
        """The job that should be somewhere."""
        if self.is_answered:
            return self.operation.job_id
        return scan_orders.job_id(self.operation.scan_order or "", self.lost)

    def whereabouts(self) -> Query[Whereabouts]:
        if self.is_answered:
            return whereabouts_of(self.operation)
        lease = scan_orders.lease_name(self.operation.scan_order or "")
        return whereabouts(self.job_id, scan_queue(self.operation.queue), lease)


@dataclass(slots=True)
class ScanWatch:
    """Looks again and again at operations that are being scanned."""

    _missing: MissingJobs = field(default_factory=MissingJobs)

    def forget(self) -> None:
        """Redis was unreachable, or this process was paused: living scanners get a moment to show
        up.
        """
        self._missing.forget()

    def look(
        self,
        connection: Connection,
        operations: Sequence[Operation],
        own: Keys,
        now: datetime,
        clock: float,
    ) -> int:
        """Do with each what should be done; how many were moved. Raises Unavailable."""
        snapshots = _snapshots(connection, operations, own.ring)
        places = ask_all(connection, [one.whereabouts() for one in snapshots])
        pairs = list(zip(snapshots, places, strict=True))
        self._missing.look([(one.job_id, place) for one, place in pairs], clock)
        moved = 0
        for one, place in pairs:
            facts = ScanFacts(
                now,
                one.order,
                one.is_answered,
                place,
                _began(one.owner, now) if one.owner is not None else None,
                one.lost,
                self._missing.missing_for(one.job_id, clock),
            )
            moved += _carry_out(connection, one, decide_scanning(one.operation, facts), own)
        return moved


def _carry_out(connection: Connection, snapshot: _Snapshot, decision: Decision, own: Keys) -> bool:
    """Whether the operation was moved."""
    operation = snapshot.operation
    match decision:
        case ShowsStep(step):
            perform(connection, records.waits(operation, Progress(step)))
        case OrdersAgain(order):
            if perform(connection, scan_orders.again(order, snapshot.lost)):
                log.info("ordered again", operation=operation.id, lost=snapshot.lost + 1)
        case EndsWait(after, also):
            return _moved(connection, operation, after, also, own)
        case None:
            return False
        case _:
            assert_never(decision)
    return False


def _moved(
    connection: Connection,
    before: Operation,
    after: Operation,
    also: tuple[Command, ...],
    own: Keys,
) -> bool:
    event = event_of(after, detail="found")
    try:
        perform(connection, records.move(before, after, event, own.private, also=also))
    except Conflict:
        return False
    log.info("moved", operation=before.id, before=before.state, after=after.state)
    return True


def _snapshots(
    connection: Connection, operations: Sequence[Operation], ring: KeyRing
) -> tuple[_Snapshot, ...]:
    """Those whose orders this program can read."""
    snapshots = []
    orders = [one.scan_order or "" for one in operations]
    answered = ask_all(connection, [scan_orders.is_answered(one) for one in orders])
    lost = ask_all(connection, [scan_orders.tries(one) for one in orders])
    leased = [leases.owner_of(scan_orders.lease_name(one)) for one in orders]
    owners = ask_all(connection, leased)
    read = ask_all(connection, [_readable(one, ring) for one in orders])
    for number, operation in enumerate(operations):
        order = read[number]
        if not isinstance(order, WrittenByNewer):
            snapshots.append(
                _Snapshot(operation, answered[number], lost[number], owners[number], order)
            )
    return tuple(snapshots)


def _readable(
    order_id: str, ring: KeyRing
) -> Query[Signed[ScanOrder] | Problem | WrittenByNewer | None]:
    loading = scan_orders.load(order_id, ring)

    def read(reply: Any) -> Signed[ScanOrder] | Problem | WrittenByNewer | None:
        try:
            return loading.read(reply)
        except WrittenByNewer as error:
            return error
        except Forged as error:
            return error.problem

    return Query(loading.command, read, otherwise=lambda: read(scan_orders.OF_ANOTHER_TYPE))


def _began(owner: str, now: datetime) -> datetime:
    """The owner of an order's lease says when it began; whatever else stands there, began now."""
    number = owner.partition(":")[0]
    is_time = number.isdigit() and len(number) < 12
    return datetime.fromtimestamp(int(number), UTC) if is_time else now
