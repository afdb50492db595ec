"""Where each message of an operation is, what it shows, and which cards are stale."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from quaymaster.store import keys
from quaymaster.store.ids import is_id
from quaymaster.store.transactions import (
    Command,
    FieldEquals,
    Guard,
    HasField,
    Query,
    Transaction,
)

GAVE_UP = "gave up: "
NOT_ENDED = math.inf
"""The score of an operation in progress in the list of stale cards: they come last."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One message of an operation: its card, a copy in the approval channel, an alert, a file.

    ``ts`` is empty while nobody knows whether the message is in Slack: it was about to be posted.
    For a file it is the file's id; for a message that Slack refuses everywhere, ``GAVE_UP`` and the
    reason.
    """

    channel: str
    ts: str
    shows: str
    """A hash of what it shows; if the hash stays the same, no call to Slack is needed."""
    attempted_at: float
    """When posting began, in seconds since the epoch; a search for the message starts there."""

    @property
    def is_there(self) -> bool:
        """Whether the message is in Slack, at this address."""
        return bool(self.ts) and not self.was_given_up

    @property
    def was_given_up(self) -> bool:
        """Whether Slack refused it everywhere, for a permanent reason."""
        return self.ts.startswith(GAVE_UP)


def postings(operation_id: int) -> Query[dict[str, Posting]]:
    """Every message of an operation by its slot (“card”, “approval”, “alert:C1” …)."""
    return Query(("HGETALL", keys.card(operation_id)), _read_postings)


def note_posting(operation_id: int, slot: str, posting: Posting) -> Transaction[None]:
    """Record that a message is about to be posted, is in Slack, or shows something else. Does
    nothing if the operation is no longer kept, because nothing would ever delete the entry.
    """
    return Transaction(
        guards=(HasField(keys.operation(operation_id), "version"),),
        commands=(("HSET", keys.card(operation_id), slot, _written(posting)),),
        done=lambda _: None,
        refused=lambda _: None,
    )


def as_unknown(
    operation_id: int, noted: Mapping[str, Posting]
) -> tuple[tuple[Guard, ...], tuple[Command, ...]]:
    """Guards and commands that mark the content of these messages as unknown, unless their records
    have changed.
    """
    where = keys.card(operation_id)
    there = {slot: posting for slot, posting in noted.items() if posting.is_there}
    return (
        tuple(FieldEquals(where, slot, _written(posting)) for slot, posting in there.items()),
        tuple(
            ("HSET", where, slot, _written(replace(posting, shows="")))
            for slot, posting in there.items()
        ),
    )


def behind(count: int) -> Query[tuple[tuple[int, float | None], ...]]:
    """Stale cards: the id, and when the operation ended, in seconds since the epoch, if it has.
    Operations that ended first come first.
    """
    return Query(
        ("ZRANGE", keys.CARDS_BEHIND, 0, count - 1, "WITHSCORES"),
        _read_behind,
    )


def caught_up(operation_id: int, revision: int | str) -> Transaction[bool]:
    """Remove the card from the list if it shows the newest revision; False if it is stale again.

    The revision is empty for something that has none.
    """
    return Transaction(
        guards=(FieldEquals(keys.operation(operation_id), "revision", str(revision)),),
        commands=(("ZREM", keys.CARDS_BEHIND, operation_id),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def drop(operation_id: int) -> Transaction[None]:
    """Delete a card's entry if its operation does not exist (any more)."""
    return Transaction(
        guards=(FieldEquals(keys.operation(operation_id), "version", ""),),
        commands=(
            ("ZREM", keys.CARDS_BEHIND, operation_id),
            ("DEL", keys.card(operation_id)),
        ),
        done=lambda _: None,
        refused=lambda _: None,
    )


def bell(timeout_seconds: float) -> Query[bool]:
    """Wait until a card becomes stale, at most this long; True if one did."""
    return Query(("BLPOP", keys.BELL, timeout_seconds), lambda reply: reply is not None)


def _written(posting: Posting) -> str:
    return json.dumps([posting.channel, posting.ts, posting.shows, posting.attempted_at])


def _read_postings(reply: Any) -> dict[str, Posting]:
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {slot.decode(): Posting(*json.loads(value)) for slot, value in pairs}


def _read_behind(reply: Any) -> tuple[tuple[int, float | None], ...]:
    rows = [(int(row[0]), float(row[1])) for row in pairs(reply) if is_id(row[0])]
    return tuple(
        (operation_id, None if score == NOT_ENDED else score) for operation_id, score in rows
    )


def pairs(reply: Any) -> Any:
    """RESP3 answers with pairs, RESP2 with a flat list; redis-py passes on either."""
    if reply and not isinstance(reply[0], (list, tuple)):
        return list(zip(reply[::2], reply[1::2], strict=True))
    return reply
