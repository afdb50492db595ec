"""Events and chains for tests of the audit."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import redis

from quaymaster.audit.auditor import Tail, chained
from quaymaster.audit.store import stored_lines
from quaymaster.audit_entries import Entry, History, hash_of
from quaymaster.journal import Event
from quaymaster.signing_key import Keys, SigningKey
from quaymaster.store import keys
from quaymaster.store.envelopes import StorageKey, enclosed
from quaymaster.store.formats import AUDIT_ENTRY, EVENT
from testing.keys import BOT_KEY, WORKER
from testing.samples import NOW


def event(operation: int = 1042, version: int = 1, what: str = "queued", **given: Any) -> str:
    """An event as it stands in the journal: by Alice, signed by the bot, unless ``key`` says."""
    key: SigningKey = given.pop("key", BOT_KEY)
    signed_at: datetime | None = given.pop("signed_at", None)
    fields = {"actor": "U0ALICE", "at": NOW, "detail": "push", **given}
    one = Event(operation, version, what, **fields)
    place = (str(operation), str(version), what)
    if signed_at is None:
        return EVENT.signed(one, place, key).text
    body = EVENT.adapter.dump_json(one).decode()
    return enclosed(body, EVENT.version, StorageKey(EVENT.kind, place), key, signed_at)


def life(operation: int, *kinds: str) -> tuple[str, ...]:
    """Events of one operation, each of the next version."""
    found = kinds or ("queued", "running", "succeeded")
    return tuple(event(operation, version, what) for version, what in enumerate(found, 1))


def chain(*events: str, own: Keys = WORKER) -> tuple[str, ...]:
    """A whole audit of these events."""
    return chained(Tail(), events, History(), own)


def chain_at(
    at: datetime, events: Iterable[str], after: Tail | None = None, key: SigningKey = WORKER.private
) -> tuple[str, ...]:
    """A piece of an audit as a worker chained it at that time."""
    tail = after or Tail()
    number, previous, lines = tail.number, tail.hash, []
    for number, text in enumerate(events, tail.number + 1):
        lines.append(entry_line(Entry(number, previous, text), at, key))
        previous = hash_of(lines[-1])
    return tuple(lines)


def entry_line(entry: Entry, at: datetime, key: SigningKey = WORKER.private) -> str:
    """An entry as it is stored, signed at that time."""
    body = AUDIT_ENTRY.adapter.dump_json(entry).decode()
    place = StorageKey(AUDIT_ENTRY.kind, (str(entry.number),))
    return enclosed(body, AUDIT_ENTRY.version, place, key, at)


def entry_in(line: str | bytes) -> Entry:
    """What an entry says."""
    text = line.decode() if isinstance(line, bytes) else line
    return AUDIT_ENTRY.adapter.validate_json(text.partition("\n")[2])


def newer(text: str, place: StorageKey, key: SigningKey, **fields: Any) -> str:
    """The same as a later program writes it: of version 99, with more in it, signed."""
    body = json.loads(text.partition("\n")[2]) | fields
    return enclosed(
        json.dumps(body, separators=(",", ":")), 99, place, key, datetime.now(NOW.tzinfo)
    )


def push(connection: redis.Redis, *texts: str | bytes) -> None:
    """Put texts into the journal."""
    for text in texts:
        connection.rpush(keys.JOURNAL, text)


def stored(connection: redis.Redis) -> list[str]:
    """The whole audit in Redis."""
    return list(stored_lines(connection))
