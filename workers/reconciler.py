"""Nothing stays as it is for ever: lost jobs, dead workers, approvals nobody gave, bake windows.

What should happen to an operation is a pure decision over its record and a few facts. It is
carried out by compare-and-set, so it does no harm in several processes or a moment too late.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from quaymaster.errors import Conflict, Trouble, UsageError
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
from quaymaster.seals import Sealer
from quaymaster.store import keys, leases, records
from quaymaster.store.transactions import Connection, Query, ask, perform

log = structlog.get_logger(__name__)

LOST_JOB_AFTER = timedelta(seconds=5)
"""A worker has moved a job to running long before: popping takes milliseconds."""
RECOVERY_PATIENCE = timedelta(seconds=9)
"""How long a recovery may wait for a worker of its queue before the card says what is known."""
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
            if approval is None or facts.now < approval.expires_at:
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
        f"The worker died while it ran, and no worker of the queue {operation.queue} was free to "
        "look at what it left behind.",
        next_step="Look yourself before you try again: `/image status`, `/image images`.",
    )


def reconcile(connection: Connection, sealer: Sealer, now: datetime) -> int:
    """Look at every open operation once; how many were moved."""
    moved = 0
    for operation_id in ask(connection, records.open_ids()):
        operation = _loaded(connection, operation_id)
        if operation is None or operation.state.is_terminal:
            continue
        after = decide(operation, _facts(connection, operation, now))
        if after is None:
            continue
        try:
            perform(
                connection, records.move(operation, after, event_of(after, sealer, detail="found"))
            )
        except Conflict:
            continue
        log.info("moved", operation=operation.id, before=operation.state, after=after.state)
        moved += 1
    return moved


def _loaded(connection: Connection, operation_id: int) -> Operation | None:
    """The record, unless it cannot be read: one that was damaged must not hold up the others."""
    try:
        stored = ask(connection, records.load(operation_id))
    except (ValueError, UsageError):
        log.exception("record cannot be read", operation=operation_id)
        return None
    return stored.operation if stored else None


def _facts(connection: Connection, operation: Operation, now: datetime) -> Facts:
    owner = ask(connection, leases.owner_of(records.lease_name(operation.id)))
    place = ask(
        connection,
        Query(("LPOS", keys.queue(operation.queue), operation.job_id), lambda reply: reply),
    )
    return Facts(now, owner is not None, place is not None)
