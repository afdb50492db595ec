"""Operations in Redis: accept, load, move to another state, report progress, request a cancel.

Every change to what a card shows raises the operation's ``revision`` and adds the card to the stale
ones, in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quaymaster.errors import Conflict
from quaymaster.journal import Event
from quaymaster.key_ring import KeyRing
from quaymaster.lanes import queue_of_job
from quaymaster.operations import Operation, Stage, State
from quaymaster.progress import Progress
from quaymaster.signing_key import SigningKey
from quaymaster.store import cards, expiry, jobs, keys, operation_fields, scan_orders
from quaymaster.store.cards import Posting
from quaymaster.store.formats import EVENT
from quaymaster.store.ids import ids_in
from quaymaster.store.operation_fields import PROGRESS, NotGenuine, StoredOperation
from quaymaster.store.transactions import (
    Absent,
    Command,
    Equals,
    FieldEquals,
    Guard,
    GuardFailure,
    HasField,
    Query,
    Transaction,
)
from quaymaster.subjects import OperationSubject

_DELIVERY_SECONDS = 24 * 3600
_RECENT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """The operation is recorded, and queued if its state is queued."""

    next_id: int
    """An id reserved for the next command of this process."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """This delivery has already been recorded as this operation."""

    operation: int


class CancelAsked(Conflict):
    """Somebody asked to cancel it."""


class IdTaken(Conflict):
    """This id is already in use: the counter went back, for example because Redis was restored."""


def reserve(count: int = 1) -> Transaction[range]:
    """Ids reserved for this process. If it ends before using them, nobody ever will."""
    return Transaction(
        commands=(("INCRBY", keys.NEXT_ID, count),),
        done=lambda replies: range(int(replies[0]) - count + 1, int(replies[0]) + 1),
        refused=_cannot_be_refused,
    )


def known_ids() -> tuple[Query[int], ...]:
    """The highest id known in each of several places, 0 if there is none: lists of operations, and
    the audit, which also knows operations that are no longer kept.
    """
    lists = (keys.RECENT, keys.ENDED, keys.ENDED_READINGS)
    return (
        Query(("GET", keys.NEXT_ID), lambda reply: int(reply or 0)),
        Query(("SMEMBERS", keys.OPEN), _highest),
        *(Query(("ZRANGE", one, 0, -1), _highest) for one in lists),
        Query(("HKEYS", keys.AUDIT_LATEST), _highest),
    )


def accept(
    operation: Operation, event: Event, key: SigningKey
) -> Transaction[Accepted | Duplicate]:
    """Record a new operation, once per delivery; queue its job if its state is queued.

    It never overwrites a record: raises IdTaken if the id is already in use.

    An operation in the state ``accepted`` has no card yet: the person's rights are not known yet,
    and a refusal is private.
    """
    delivery_key = keys.delivery(operation.origin.delivery)
    is_queued, has_ended = operation.state is State.QUEUED, operation.state.is_terminal
    return Transaction(
        guards=(Absent(delivery_key), FieldEquals(keys.operation(operation.id), "version", "")),
        commands=(
            ("SET", delivery_key, operation.id, "EX", _DELIVERY_SECONDS),
            *operation_fields.written(None, operation, key),
            ("ZADD", keys.RECENT, operation.requested_at.timestamp(), operation.id),
            ("ZREMRANGEBYRANK", keys.RECENT, 0, -_RECENT_LIMIT),
            journalled(event, key),
            *(_enqueue(operation) if is_queued else ()),
            *(stale(operation.id, _ended_at(operation)) if is_queued or has_ended else ()),
            *expiry.ended(operation),
            ("INCR", keys.NEXT_ID),
        ),
        done=lambda replies: Accepted(int(replies[-1])),
        refused=_not_accepted,
    )


def accept_with(
    accepting: Transaction[Accepted | Duplicate], moving: Transaction[Operation]
) -> Transaction[Accepted | Duplicate]:
    """Both or neither: record an operation together with the state change that leads to it. Raises
    what either raises.
    """
    own = len(accepting.guards)

    def refused(refusal: GuardFailure) -> Accepted | Duplicate:
        if refusal.guard >= own:
            moving.refused(GuardFailure(refusal.guard - own, refusal.actual))
        return accepting.refused(refusal)

    return Transaction(
        guards=(*accepting.guards, *moving.guards),
        commands=(*moving.commands, *accepting.commands),
        done=accepting.done,
        refused=refused,
    )


def move(
    before: Operation,
    after: Operation,
    event: Event,
    key: SigningKey,
    *,
    lease: Equals | None = None,
    also: Sequence[Command] = (),
) -> Transaction[Operation]:
    """Store the next version, if nobody stored one in between (and the lease is still held).

    A move to ``queued`` queues the job in the same transaction, a move that ends the wait for the
    scanner withdraws the order, and a move that ends the operation starts its retention (see
    ``expiry``). The commands in ``also`` are part of the transaction.

    Raises Conflict if somebody was faster. Raises CancelAsked if a job ends, its operation would
    continue, and somebody was promised that it stops at its next step, which is here.
    """
    if after.version != before.version + 1:
        raise ValueError("a move is to the next version")
    guards: list[Guard] = [
        FieldEquals(keys.operation(before.id), "version", str(before.version)),
        *([lease] if lease else []),
        *(
            [FieldEquals(keys.operation(before.id), "cancel", "")]
            if _goes_on(before, after)
            else []
        ),
    ]
    return Transaction(
        guards=tuple(guards),
        commands=(
            *operation_fields.written(before, after, key),
            journalled(event, key),
            *(_enqueue(after) if after.state is State.QUEUED else ()),
            *(scan_orders.withdrawn(before) if before.state is State.SCANNING else ()),
            *stale(after.id, _ended_at(after)),
            *expiry.ended(after),
            *also,
        ),
        done=lambda _: after,
        refused=lambda refusal: _not_moved(before.id, guards[refusal.guard]),
    )


def load(operation_id: int, ring: KeyRing) -> Query[StoredOperation | None]:
    """The operation with its progress, cancel flag and page; None if it does not exist.

    Raises Forged if a part is not signed by a program that may write it, and WrittenByNewer.
    """
    return Query(
        ("HMGET", keys.operation(operation_id), *operation_fields.FIELDS),
        lambda reply: operation_fields.read(operation_id, reply, ring),
        otherwise=lambda: operation_fields.refuse_another_type(operation_id),
    )


def load_if_genuine(operation_id: int, ring: KeyRing) -> Query[StoredOperation | NotGenuine | None]:
    """The same for the courier, which must report a forged record. Raises WrittenByNewer."""
    return Query(
        ("HMGET", keys.operation(operation_id), *operation_fields.FIELDS),
        lambda reply: operation_fields.read_if_genuine(operation_id, reply, ring),
        otherwise=lambda: NotGenuine(operation_fields.another_type(operation_id), ""),
    )


def progressed(operation_id: int, progress: Progress, lease: Equals) -> Transaction[bool]:
    """Show the progress; False if the lease is lost. The version stays: this overtakes nobody."""
    key = keys.operation(operation_id)
    return Transaction(
        guards=(lease,),
        commands=(
            ("HSET", key, "progress", PROGRESS.dump_json(progress).decode()),
            ("HINCRBY", key, "revision", 1),
            *stale(operation_id),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def waits(operation: Operation, progress: Progress) -> Transaction[bool]:
    """Show the progress while no worker has the operation; False if it has moved on."""
    key = keys.operation(operation.id)
    return Transaction(
        guards=(FieldEquals(key, "version", str(operation.version)),),
        commands=(
            ("HSET", key, "progress", PROGRESS.dump_json(progress).decode()),
            ("HINCRBY", key, "revision", 1),
            *stale(operation.id),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def pass_commit_point(operation_id: int, lease: Equals) -> Transaction[bool]:
    """From here nobody can cancel; False if somebody already has, or the lease is lost."""
    key = keys.operation(operation_id)
    return Transaction(
        guards=(lease, FieldEquals(key, "cancel", "")),
        commands=(
            ("HSET", key, "past_return", 1),
            ("HINCRBY", key, "revision", 1),
            *stale(operation_id),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def ask_to_cancel(
    operation: Operation, user: str, event: Event, key: SigningKey
) -> Transaction[None]:
    """Raise the flag that the running job checks between steps.

    Raises Conflict if the job has passed the commit point, or the record has changed.
    """
    where = keys.operation(operation.id)
    cancellation = operation_fields.cancellation_of(operation, user, event.at, key)
    return Transaction(
        guards=(
            FieldEquals(where, "version", str(operation.version)),
            FieldEquals(where, "past_return", ""),
        ),
        commands=(
            ("HSETNX", where, "cancel", cancellation),
            journalled(event, key),
            ("HINCRBY", where, "revision", 1),
            *stale(operation.id, _ended_at(operation)),
        ),
        done=lambda _: None,
        refused=lambda _: _raise_overtaken(operation.id),
    )


def is_cancel_asked(operation_id: int) -> Query[bool]:
    """Whether a request to cancel is stored; its signature is checked when it is read."""
    return Query(("HGET", keys.operation(operation_id), "cancel"), lambda reply: reply is not None)


def cancel_asked_by(operation: Operation, ring: KeyRing) -> Query[str | None]:
    """The user who asked to cancel, if any. Raises Forged and WrittenByNewer."""
    return Query(
        ("HGET", keys.operation(operation.id), "cancel"),
        lambda reply: operation_fields.canceller(operation, reply, ring),
    )


def turn_page(operation: Operation, page: int) -> Transaction[None]:
    """Show another page of a long list. Redrawing a finished card is never urgent."""
    key = keys.operation(operation.id)
    return Transaction(
        guards=(FieldEquals(key, "version", str(operation.version)),),
        commands=(
            ("HSET", key, "page", page),
            ("HINCRBY", key, "revision", 1),
            *stale(operation.id, _ended_at(operation)),
        ),
        done=lambda _: None,
        refused=lambda _: _raise_overtaken(operation.id),
    )


def abandon(operation_id: int) -> Transaction[None]:
    """Remove something that is not an operation from the list of open ones. The courier says so in
    its messages, and removes it from its own list.
    """
    return Transaction(
        commands=(("SREM", keys.OPEN, operation_id), *stale(operation_id)),
        done=lambda _: None,
        refused=lambda _: None,
    )


def redraw(operation_id: int, noted: Mapping[str, Posting]) -> Transaction[bool]:
    """Have the courier draw the messages of an operation again, whatever they show according to
    their records; False if those records have changed meanwhile.
    """
    guards, commands = cards.as_unknown(OperationSubject(operation_id), noted)
    return Transaction(
        guards=(HasField(keys.operation(operation_id), "version"), *guards),
        commands=(
            *commands,
            ("HINCRBY", keys.operation(operation_id), "revision", 1),
            *stale(operation_id),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def open_ids() -> Query[tuple[int, ...]]:
    """The ids of all operations that have not ended, in ascending order."""
    return Query(("SMEMBERS", keys.OPEN), lambda reply: tuple(sorted(ids_in(reply))))


def returned_ids() -> Query[tuple[int, ...]]:
    """The ids of operations that workers handed back to the bot, oldest first. Some may have moved
    on since.
    """
    return Query(("SMEMBERS", keys.RETURNED), lambda reply: tuple(sorted(ids_in(reply))))


def recent_ids(count: int) -> Query[tuple[int, ...]]:
    """The latest ids, newest first."""
    return Query(("ZREVRANGE", keys.RECENT, 0, count - 1), ids_in)


def stale(operation_id: int, ended_at: datetime | None = None) -> tuple[Command, ...]:
    """The commands that make the courier redraw a card. Operations that ended first go first."""
    return cards.became_stale(OperationSubject(operation_id), ended_at)


def lease_name(operation_id: int) -> str:
    """The lease that a worker holds while it runs an operation."""
    return f"operation:{operation_id}"


def _highest(reply: Any) -> int:
    return max(ids_in(reply), default=0)


def _ended_at(operation: Operation) -> datetime | None:
    return operation.changed_at if operation.state.is_terminal else None


def _enqueue(operation: Operation) -> tuple[Command, ...]:
    return jobs.enqueued(operation.job_id, operation.id, queue_of_job(operation))


def _goes_on(before: Operation, after: Operation) -> bool:
    """Whether a job ends here and its operation does not. The final check of a live version and the
    recovery after a crash run even if somebody asked to cancel.
    """
    is_stoppable = after.stage not in (Stage.VERIFY, Stage.RECOVER)
    return before.state is State.RUNNING and not after.state.is_terminal and is_stoppable


def _not_moved(operation_id: int, guard: Guard) -> Any:
    if isinstance(guard, FieldEquals) and guard.field == "cancel":
        raise CancelAsked(f"Somebody asked to cancel #{operation_id}.")
    _raise_overtaken(operation_id)


def _raise_overtaken(operation_id: int) -> Any:
    raise Conflict(
        f"#{operation_id} has just changed.",
        why="Somebody or something else changed it first.",
        next_step="Look at its card, and try again if it still makes sense.",
    )


def _cannot_be_refused(refusal: GuardFailure) -> Any:
    raise AssertionError(f"a transaction without guards was refused: {refusal}")


def journalled(event: Event, key: SigningKey) -> Command:
    """The command that adds a signed event to the journal, for the audit."""
    return ("RPUSH", keys.JOURNAL, EVENT.signed(event, event.place, key).text)


def _not_accepted(refusal: GuardFailure) -> Duplicate:
    if refusal.guard == 0:
        return Duplicate(int(refusal.actual))
    raise IdTaken("An operation with this id already exists.")
