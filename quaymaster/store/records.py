"""Operations in Redis: accept, load, move, report progress, ask to cancel.

Every change of what a card shows raises the operation's ``revision`` and puts it among the cards
that are behind, in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quaymaster import queues
from quaymaster.errors import Conflict
from quaymaster.journal import Event
from quaymaster.key_ring import KeyRing
from quaymaster.lanes import queue_of_job
from quaymaster.operations import Operation, Stage, State
from quaymaster.progress import Progress
from quaymaster.signing_key import SigningKey
from quaymaster.store import cards, expiry, keys, operation_fields, scan_orders
from quaymaster.store.cards import Posting
from quaymaster.store.formats import EVENT
from quaymaster.store.ids import ids_in
from quaymaster.store.operation_fields import PROGRESS, NotGenuine, Stored
from quaymaster.store.transactions import (
    Absent,
    Command,
    Equals,
    FieldEquals,
    Guard,
    HasField,
    Query,
    Refusal,
    Transaction,
)

_DELIVERY_SECONDS = 24 * 3600
_RECENT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """The operation is recorded, and queued when it was accepted as queued."""

    next_id: int
    """An id that nobody else has: for the next command of this process."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """This delivery was recorded before, as this operation."""

    operation: int


class CancelAsked(Conflict):
    """Somebody asked to cancel it."""


class IdTaken(Conflict):
    """There is an operation under this id: ids went back, as after an older state was restored."""


def reserve(count: int = 1) -> Transaction[range]:
    """Ids that nobody else has. Those of a process that dies are never used."""
    return Transaction(
        commands=(("INCRBY", keys.NEXT_ID, count),),
        done=lambda replies: range(int(replies[0]) - count + 1, int(replies[0]) + 1),
        refused=_cannot_be_refused,
    )


def known_ids() -> tuple[Query[int], ...]:
    """The highest id that each of several places knows, 0 where it knows none: lists of operations,
    and the audit, which knows also those that are not kept any more.
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

    It never overwrites a record: Raises IdTaken where there is one under its id.

    An operation in the state ``accepted`` has no card yet: whether the person may ask is still
    to be found out, and a refusal is private.
    """
    known = keys.delivery(operation.origin.delivery)
    is_queued, has_ended = operation.state is State.QUEUED, operation.state.is_terminal
    return Transaction(
        guards=(Absent(known), FieldEquals(keys.operation(operation.id), "version", "")),
        commands=(
            ("SET", known, operation.id, "EX", _DELIVERY_SECONDS),
            *operation_fields.written(None, operation, key),
            ("ZADD", keys.RECENT, operation.requested_at.timestamp(), operation.id),
            ("ZREMRANGEBYRANK", keys.RECENT, 0, -_RECENT_LIMIT),
            journalled(event, key),
            *(_enqueue(operation) if is_queued else ()),
            *(behind(operation.id, _ended_at(operation)) if is_queued or has_ended else ()),
            *expiry.ended(operation),
            ("INCR", keys.NEXT_ID),
        ),
        done=lambda replies: Accepted(int(replies[-1])),
        refused=_not_accepted,
    )


def accept_with(
    accepting: Transaction[Accepted | Duplicate], moving: Transaction[Operation]
) -> Transaction[Accepted | Duplicate]:
    """Both or neither: an operation is recorded with the move that it follows from. Raises what
    either raises.
    """
    own = len(accepting.guards)

    def refused(refusal: Refusal) -> Accepted | Duplicate:
        if refusal.guard >= own:
            moving.refused(Refusal(refusal.guard - own, refusal.found))
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

    A move to ``queued`` queues its job in the same transaction, one that ends the wait for the
    scanner withdraws the order, and an end begins the time for which the operation is kept (see
    ``expiry``). ``also`` happens with it.

    Raises Conflict when somebody was first. Raises CancelAsked where a job ends, its operation
    would go on, and somebody was told that it stops at its next step: that is here.
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
            *behind(after.id, _ended_at(after)),
            *expiry.ended(after),
            *also,
        ),
        done=lambda _: after,
        refused=lambda refusal: _not_moved(before.id, guards[refusal.guard]),
    )


def load(operation_id: int, ring: KeyRing) -> Query[Stored | None]:
    """The operation with its progress, cancel flag and page; None when there is none.

    Raises Forged when any of its parts is not signed by who should have written it, and
    WrittenByNewer.
    """
    return Query(
        ("HMGET", keys.operation(operation_id), *operation_fields.FIELDS),
        lambda reply: operation_fields.read(operation_id, reply, ring),
        otherwise=lambda: operation_fields.refuse_another_type(operation_id),
    )


def load_if_genuine(operation_id: int, ring: KeyRing) -> Query[Stored | NotGenuine | None]:
    """The same for the courier, which has to say that a record is forged. Raises WrittenByNewer."""
    return Query(
        ("HMGET", keys.operation(operation_id), *operation_fields.FIELDS),
        lambda reply: operation_fields.read_if_genuine(operation_id, reply, ring),
        otherwise=lambda: NotGenuine(operation_fields.another_type(operation_id), ""),
    )


def progressed(operation_id: int, progress: Progress, lease: Equals) -> Transaction[bool]:
    """Show how far it is; False when the lease is lost. Not a move: nobody is overtaken."""
    key = keys.operation(operation_id)
    return Transaction(
        guards=(lease,),
        commands=(
            ("HSET", key, "progress", PROGRESS.dump_json(progress).decode()),
            ("HINCRBY", key, "revision", 1),
            *behind(operation_id),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def waits(operation: Operation, progress: Progress) -> Transaction[bool]:
    """Show how far it is while no worker has it; False when it has moved on."""
    key = keys.operation(operation.id)
    return Transaction(
        guards=(FieldEquals(key, "version", str(operation.version)),),
        commands=(
            ("HSET", key, "progress", PROGRESS.dump_json(progress).decode()),
            ("HINCRBY", key, "revision", 1),
            *behind(operation.id),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def pass_the_point_of_no_return(operation_id: int, lease: Equals) -> Transaction[bool]:
    """From here on nobody can cancel; False when somebody already did, or the lease is lost."""
    key = keys.operation(operation_id)
    return Transaction(
        guards=(lease, FieldEquals(key, "cancel", "")),
        commands=(
            ("HSET", key, "past_return", 1),
            ("HINCRBY", key, "revision", 1),
            *behind(operation_id),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def ask_to_cancel(
    operation: Operation, user: str, event: Event, key: SigningKey
) -> Transaction[None]:
    """Raise the flag that the running job looks at between steps.

    Raises Conflict when the job has passed the point of no return, or the record has changed.
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
            *behind(operation.id, _ended_at(operation)),
        ),
        done=lambda _: None,
        refused=lambda _: _raise_overtaken(operation.id),
    )


