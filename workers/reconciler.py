"""Nothing stays unfinished for ever: lost jobs, dead workers, missing approvals, bake windows.

What should happen to an operation is a pure decision over its record and a few facts. It is
carried out by compare-and-set, so it does no harm in several processes or a moment too late.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from quaymaster.errors import Conflict, Forged, Problem, WrittenByNewer
from quaymaster.journal import event_of
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Failed, Interrupted
from quaymaster.signing_key import Keys
from quaymaster.store import operation_fields, records
from quaymaster.store.operation_fields import StoredOperation
from quaymaster.store.transactions import Connection, Query, ask, ask_all, perform
from workers.work.facts import (
    MissingJobs,
    ReconcileFacts,
    UnworkedJobs,
    Whereabouts,
    whereabouts_of,
)
from workers.work.forged import end_forged
from workers.work.scan_watch import ScanWatch

log = structlog.get_logger(__name__)

LOST_JOB_AFTER = timedelta(seconds=8)
"""So long a job may be out of its queue before its worker has noted that it took it: four round
trips, each of which waits for the disk of a slow Redis.
"""
STUCK_JOB_AFTER = timedelta(seconds=60)
"""So long it may be with a worker that lives and does not begin."""
RECOVERY_PATIENCE = timedelta(seconds=9)
"""How long a recovery may wait for a worker of its queue before the card says what is known."""
INTERRUPTION_SECONDS = 3.0
"""This long without a look means that Redis was unreachable, or this process paused."""
RENEWAL_SECONDS = 3.5
"""A living worker renews a lease well within this time (workers/work/running.py)."""
MOST_ATTEMPTS = 12
MOST_CRASHES = 3


def decide(operation: Operation, facts: ReconcileFacts) -> Operation | None:
    """The next version of the record, or None when it is as it should be."""
    match operation.state:
        case State.QUEUED:
            return _of_a_queued(operation, facts)
        case State.RUNNING:
            return None if facts.whereabouts.is_leased else _of_a_dead(operation, facts.now)
        case State.AWAITING_APPROVAL:
            approval = operation.approval
            if approval is None or facts.now < approval.rule.expires_at:
                return None
            return operation.moved(State.EXPIRED, facts.now, outcome=_expired(operation))
        case State.BAKING:
            if operation.verify_at is None or facts.now < operation.verify_at:
                return None
            return operation.queued(Stage.VERIFY, operation.queue, facts.now)
        case _:
            return None


def _of_a_queued(operation: Operation, facts: ReconcileFacts) -> Operation | None:
    is_late = facts.unworked_for > RECOVERY_PATIENCE
    is_worked_at = facts.whereabouts.is_worked_at
    if operation.stage is Stage.RECOVER and is_late and not is_worked_at:
        return operation.moved(State.UNKNOWN, facts.now, outcome=_nobody_looked(operation))
    if not facts.whereabouts.is_missing or facts.missing_for < _lost_after(facts):
        return None
    if operation.attempt >= MOST_ATTEMPTS:
        return operation.moved(State.FAILED, facts.now, outcome=_never_started(operation))
    return operation.queued(operation.stage, operation.queue, facts.now)


def _lost_after(facts: ReconcileFacts) -> timedelta:
    return STUCK_JOB_AFTER if facts.whereabouts.is_taken else LOST_JOB_AFTER


def _of_a_dead(operation: Operation, now: datetime) -> Operation:
    crashes = operation.crashes + 1
    if crashes >= MOST_CRASHES:
        return operation.moved(
            State.UNKNOWN, now, outcome=_nobody_looked(operation), crashes=crashes
        )
    stage = stage_after_a_loss(operation)
    if operation.cancel_asked_by is not None and stage not in (Stage.VERIFY, Stage.RECOVER):
        outcome = Ended("The worker died before it could stop.", by=operation.cancel_asked_by)
        return operation.moved(State.CANCELLED, now, outcome=outcome, crashes=crashes)
    return operation.queued(stage, operation.queue, now, crashes=crashes)


def stage_after_a_loss(operation: Operation) -> Stage:
    """What comes after a job ended without a result: the same again where that does no harm, else
    somebody looks at what it left behind.
    """
    work = operation.request.facts.work
    is_repeatable = work is not None and work.is_repeatable
    is_harmless = operation.stage in (Stage.EXAMINE, Stage.PLAN, Stage.VERIFY)
    return operation.stage if is_repeatable or is_harmless else Stage.RECOVER


def _expired(operation: Operation) -> Ended:
    missing = operation.approval.missing() if operation.approval else 0
    return Ended(
        f"Nobody decided in time: {missing} approval{'' if missing == 1 else 's'} still missing. "
        "Nothing was changed.",
        next_step="Ask for the deploy again when somebody can approve it.",
    )


def _never_started(operation: Operation) -> Failed:
    return Failed(
        Problem(
            "It could not be started.",
            why=f"{operation.attempt} times a worker of the queue {operation.queue} took it and "
            "ended before it could start it.",
            next_step="Your Quaymaster administrator can find the reason in that worker's log.",
        )
    )


def _nobody_looked(operation: Operation) -> Interrupted:
    return Interrupted(
        f"{operation.interruption} while it ran, and no worker of the queue {operation.queue} "
        "was free to check what it left behind.",
        next_step="Check for yourself before you try again: `/image status`, `/image images`.",
    )


@dataclass(slots=True)
class Reconciler:
    """Looks at all operations again and again.

    Leases also run out while Redis is away, and their holders live. After an interruption, and at
    first, they get a moment to renew them before any counts as dead.
    """

    connection: Connection
    keys: Keys
    clock: Callable[[], float] = time.monotonic
    _watch: ScanWatch = field(default_factory=ScanWatch)
    _looked_at: float = float("-inf")
    _leases_count_from: float = 0.0
    _missing: MissingJobs = field(default_factory=MissingJobs)
    _unworked: UnworkedJobs = field(default_factory=UnworkedJobs)

    def look(self, now: datetime) -> int:
        """Look at every open operation once; how many were moved. Raises Unavailable."""
        began = self.clock()
        if began - self._looked_at > INTERRUPTION_SECONDS:
            self._leases_count_from = began + RENEWAL_SECONDS
            self._missing.forget()
            self._unworked.forget()
            self._watch.forget()
        trusts_leases = began >= self._leases_count_from
        operations = self._all_open()
        moved = 0
        for operation in self._suspicious(operations, now, trusts_leases):
            moved += self._moved_on(operation, now)
        if trusts_leases:
            scanned = [one for one in operations if one.state is State.SCANNING]
            moved += self._watch.look(self.connection, scanned, self.keys, now, self.clock())
        self._looked_at = self.clock()
        return moved

    def _suspicious(
        self, operations_now: list[Operation], now: datetime, trusts_leases: bool
    ) -> list[Operation]:
        """Those with which something is to be done, as it seems. Everything is read in three round
        trips: beside others that write, each of them waits for the disk.
        """
        operations = [
            one for one in operations_now if one.state is not State.RUNNING or trusts_leases
        ]
        places = ask_all(self.connection, [whereabouts_of(one) for one in operations])
        pairs = list(zip(operations, places, strict=True))
        queued = [(one.job_id, place) for one, place in pairs if one.state is State.QUEUED]
        self._missing.look(queued, self.clock())
        self._unworked.look(queued, self.clock())
        return [one for one, place in pairs if decide(one, self._facts(one, place, now))]

    def _moved_on(self, before: Operation, now: datetime) -> bool:
        """Look at one once more, since much may have happened while others were moved, and do what
        is to be done. Whether something was.
        """
        place = ask(self.connection, whereabouts_of(before))
        after = decide(before, self._facts(before, place, now))
        if after is None:
            return False
        event = event_of(after, detail="found")
        try:
            perform(self.connection, records.move(before, after, event, self.keys.private))
        except Conflict:
            return False
        log.info("moved", operation=before.id, before=before.state, after=after.state)
        return True

    def _all_open(self) -> list[Operation]:
        """What has not ended. A record that is forged is ended, and one that a newer program wrote
        is left to it: neither holds up the others.
        """
        ids = ask(self.connection, records.open_ids())
        replies = ask_all(self.connection, [_readable(one, self.keys.ring) for one in ids])
        operations = []
        for operation_id, one in zip(ids, replies, strict=True):
            if isinstance(one, Forged):
                end_forged(self.connection, operation_id, one.problem, self.keys)
            elif one is not None and not one.operation.state.is_terminal:
                operations.append(one.operation)
        return operations

    def _facts(self, operation: Operation, place: Whereabouts, now: datetime) -> ReconcileFacts:
        job_id, clock = operation.job_id, self.clock()
        missing, unworked = self._missing, self._unworked
        return ReconcileFacts(
            now, place, missing.missing_for(job_id, clock), unworked.missing_for(job_id, clock)
        )


def _readable(operation_id: int, ring: KeyRing) -> Query[StoredOperation | Forged | None]:
    loading = records.load(operation_id, ring)

    def read(reply: Any) -> StoredOperation | Forged | None:
        try:
            return loading.read(reply)
        except WrittenByNewer:
            return None
        except Forged as error:
            log.exception("record is ignored", operation=operation_id)
            return error

    def is_none() -> Forged:
        return operation_fields.another_type(operation_id)

    return Query(loading.command, read, otherwise=is_none)
