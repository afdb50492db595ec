"""Nothing stays as it is for ever: lost jobs, dead workers, approvals nobody gave, bake windows.

What should happen to an operation is a pure decision over its record and a few facts. It is
carried out by compare-and-set, so it does no harm in several processes or a moment too late.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from quaymaster.errors import Conflict, Forged, Trouble, WrittenByNewer
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Failed, Lost
from quaymaster.requests import (
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    ScanRequest,
    TagRequest,
    TagsRequest,
)
from quaymaster.signing_key import Keys
from quaymaster.store import keys, leases, records
from quaymaster.store.transactions import Connection, Query, ask, perform
from workers.forged import end_forged
from workers.scan_watch import Ends, ScanWatch

log = structlog.get_logger(__name__)

LOST_JOB_AFTER = timedelta(seconds=5)
"""A worker has moved a job to running long before: popping takes milliseconds."""
RECOVERY_PATIENCE = timedelta(seconds=9)
"""How long a recovery may wait for a worker of its queue before the card says what is known."""
INTERRUPTION_SECONDS = 3.0
"""So long without a look means that Redis was away, or this process was."""
RENEWAL_SECONDS = 3.5
"""Whoever lives renews a lease well within this (workers/running.py)."""
MOST_ATTEMPTS = 12
MOST_DEATHS = 3

_HARMLESS = (
    ImagesRequest,
    TagsRequest,
    InspectRequest,
    HistoryRequest,
    ScanRequest,
    TagRequest,
)
"""Doing these twice is the same as doing them once."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true besides the record."""

    now: datetime
    is_leased: bool
    is_in_queue: bool


def decide(operation: Operation, facts: Facts) -> Operation | None:
    """The next version of the record, or None when it is as it should be."""
    match operation.state:
        case State.QUEUED:
            return _of_a_queued(operation, facts)
        case State.RUNNING:
            return None if facts.is_leased else _of_a_dead(operation, facts.now)
        case State.AWAITING_APPROVAL:
            approval = operation.approval
            if approval is None or facts.now < approval.rule.expires_at:
                return None
            return operation.moved(State.EXPIRED, facts.now, outcome=_expired(operation))
        case State.BAKING:
            if operation.look_at is None or facts.now < operation.look_at:
                return None
            return operation.queued(Stage.LOOK, operation.queue, facts.now)
        case _:
            return None


def _of_a_queued(operation: Operation, facts: Facts) -> Operation | None:
    waited = facts.now - operation.changed_at
    is_recovery = operation.stage is Stage.RECOVER
    if is_recovery and not facts.is_leased and waited > RECOVERY_PATIENCE:
        return operation.moved(State.UNKNOWN, facts.now, outcome=_nobody_looked(operation))
    if facts.is_leased or facts.is_in_queue or waited < LOST_JOB_AFTER:
        return None
    if operation.attempt >= MOST_ATTEMPTS:
        return operation.moved(State.FAILED, facts.now, outcome=_never_started(operation))
    return operation.queued(operation.stage, operation.queue, facts.now)


def _of_a_dead(operation: Operation, now: datetime) -> Operation:
    deaths = operation.deaths + 1
    if deaths >= MOST_DEATHS:
        return operation.moved(State.UNKNOWN, now, outcome=_nobody_looked(operation), deaths=deaths)
    return operation.queued(stage_after_a_loss(operation), operation.queue, now, deaths=deaths)


def stage_after_a_loss(operation: Operation) -> Stage:
    """What comes after a job ended without a result: the same again where that does no harm, else
    somebody looks at what it left behind.
    """
    is_harmless = isinstance(operation.request, _HARMLESS) or operation.stage in (
        Stage.EXAMINE,
        Stage.PLAN,
        Stage.LOOK,
    )
    return operation.stage if is_harmless else Stage.RECOVER


def _expired(operation: Operation) -> Ended:
    missing = operation.approval.missing() if operation.approval else 0
    return Ended(
        f"Nobody decided in time: {missing} approval(s) were still missing. Nothing was changed.",
        next_step="Ask for the deploy again when somebody can approve it.",
    )