def is_cancel_asked(operation_id: int) -> Query[bool]:
    """Whether something stands there as the wish to cancel; who reads it finds out whose it is."""
    return Query(("HGET", keys.operation(operation_id), "cancel"), lambda reply: reply is not None)


def cancel_asked_by(operation: Operation, ring: KeyRing) -> Query[str | None]:
    """Who asked to cancel, if somebody did. Raises Forged and WrittenByNewer."""
    return Query(
        ("HGET", keys.operation(operation.id), "cancel"),
        lambda reply: operation_fields.canceller(operation, reply, ring),
    )


def turn_page(operation: Operation, page: int) -> Transaction[None]:
    """Show another page of a long list. Redrawing an ended card is never urgent."""
    key = keys.operation(operation.id)
    return Transaction(
        guards=(FieldEquals(key, "version", str(operation.version)),),
        commands=(
            ("HSET", key, "page", page),
            ("HINCRBY", key, "revision", 1),
            *behind(operation.id, _ended_at(operation)),
        ),
        done=lambda _: None,
        refused=lambda _: _raise_overtaken(operation.id),
    )


def abandon(operation_id: int) -> Transaction[None]:
    """Take what is no operation off the list of open ones. The courier says so in the messages
    that it has, and takes it off its own list.
    """
    return Transaction(
        commands=(("SREM", keys.OPEN, operation_id), *behind(operation_id)),
        done=lambda _: None,
        refused=lambda _: None,
    )


