"""A running operation: its leases, its progress, and the question whether to go on."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from quaymaster.errors import (
    Cancelled,
    Conflict,
    HandedBack,
    LeaseLost,
    QuaymasterError,
    Unavailable,
)
from quaymaster.operations import Operation
from quaymaster.progress import Progress
from quaymaster.store import leases, records, service_leases
from quaymaster.store.transactions import Connection, Equals, Transaction, ask, perform
from quaymaster.target import ServiceRef
from workers.work import shutdown
from workers.work.lease_keeper import kept_alive

log = structlog.get_logger(__name__)

_REPORT_SECONDS = 0.5
_ASK_SECONDS = 0.5
_LOOK_SECONDS = 30.0
_POLL_SECONDS = 0.1


@dataclass(slots=True)
class RunningOperation:
    """What a job is handed: it reports, and asks between steps whether to go on."""

    operation: Operation
    connection: Connection
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    _is_committed: bool = False
    _last_report: float = 0.0
    _last_step: str = ""
    _last_ask: float = 0.0

    @property
    def lease(self) -> Equals:
        """The guard that this process still runs the operation."""
        return leases.held(records.lease_name(self.operation.id), self.owner)

    def report(self, progress: Progress) -> None:
        """Show how far it is. At most twice a second reaches Redis; a change of step always.

        Redis being away is no reason to stop the work: the next report tries again.
        """
        now = time.monotonic()
        is_new_step = progress.step != self._last_step
        if not is_new_step and now - self._last_report < _REPORT_SECONDS:
            return
        self._last_report, self._last_step = now, progress.step
        try:
            perform(self.connection, records.progressed(self.operation.id, progress, self.lease))
        except Unavailable:
            log.warning("progress not written", operation=self.operation.id)

    def check(self) -> None:
        """Raise Cancelled or HandedBack when the job should stop here.

        Nothing is raised after ``commit_point``: what has begun to change is brought to its end.
        """
        if self._is_committed:
            return
        if shutdown.is_asked():
            raise HandedBack("The worker is shutting down; the operation goes back to its queue.")
        self.check_cancel()

    def check_cancel(self) -> None:
        """Raise Cancelled when somebody asked for it: in the middle of a step, which is finished
        when the worker is asked to stop.
        """
        if self._is_committed:
            return
        now = time.monotonic()
        if now - self._last_ask < _ASK_SECONDS:
            return
        self._last_ask = now
        try:
            is_asked = ask(self.connection, records.is_cancel_asked(self.operation.id))
        except Unavailable:
            return
        if is_asked:
            raise Cancelled("It was cancelled while it ran.")

    def commit_point(self) -> None:
        """From here on neither a cancel nor a shutdown stops the job.

        Raises Cancelled when somebody asked in time, HandedBack, LeaseLost, and Unavailable:
        without Redis nobody can say whether this process may still go on. Passing it again is fine.
        """
        self.check()
        transaction = records.pass_commit_point(self.operation.id, self.lease)
        if not perform(self.connection, transaction):
            if ask(self.connection, records.is_cancel_asked(self.operation.id)):
                raise Cancelled("It was cancelled before anything was changed.")
            raise LeaseLost("Another worker took this operation over.")
        self._is_committed = True


@dataclass(slots=True)
class ServiceFence:
    """The right to change a service. Called before each changing call to the engine: it raises
    LeaseLost when it is gone.
    """

    connection: Connection
    name: str
    owner: str
    is_unfinished: bool = False
    """Whether something is left half-way: a look at the service settles it."""

    def __call__(self) -> None:
        if ask(self.connection, leases.owner_of(self.name)) != self.owner:
            raise LeaseLost(
                "This worker lost the right to change the service.",
                why="It did not reach Redis for too long, so another worker may be at work.",
            )


@contextmanager
def service_lease(work: RunningOperation, service: ServiceRef) -> Iterator[ServiceFence]:
    """The right to change a service, for one operation at a time. Raises Conflict when another
    operation is at work there.
    """
    owner = f"{work.operation.id}:{work.owner}"
    _take_service(work.connection, service, owner)
    with service_kept(work.connection, service, owner) as right:
        yield right


@contextmanager
def service_kept(connection: Connection, service: ServiceRef, owner: str) -> Iterator[ServiceFence]:
    """The right that this owner has taken, until the end of the block; then it is given back, or a
    mark stays behind: it was not done, or the right was lost and a call may have come too late.
    """
    right = ServiceFence(connection, service_leases.name_of(service), owner)
    with kept_alive(connection, [(right.name, owner, leases.SERVICE_MILLISECONDS)]):
        try:
            yield right
        except QuaymasterError:
            right.is_unfinished = True
            raise
        finally:
            try:
                if not perform(connection, _given_back(right, service)):
                    log.warning("lease was lost", lease=right.name, owner=owner)
                    perform(connection, service_leases.note_late(service, owner, _now()))
            except Unavailable:
                log.warning("lease not given back; it expires by itself", lease=right.name)


def _given_back(right: ServiceFence, service: ServiceRef) -> Transaction[bool]:
    if right.is_unfinished:
        return service_leases.give_back_unfinished(service, right.owner, _now())
    return service_leases.give_back(service, right.owner)


def _take_service(connection: Connection, service: ServiceRef, owner: str) -> None:
    """Take the lease, also from an earlier job of the same operation: that one is dead or paused,
    or the operation's own lease would not be ours.
    """
    name = service_leases.name_of(service)
    until = time.monotonic() + _LOOK_SECONDS
    while True:
        if perform(connection, service_leases.take(service, owner, _now())):
            return
        other = ask(connection, leases.owner_of(name)) or ":"
        operation = other.partition(":")[0]
        if operation or time.monotonic() > until:
            break
        time.sleep(_POLL_SECONDS)  # a look at the service: it settles something, and is done soon
    is_our_own = operation == owner.partition(":")[0]
    if is_our_own and perform(connection, service_leases.take_over(service, other, owner, _now())):
        return
    raise Conflict(
        f"{service} is being changed by {f'#{operation}' if operation else 'another operation'}.",
        why="Two changes of one service at once would undo each other.",
        next_step="Try again when that one is finished.",
    )


def _now() -> datetime:
    return datetime.now(UTC)
