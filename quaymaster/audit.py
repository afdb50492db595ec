"""The audit: append-only, each entry chained to the one before it and sealed.

An entry's hash is an HMAC with the secret key over the hash before it and the event, so nobody
without the key can add, change or remove one in the middle unnoticed. Cutting entries off the end
is noticed with a head that was written down elsewhere: the newest hash is posted daily, and
``quaymaster audit verify --head HASH`` looks for it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from quaymaster.errors import Forged
from quaymaster.journal import Event
from quaymaster.seals import Sealer
from quaymaster.store import keys
from quaymaster.store.transactions import (
    Connection,
    LastEquals,
    Query,
    Transaction,
    ask,
    perform,
)

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit."""

    number: int
    event: str
    """The event as JSON, or the words of an unsealed event that was refused."""
    is_refused: bool
    hash: str

    def as_json(self) -> str:
        """One line."""
        return json.dumps([self.number, self.event, self.is_refused, self.hash])

    @classmethod
    def from_json(cls, text: str | bytes) -> "Entry":
        """Read what ``as_json`` wrote."""
        return cls(*json.loads(text))


@dataclass(frozen=True, slots=True)
class Verified:
    """The whole chain holds."""

    entries: int
    head: str
    """The newest hash; empty for an empty audit."""


def chained(previous: Entry | None, events: Iterable[str], sealer: Sealer) -> tuple[Entry, ...]:
    """Entries for these events after the previous one. An event without a valid seal is refused:
    it stands in the audit as what it is, a forgery that somebody tried.
    """
    entries: list[Entry] = []
    for event in events:
        number = (previous.number if previous else 0) + 1
        is_refused = not _is_genuine(event, sealer)
        before = previous.hash if previous else ""
        link = sealer.seal("audit", before, str(number), event, str(is_refused))
        previous = Entry(number, event, is_refused, link)
        entries.append(previous)
    return tuple(entries)


def verify(lines: Iterable[str | bytes], sealer: Sealer, head: str | None = None) -> Verified:
    """Check every link. Raises Forged naming the first entry that does not hold.

    ``head`` is a hash that was written down earlier; it must still be in the chain.
    """
    last: Entry | None = None
    seen_head = head is None
    for position, line in enumerate(lines, 1):
        entry = _read(line, position)
        (expected,) = chained(last, [entry.event], sealer)
        if entry != expected:
            raise _broken(position, "it was changed, or one before it was removed")
        seen_head = seen_head or entry.hash == head
        last = entry
    if not seen_head:
        raise _broken(last.number if last else 0, f"the head {head} is no longer in it")
    return Verified(last.number if last else 0, last.hash if last else "")


def chain_journal(connection: Connection, sealer: Sealer) -> int:
    """Move journalled events into the audit; how many. Safe to run in several processes."""
    last_line = ask(connection, _last_line())
    events = ask(connection, _journalled())
    if not events:
        return 0
    entries = chained(Entry.from_json(last_line) if last_line else None, events, sealer)
    return perform(connection, _append(last_line, entries))


def stored_lines() -> Query[tuple[bytes, ...]]:
    """The whole audit, oldest first."""
    return Query(("LRANGE", keys.AUDIT, 0, -1), tuple)


def head() -> Query[str]:
    """The newest hash; empty for an empty audit."""
    return Query(
        ("LINDEX", keys.AUDIT, -1), lambda reply: Entry.from_json(reply).hash if reply else ""
    )


def _append(last_line: str, entries: tuple[Entry, ...]) -> Transaction[int]:
    return Transaction(
        guards=(LastEquals(keys.AUDIT, last_line),),
        commands=(
            ("RPUSH", keys.AUDIT, *(entry.as_json() for entry in entries)),
            ("LTRIM", keys.JOURNAL, len(entries), -1),
        ),
        done=lambda _: len(entries),
        refused=lambda _: 0,
    )


def _last_line() -> Query[str]:
    return Query(("LINDEX", keys.AUDIT, -1), lambda reply: reply.decode() if reply else "")


def _journalled() -> Query[tuple[str, ...]]:
    return Query(
        ("LRANGE", keys.JOURNAL, 0, _BATCH - 1),
        lambda reply: tuple(one.decode(errors="replace") for one in reply),
    )


def _is_genuine(event: str, sealer: Sealer) -> bool:
    try:
        Event.from_json(event).check(sealer)
    except (Forged, ValueError):
        return False
    return True


def _read(line: str | bytes, position: int) -> Entry:
    try:
        return Entry.from_json(line)
    except (ValueError, TypeError) as error:
        raise _broken(position, "it cannot be read") from error


def _broken(position: int, why: str) -> Forged:
    return Forged(
        f"The audit does not hold at entry {position}.",
        why=f"Something other than Quaymaster wrote to it: {why}.",
        next_step="Keep a copy of Redis as it is, and compare with the head posted last.",
    )
