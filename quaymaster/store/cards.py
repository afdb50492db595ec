"""Where each message of a subject is, what it shows, and which subjects are stale."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

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
from quaymaster.subjects import AuditDigest, OperationSubject, Subject, parse_subject

GAVE_UP = "gave up: "
NOT_ENDED = math.inf
"""The score of an operation in progress in the list of stale subjects: they come last."""
_DIGEST_SECONDS = 7 * 24 * 3600
"""Nothing sweeps what is noted about a digest. It is needed only while the message is posted."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One message of a subject: a card, a copy in the approval channel, an alert, a file.

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


def postings(subject: Subject) -> Query[dict[str, Posting]]:
    """Every message of a subject by its slot (“card”, “approval”, “alert:C1” …)."""
    return Query(("HGETALL", keys.card(subject)), _read_postings)


def note_posting(subject: Subject, slot: str, posting: Posting) -> Transaction[None]:
    """Record that a message is about to be posted, is in Slack, or shows something else. Does
    nothing if the operation is no longer kept, because nothing would ever delete the entry.
    """
    where = keys.card(subject)
    written: Command = ("HSET", where, slot, _written(posting))
    match subject:
        case OperationSubject(operation):
            guards: tuple[Guard, ...] = (HasField(keys.operation(operation), "version"),)
            commands: tuple[Command, ...] = (written,)
        case AuditDigest():
            guards, commands = (), (written, ("EXPIRE", where, _DIGEST_SECONDS))
        case _:
            assert_never(subject)
    return Transaction(
        guards=guards, commands=commands, done=lambda _: None, refused=lambda _: None
    )


def as_unknown(
    subject: Subject, noted: Mapping[str, Posting]
) -> tuple[tuple[Guard, ...], tuple[Command, ...]]:
    """Guards and commands that mark the content of these messages as unknown, unless their records
    have changed.
    """
    where = keys.card(subject)
    there = {slot: posting for slot, posting in noted.items() if posting.is_there}
    return (
        tuple(FieldEquals(where, slot, _written(posting)) for slot, posting in there.items()),
        tuple(
            ("HSET", where, slot, _written(replace(posting, shows="")))
            for slot, posting in there.items()
        ),
    )


@dataclass(frozen=True, slots=True)
class Behind:
    """The first members of the list of stale subjects."""

    subjects: Mapping[Subject, float | None]
    """Each with the time at which it ended, in seconds since the epoch, if it has; those that ended
    first come first."""
    unreadable: int = 0
    """Members that are none: of a kind that only a later version knows, or somebody else's."""


def became_stale(subject: Subject, ended_at: datetime | None = None) -> tuple[Command, ...]:
    """The commands that make the courier draw a subject again. Those that ended first go first."""
    score = ended_at.timestamp() if ended_at else NOT_ENDED
    return (
        ("ZADD", keys.CARDS_BEHIND, score, str(subject)),
        ("RPUSH", keys.BELL, 1),
        ("LTRIM", keys.BELL, -1, -1),
    )


def stale(count: int) -> Query[Behind]:
    """So many of the stale subjects, from the beginning of the list."""
    return Query(
        ("ZRANGE", keys.CARDS_BEHIND, 0, count - 1, "WITHSCORES"),
        _read_behind,
    )


def caught_up(subject: OperationSubject, revision: int | str) -> Transaction[bool]:
    """Remove the operation from the list if its messages show its newest revision; False if it is
    stale again.

    The revision is empty for something that has none.
    """
    where = keys.operation(subject.operation)
    return Transaction(
        guards=(FieldEquals(where, "revision", str(revision)),),
        commands=(no_longer_stale(subject),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def drop(subject: Subject) -> Transaction[None]:
    """Delete the entry of a subject that has nothing to show: of an operation only if it does not
    exist (any more).
    """
    match subject:
        case OperationSubject(operation):
            guards: tuple[Guard, ...] = (FieldEquals(keys.operation(operation), "version", ""),)
        case AuditDigest():
            guards = ()
        case _:
            assert_never(subject)
    return Transaction(
        guards=guards,
        commands=(no_longer_stale(subject), ("DEL", keys.card(subject))),
        done=lambda _: None,
        refused=lambda _: None,
    )


def no_longer_stale(*subjects: Subject) -> Command:
    """The command that removes subjects from the list, also where an earlier version listed them:
    it wrote the bare numbers of operations.
    """
    numbers = [one.operation for one in subjects if isinstance(one, OperationSubject)]
    return ("ZREM", keys.CARDS_BEHIND, *map(str, subjects), *numbers)


def wakeup(timeout_seconds: float) -> Query[bool]:
    """Wait until a subject becomes stale, at most this long; True if one did."""
    return Query(("BLPOP", keys.BELL, timeout_seconds), lambda reply: reply is not None)


def _written(posting: Posting) -> str:
    return json.dumps([posting.channel, posting.ts, posting.shows, posting.attempted_at])


def _read_postings(reply: Any) -> dict[str, Posting]:
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {slot.decode(): Posting(*json.loads(value)) for slot, value in pairs}


def _read_behind(reply: Any) -> Behind:
    subjects: dict[Subject, float | None] = {}
    unreadable = 0
    for member, score in pairs(reply):
        subject = _subject_of(member)
        if subject is None:
            unreadable += 1
        elif subjects.get(subject) is None:  # listed by two versions: the time of its end counts
            subjects[subject] = None if float(score) == NOT_ENDED else float(score)
    return Behind(subjects, unreadable)


def _subject_of(member: bytes) -> Subject | None:
    if is_id(member):  # an earlier version listed it
        return OperationSubject(int(member))
    return parse_subject(member.decode(errors="replace"))


def pairs(reply: Any) -> Any:
    """RESP3 answers with pairs, RESP2 with a flat list; redis-py passes on either."""
    if reply and not isinstance(reply[0], (list, tuple)):
        return list(zip(reply[::2], reply[1::2], strict=True))
    return reply
