"""A running operation: its leases, its progress, and the question whether to go on."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from quaymaster.errors import Cancelled, Conflict, HandedBack, QuaymasterError, Unavailable
from quaymaster.operations import Operation
from quaymaster.progress import Progress
from quaymaster.store import leases, records
from quaymaster.store.transactions import Connection, Equals, ask, perform
from workers import shutdown

log = structlog.get_logger(__name__)

_RENEW_SECONDS = 1.5
_REPORT_SECONDS = 0.5
_ASK_SECONDS = 0.5


class LeaseLost(QuaymasterError):
    """Another process took this operation over; whatever this one knows is out of date."""


@dataclass(slots=True)
class Running:
    """What a job is handed: it reports, and asks between steps whether to go on."""

    operation: Operation
    connection: Connection
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    _is_past_return: bool = False
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

        Nothing is raised after ``no_return``: what has begun to change is brought to its end.
        """
        if self._is_past_return:
            return
        if shutdown.is_asked():
            raise HandedBack("The worker is shutting down; the operation goes back to its queue.")
        now = time.monotonic()
        if now - self._last_ask < _ASK_SECONDS:
            return
        self._last_ask = now
        try:
            by = ask(self.connection, records.cancel_asked_by(self.operation.id))
        except Unavailable:
            return
        if by is not None:
            raise Cancelled("It was cancelled while it ran.")

    def no_return(self) -> None:
        """From here on neither a cancel nor a shutdown stops the job.

        Raises Cancelled when somebody asked in time, HandedBack, LeaseLost, and Unavailable:
        without Redis nobody can say whether this process may still go on.
        """
        self.check()
        transaction = records.pass_the_point_of_no_return(self.operation.id, self.lease)
        if not perform(self.connection, transaction):
            if ask(self.connection, records.cancel_asked_by(self.operation.id)) is not None:
                raise Cancelled("It was cancelled before anything was changed.")
            raise LeaseLost("Another worker took this operation over.")
        self._is_past_return = True


@contextmanager
def kept_alive(
    connection: Connection,
    holds: Callable[[], list[tuple[str, str, int]]],
    *,
    takes_again: bool = False,
) -> Iterator[None]:
    """Renew leases (name, owner, milliseconds) in a thread for as long as the block runs.

    When the process is killed nothing renews them any more: that is how it is noticed. With
    ``takes_again`` a lease that ran out while Redis was away is taken again if it is still free.
    """
    done = threading.Event()

    def renew() -> None:
        while not done.wait(_RENEW_SECONDS):
            for name, owner, milliseconds in holds():
                try:
                    is_held = perform(connection, leases.renew(name, owner, milliseconds))
                    if takes_again and not is_held:
                        perform(connection, leases.take(name, owner, milliseconds))
                except Unavailable:
                    log.warning("lease not renewed", lease=name)

    thread = threading.Thread(target=renew, name="leases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=_RENEW_SECONDS * 2)


def service_lease_name(environment: str, service: str) -> str:
    """The lease of whoever changes a service; its owner begins with the operation."""
    return f"service:{environment}/{service}"


@contextmanager
def service_lease(running: Running, environment: str, service: str) -> Iterator[Callable[[], None]]:
    """The right to change a service, for one operation at a time.

    Gives a function to be called before each changing call to the engine: it raises LeaseLost
    when the right is gone. Raises Conflict when another operation is at work there.
    """
    name = service_lease_name(environment, service)
    owner = f"{running.operation.id}:{running.owner}"
    connection = running.connection
    _take_service(connection, name, owner, f"{environment}/{service}")

    def still_mine() -> None:
        if ask(connection, leases.owner_of(name)) != owner:
            raise LeaseLost(
                "This worker lost the right to change the service.",
                why="It did not reach Redis for too long, so another worker may be at work.",
            )

    with kept_alive(connection, lambda: [(name, owner, leases.SERVICE_MILLISECONDS)]):
        try:
            yield still_mine
        finally:
            try:
                perform(connection, leases.give_back(name, owner))
            except Unavailable:
                log.warning("lease not given back; it expires by itself", lease=name)


def _take_service(connection: Connection, name: str, owner: str, service: str) -> None:
    """Take the lease, also from an earlier job of the same operation: that one is dead, or the
    operation's own lease would not be ours.
    """
    if perform(connection, leases.take(name, owner, leases.SERVICE_MILLISECONDS)):
        return
    other = ask(connection, leases.owner_of(name)) or ""
    operation = other.partition(":")[0]
    is_our_own = operation == owner.partition(":")[0]
    if is_our_own and perform(
        connection, leases.take_over(name, other, owner, leases.SERVICE_MILLISECONDS)
    ):
        return
    raise Conflict(
        f"{service} is being changed by {f'#{operation}' if operation else 'another operation'}.",
        why="Two changes of one service at once would undo each other.",
        next_step="Try again when that one has ended.",
    )