def redraw(operation_id: int, noted: Mapping[str, Posting]) -> Transaction[bool]:
    """Have the courier draw the messages of an operation again, whatever is noted that they show;
    False when something else was noted meanwhile.
    """
    guards, commands = cards.as_unknown(operation_id, noted)
    return Transaction(
        guards=(HasField(keys.operation(operation_id), "version"), *guards),
        commands=(
            *commands,
            ("HINCRBY", keys.operation(operation_id), "revision", 1),
            *behind(operation_id),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def open_ids() -> Query[tuple[int, ...]]:
    """The ids of all operations that have not ended, in no order."""
    return Query(("SMEMBERS", keys.OPEN), lambda reply: tuple(sorted(ids_in(reply))))


def returned_ids() -> Query[tuple[int, ...]]:
    """The ids of what workers handed back to the bot, oldest first; what is no longer so may be
    among them.
    """
    return Query(("SMEMBERS", keys.RETURNED), lambda reply: tuple(sorted(ids_in(reply))))


def recent_ids(count: int) -> Query[tuple[int, ...]]:
    """The latest ids, newest first."""
    return Query(("ZREVRANGE", keys.RECENT, 0, count - 1), ids_in)


def behind(operation_id: int, ended_at: datetime | None = None) -> tuple[Command, ...]:
    """The commands that make the courier redraw a card: those that ended first go first."""
    score = ended_at.timestamp() if ended_at else cards.NOT_ENDED
    return (
        ("ZADD", keys.CARDS_BEHIND, score, operation_id),
        ("RPUSH", keys.BELL, 1),
        ("LTRIM", keys.BELL, -1, -1),
    )


def lease_name(operation_id: int) -> str:
    """The lease that a worker holds while it runs an operation."""
    return f"operation:{operation_id}"


def _highest(reply: Any) -> int:
    return max(ids_in(reply), default=0)


def _ended_at(operation: Operation) -> datetime | None:
    return operation.changed_at if operation.state.is_terminal else None


def _enqueue(operation: Operation) -> tuple[Command, ...]:
    return queues.enqueued(operation.job_id, operation.id, queue_of_job(operation))


def _goes_on(before: Operation, after: Operation) -> bool:
    """Whether a job ends here and its operation does not. What serves already is looked at, and
    what broke off is looked after, whatever was asked.
    """
    is_stoppable = after.stage not in (Stage.LOOK, Stage.RECOVER)
    return before.state is State.RUNNING and not after.state.is_terminal and is_stoppable


def _not_moved(operation_id: int, guard: Guard) -> Any:
    if isinstance(guard, FieldEquals) and guard.field == "cancel":
        raise CancelAsked(f"Somebody asked to cancel #{operation_id}.")
    _raise_overtaken(operation_id)


def _raise_overtaken(operation_id: int) -> Any:
    raise Conflict(
        f"#{operation_id} has just changed.",
        why="Somebody or something else was first.",
        next_step="Look at its card, and try again if it still makes sense.",
    )


def _cannot_be_refused(refusal: Refusal) -> Any:
    raise AssertionError(f"a transaction without guards was refused: {refusal}")


def journalled(event: Event, key: SigningKey) -> Command:
    """The command that writes an event down for the audit, signed."""
    return ("RPUSH", keys.JOURNAL, EVENT.signed(event, event.place, key).text)


def _not_accepted(refusal: Refusal) -> Duplicate:
    if refusal.guard == 0:
        return Duplicate(int(refusal.found))
    raise IdTaken("There is an operation under this id already.")
