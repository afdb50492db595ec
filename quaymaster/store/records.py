"""Operations in Redis: accept, load, move, report progress, ask to cancel.

Every change of what a card shows raises the operation's ``revision`` and puts it among the cards
that are behind, in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from quaymaster import queues
from quaymaster.errors import Conflict, Forged, UsageError
from quaymaster.journal import Event
from quaymaster.operations import Operation, State
from quaymaster.progress import Progress
from quaymaster.store import cards, keys
from quaymaster.store.transactions import (
    Absent,
    Command,
    Equals,
    FieldEquals,
    Guard,
    Query,
    Refusal,
    Transaction,
)

_DELIVERY_SECONDS = 24 * 3600
_OPERATION = TypeAdapter(Operation)
_PROGRESS = TypeAdapter(Progress)
_BESIDE = {"progress", "cancel_asked_by", "page", "is_past_return"}
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


@dataclass(frozen=True, slots=True)
class Stored:
    """An operation and the revision that its card should show."""

    operation: Operation
    revision: int


def reserve(count: int = 1) -> Transaction[range]:
    """Ids that nobody else has. Those of a process that dies are never used."""
    return Transaction(
        commands=(("INCRBY", keys.NEXT_ID, count),),
        done=lambda replies: range(int(replies[0]) - count + 1, int(replies[0]) + 1),
        refused=_cannot_be_refused,
    )


def accept(operation: Operation, event: Event) -> Transaction[Accepted | Duplicate]:
    """Record a new operation, once per delivery; queue its job if its state is queued.

    An operation in the state ``accepted`` has no card yet: whether the person may ask is still
    to be found out, and a refusal is private.
    """
    known = keys.delivery(operation.origin.delivery)
    is_queued = operation.state is State.QUEUED
    return Transaction(
        guards=(Absent(known),),
        commands=(
            ("SET", known, operation.id, "EX", _DELIVERY_SECONDS),
            *_written(operation),
            ("ZADD", keys.RECENT, operation.requested_at.timestamp(), operation.id),
            ("ZREMRANGEBYRANK", keys.RECENT, 0, -_RECENT_LIMIT),
            ("RPUSH", keys.JOURNAL, event.as_json()),
            *(_enqueue(operation) if is_queued else ()),
            *(behind(operation.id) if is_queued else ()),
            ("INCR", keys.NEXT_ID),
        ),
        done=lambda replies: Accepted(int(replies[-1])),
        refused=lambda refusal: Duplicate(int(refusal.found)),
    )


def move(
    before: Operation,
    after: Operation,
    event: Event,
    *,
    lease: Equals | None = None,
    also: Sequence[Command] = (),
) -> Transaction[Operation]:
    """Store the next version, if nobody stored one in between (and the lease is still held).

    A move to ``queued`` queues its job in the same transaction. ``also`` happens with it.
    Raises Conflict when somebody was first.
    """
    if after.version != before.version + 1:
        raise ValueError("a move is to the next version")
    guards: list[Guard] = [
        FieldEquals(keys.operation(before.id), "version", str(before.version)),
        *([lease] if lease else []),
    ]
    return Transaction(
        guards=tuple(guards),
        commands=(
            *_written(after),
            ("RPUSH", keys.JOURNAL, event.as_json()),
            *(_enqueue(after) if after.state is State.QUEUED else ()),
            *behind(after.id, _ended_at(after)),
            *also,
        ),
        done=lambda _: after,
        refused=lambda _: _raise_overtaken(before.id),
    )


def load(operation_id: int) -> Query[Stored | None]:
    """The operation with its progress, cancel flag and page; None when there is none.

    Raises Forged for a record that cannot be read.
    """
    fields = ("record", "revision", "progress", "cancel", "page", "past_return")
    return Query(
        ("HMGET", keys.operation(operation_id), *fields),
        lambda reply: _stored(operation_id, reply),
    )


def progressed(operation_id: int, progress: Progress, lease: Equals) -> Transaction[bool]:
    """Show how far it is; False when the lease is lost. Not a move: nobody is overtaken."""
    key = keys.operation(operation_id)
    return Transaction(
        guards=(lease,),
        commands=(
            ("HSET", key, "progress", _PROGRESS.dump_json(progress).decode()),
            ("HINCRBY", key, "revision", 1),
            *behind(operation_id),
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


def ask_to_cancel(operation: Operation, user: str, event: Event) -> Transaction[None]:
    """Raise the flag that the running job looks at between steps.

    Raises Conflict when the job has passed the point of no return, or the record has changed.
    """
    key = keys.operation(operation.id)
    return Transaction(
        guards=(
            FieldEquals(key, "version", str(operation.version)),
            FieldEquals(key, "past_return", ""),
        ),
        commands=(
            ("HSETNX", key, "cancel", user),
            ("RPUSH", keys.JOURNAL, event.as_json()),
            ("HINCRBY", key, "revision", 1),
            *behind(operation.id, _ended_at(operation)),
        ),
        done=lambda _: None,
        refused=lambda _: _raise_overtaken(operation.id),
    )


def cancel_asked_by(operation_id: int) -> Query[str | None]:
    """Who asked to cancel, if somebody did."""
    return Query(("HGET", keys.operation(operation_id), "cancel"), _text_or_none)


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


def open_ids() -> Query[tuple[int, ...]]:
    """The ids of all operations that have not ended, in no order."""
    return Query(("SMEMBERS", keys.OPEN), lambda reply: tuple(sorted(int(one) for one in reply)))


def recent_ids(count: int) -> Query[tuple[int, ...]]:
    """The latest ids, newest first."""
    return Query(
        ("ZREVRANGE", keys.RECENT, 0, count - 1), lambda reply: tuple(int(one) for one in reply)
    )


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


def _ended_at(operation: Operation) -> datetime | None:
    return operation.changed_at if operation.state.is_terminal else None


def _enqueue(operation: Operation) -> tuple[Command, ...]:
    return queues.enqueued(operation.job_id, operation.id, operation.queue)


def _written(operation: Operation) -> tuple[Command, ...]:
    key = keys.operation(operation.id)
    record = _OPERATION.dump_json(operation, exclude=_BESIDE).decode()
    index = "SREM" if operation.state.is_terminal else "SADD"
    return (
        ("HSET", key, "record", record, "version", operation.version, "state", operation.state),
        ("HINCRBY", key, "revision", 1),
        (index, keys.OPEN, operation.id),
    )


def _stored(operation_id: int, reply: Sequence[bytes | None]) -> Stored | None:
    record, revision, progress, cancel, page, past_return = reply
    if record is None:
        return None
    operation = _read(operation_id, record)
    return Stored(
        replace(
            operation,
            progress=_PROGRESS.validate_json(progress) if progress else None,
            cancel_asked_by=_text_or_none(cancel),
            page=int(page or 0),
            is_past_return=past_return is not None,
        ),
        int(revision or 0),
    )


def _read(operation_id: int, record: bytes) -> Operation:
    """Raises Forged for what this product did not write."""
    try:
        operation = _OPERATION.validate_json(record)
    except (ValueError, UsageError) as error:
        raise _damaged(operation_id) from error
    if operation.id != operation_id:
        raise _damaged(operation_id)
    return operation


def _damaged(operation_id: int) -> Forged:
    return Forged(
        f"The record of #{operation_id} cannot be read, so it is not acted upon.",
        why="Something other than Quaymaster wrote to its database.",
        next_step="Tell whoever runs Quaymaster.",
    )


def _text_or_none(reply: Any) -> str | None:
    if reply is None:
        return None
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def _raise_overtaken(operation_id: int) -> Any:
    raise Conflict(
        f"#{operation_id} has just changed.",
        why="Somebody or something else was first.",
        next_step="Look at its card, and try again if it still makes sense.",
    )


def _cannot_be_refused(refusal: Refusal) -> Any:
    raise AssertionError(f"a transaction without guards was refused: {refusal}")
