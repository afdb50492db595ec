"""The audit: append-only, each entry chained to the one before it and signed.

An entry names the hash of the whole entry before it, so the signature of the newest one vouches
for all: nobody without a worker's key can add, change or remove one in the middle unnoticed.
Cutting entries off the end is noticed with a head that was written down elsewhere: the newest hash
is posted daily, and ``quaymaster audit verify --head HASH`` looks for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quaymaster.audit_entries import Entry, History, hash_of
from quaymaster.errors import Forged, QuaymasterError
from quaymaster.journal import Event
from quaymaster.key_ring import KeyRing
from quaymaster.signing_key import Keys
from quaymaster.store import keys
from quaymaster.store.envelopes import body_of
from quaymaster.store.formats import AUDIT_ENTRY, EVENT
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
class Verified:
    """The whole chain holds."""

    entries: int
    head: str
    """The newest hash; empty for an empty audit."""


def chained(previous: str, events: Iterable[str], history: History, own: Keys) -> tuple[str, ...]:
    """Entries for these events after the previous one, as they are stored. An event without a
    valid signature, or one that is in the audit already, is refused: it stands there as what it
    is, a forgery that somebody tried.
    """
    lines: list[str] = []
    number = _entry(previous).number if previous else 0
    for text in events:
        number += 1
        refused = ""
        try:
            history.add(read_event(text, own.ring))
        except QuaymasterError as error:
            refused = error.trouble.what
        entry = Entry(number, hash_of(previous) if previous else "", text, refused)
        previous = AUDIT_ENTRY.signed(entry, (str(number),), own.private).text
        lines.append(previous)
    return tuple(lines)


def read_event(text: str, ring: KeyRing) -> Event:
    """The event in a journal or an entry. Raises Forged and WrittenByNewer."""
    try:
        claimed = EVENT.adapter.validate_json(body_of(text))
    except ValueError as error:
        raise Forged("It is no event.") from error
    place = (str(claimed.operation), str(claimed.version), claimed.what)
    return EVENT.read(text, place, ring, in_audit=True).value


def verify(lines: Iterable[str | bytes], ring: KeyRing, head: str | None = None) -> Verified:
    """Check every link and every event. Raises Forged naming the first entry that does not hold.

    ``head`` is a hash that was written down earlier; it must still be in the chain.
    """
    history = History()
    number, last = 0, ""
    seen_head = head is None
    for line in lines:
        number += 1
        text = line.decode(errors="replace") if isinstance(line, bytes) else line
        entry = _entry(text, number)
        if entry.number != number or entry.previous != (hash_of(last) if last else ""):
            raise _broken(number, "it was changed, or one before it was removed")
        if not entry.refused:
            _check_event(entry, history, ring)
        last = text
        seen_head = seen_head or hash_of(last) == head
    if last:
        _check_signature(last, number, ring)
    if not seen_head:
        raise _broken(number, f"the head {head} is no longer in it")
    return Verified(number, hash_of(last) if last else "")


def chain_journal(connection: Connection, own: Keys) -> int:
    """Move journalled events into the audit; how many. Safe to run in several processes."""
    last_line = ask(connection, _last_line())
    events = ask(connection, _journalled())
    if not events:
        return 0
    history = History()
    numbers = sorted({number for text in events if (number := _operation_of(text)) is not None})
    if numbers:
        history.remember(ask(connection, _latest_of(numbers)))
    lines = chained(last_line, events, history, own)
    return perform(connection, _append(last_line, lines, history))


def stored_lines() -> Query[tuple[bytes, ...]]:
    """The whole audit, oldest first."""
    return Query(("LRANGE", keys.AUDIT, 0, -1), tuple)


def head() -> Query[str]:
    """The newest hash; empty for an empty audit."""
    return Query(("LINDEX", keys.AUDIT, -1), lambda reply: hash_of(reply.decode()) if reply else "")


def _append(last_line: str, lines: Sequence[str], history: History) -> Transaction[int]:
    return Transaction(
        guards=(LastEquals(keys.AUDIT, last_line),),
        commands=(
            ("RPUSH", keys.AUDIT, *lines),
            ("LTRIM", keys.JOURNAL, len(lines), -1),
            *(("HSET", keys.AUDIT_LATEST, number, text) for number, text in history.changed()),
        ),
        done=lambda _: len(lines),
        refused=lambda _: 0,
    )


def _latest_of(numbers: Sequence[int]) -> Query[Mapping[int, str]]:
    return Query(
        ("HMGET", keys.AUDIT_LATEST, *numbers),
        lambda reply: {
            number: text.decode() for number, text in zip(numbers, reply, strict=True) if text
        },
    )


def _last_line() -> Query[str]:
    return Query(("LINDEX", keys.AUDIT, -1), lambda reply: reply.decode() if reply else "")


def _journalled() -> Query[tuple[str, ...]]:
    return Query(
        ("LRANGE", keys.JOURNAL, 0, _BATCH - 1),
        lambda reply: tuple(one.decode(errors="replace") for one in reply),
    )


def _operation_of(text: str) -> int | None:
    """What an event says that it is about: looked up before anybody believes it."""
    try:
        return EVENT.adapter.validate_json(body_of(text)).operation
    except ValueError:
        return None


def _check_event(entry: Entry, history: History, ring: KeyRing) -> None:
    try:
        history.add(read_event(entry.event, ring))
    except QuaymasterError as error:
        raise _broken(entry.number, error.trouble.what) from error


def _check_signature(text: str, number: int, ring: KeyRing) -> None:
    try:
        AUDIT_ENTRY.read(text, (str(number),), ring, in_audit=True)
    except Forged as error:
        raise _broken(number, error.trouble.what) from error


def _entry(text: str, number: int = 0) -> Entry:
    """What an entry says; whether it is true, its hash and the newest signature tell."""
    try:
        return AUDIT_ENTRY.adapter.validate_json(body_of(text))
    except ValueError as error:
        raise _broken(number, "it cannot be read") from error


def _broken(position: int, why: str) -> Forged:
    return Forged(
        f"The audit does not hold at entry {position}.",
        why=f"Something other than Quaymaster wrote to it: {why}.",
        next_step="Keep a copy of Redis as it is, and compare with the head posted last.",
    )