def _never_started(operation: Operation) -> Failed:
    return Failed(
        Trouble(
            "It could not be started.",
            why=f"{operation.attempt} times a worker of the queue {operation.queue} took it and "
            "ended before it began.",
            next_step="Whoever runs Quaymaster finds the reason in that worker's log.",
        )
    )


def _nobody_looked(operation: Operation) -> Lost:
    return Lost(
        f"{operation.interruption} while it ran, and no worker of the queue {operation.queue} "
        "was free to look at what it left behind.",
        next_step="Look yourself before you try again: `/image status`, `/image images`.",
    )


@dataclass(slots=True)
class Reconciler:
    """Looks at all operations again and again.

    Leases also run out while Redis is away, and their holders live. After an interruption, and at
    first, they get a moment to renew them before anybody is taken for dead.
    """

    connection: Connection
    keys: Keys
    clock: Callable[[], float] = time.monotonic
    _watch: ScanWatch = field(default_factory=ScanWatch)
    _looked_at: float = float("-inf")
    _leases_count_from: float = 0.0

    def look(self, now: datetime) -> int:
        """Look at every open operation once; how many were moved. Raises Unavailable."""
        began = self.clock()
        if began - self._looked_at > INTERRUPTION_SECONDS:
            self._leases_count_from = began + RENEWAL_SECONDS
        trusts = began >= self._leases_count_from
        if not trusts:
            self._watch.forget()
        moved = reconcile(self.connection, self.keys, now, self._watch, trusts_leases=trusts)
        self._looked_at = self.clock()
        return moved


def reconcile(
    connection: Connection,
    own: Keys,
    now: datetime,
    watch: ScanWatch | None = None,
    *,
    trusts_leases: bool = True,
) -> int:
    """Look at every open operation once; how many were moved. Raises Unavailable.

    ``watch`` remembers from one look to the next. Without ``trusts_leases`` nobody is taken for
    dead because a lease ran out.
    """
    moved = 0
    watch = watch or ScanWatch()
    scanned: set[str] = set()
    for operation_id in ask(connection, records.open_ids()):
        operation = _loaded(connection, operation_id, own)
        if operation is None or operation.state.is_terminal:
            continue
        if operation.state is State.RUNNING and not trusts_leases:
            continue
        if operation.state is State.SCANNING:
            scanned.add(operation.scan_order or "")
            found = watch.look(connection, operation, own.ring, now)
        else:
            after = decide(operation, _facts(connection, operation, now))
            found = Ends(after) if after is not None else None
        moved += found is not None and _move(connection, operation, found, own)
    watch.keep_only(scanned)
    return moved


def _move(connection: Connection, operation: Operation, found: Ends, own: Keys) -> bool:
    """Whether nobody was first."""
    after = found.after
    event = event_of(after, detail="found")
    try:
        move = records.move(operation, after, event, own.private, also=found.also)
        perform(connection, move)
    except Conflict:
        return False
    log.info("moved", operation=operation.id, before=operation.state, after=after.state)
    return True


def _loaded(connection: Connection, operation_id: int, own: Keys) -> Operation | None:
    """The record. One that is forged is ended, and one that a newer program wrote is left to it:
    neither holds up the others.
    """
    try:
        stored = ask(connection, records.load(operation_id, own.ring))
    except WrittenByNewer:
        return None
    except Forged as error:
        log.exception("record is not acted upon", operation=operation_id)
        end_forged(connection, operation_id, error.trouble, own)
        return None
    return stored.operation if stored else None


def _facts(connection: Connection, operation: Operation, now: datetime) -> Facts:
    owner = ask(connection, leases.owner_of(records.lease_name(operation.id)))
    place = ask(
        connection,
        Query(("LPOS", keys.queue(operation.queue), operation.job_id), lambda reply: reply),
    )
    return Facts(now, owner is not None, place is not None)
