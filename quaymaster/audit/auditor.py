"""The audit: append-only, each entry chained to the one before it and signed.

An entry contains the hash of the complete entry before it, so the signature of the newest entry
vouches for all. Nobody without a worker's key can add, change or remove an entry in the middle
unnoticed. If entries are cut off at the end, every running auditor notices and records it. It also
shows against a head that was recorded elsewhere: the newest hash is posted daily, and ``quaymaster
audit verify --head HASH`` looks for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from quaymaster.audit.links import claims_of, read_event, vouches
from quaymaster.audit.store import AuditEnds, ends, line_at, text
from quaymaster.audit_entries import CUT_OFF, Anchor, Claim, CountsNoMore, Entry, History, hash_of
from quaymaster.errors import QuaymasterError, WrittenByNewer
from quaymaster.journal import Event
from quaymaster.key_ring import CLOCK_SKEW, KeyRing
from quaymaster.signing_key import Keys
from quaymaster.store import keys
from quaymaster.store.formats import AUDIT_ENTRY
from quaymaster.store.transactions import (
    Connection,
    LastEquals,
    Query,
    Transaction,
    ask,
    perform,
)

log = structlog.get_logger(__name__)

_BATCH = 200
_BATCH_BYTES = 1024 * 1024
LONGEST_EVENT = 64 * 1024
"""In bytes; a longer text is not an event, and only its beginning and its hash are kept."""

# A pushed text may have any length, so it is shortened inside Redis.
_JOURNALLED = """
local texts, total = {}, 0
for i = 0, tonumber(ARGV[1]) - 1 do
  local text = redis.call('LINDEX', KEYS[1], i)
  if not text then break end
  if #text > tonumber(ARGV[3]) then
    text = string.sub(text, 1, 500) .. ' ... ' .. #text .. ' bytes, SHA-1 ' .. redis.sha1hex(text)
  end
  total = total + #text
  if total > tonumber(ARGV[2]) and #texts > 0 then break end
  texts[#texts + 1] = text
end
return texts
"""


@dataclass(frozen=True, slots=True)
class Tail:
    """The entry that the next one is chained to."""

    number: int = 0
    hash: str = ""


@dataclass(slots=True)
class Auditor:
    """Moves journalled events into the audit; several may do so at once. It remembers the newest
    entry: if the end is cut off or rewritten later, it records that as a refused entry.
    """

    connection: Connection
    own: Keys
    _seen: Tail = field(default_factory=Tail)
    _waits: bool = False

    def look(self) -> int:
        """Chain the waiting events; returns how many. Raises Unavailable, and Forged if no worker
        wrote the last entry of the audit: nothing is chained to that.
        """
        # Read the end first: if another auditor chains these events, it has changed, and this one
        # does not chain them again.
        found = ask(self.connection, ends())
        events = ask(self.connection, _journalled())
        if not events and (hash_of(found.last) if found.last else "") == self._seen.hash:
            return 0
        anchor = found.start(self.own.ring)
        tail = _tail_of(found, anchor, self.own.ring)
        notes = self._cut_off(found, anchor)
        history = History()
        if numbers := sorted(claims_of(events)):
            history.remember(ask(self.connection, _latest_of(numbers)))
        since = None if anchor is None else anchor.before
        lines = chained(tail, events, history, self.own, since, notes)
        self._warn_of_newer(is_waiting=len(lines) < len(notes) + len(events))
        taken = len(lines) - len(notes)
        if lines and not perform(self.connection, _append(found, lines, taken, history)):
            return 0
        newest = hash_of(lines[-1]) if lines else tail.hash
        self._seen = Tail(tail.number + len(lines), newest)
        return taken

    def _cut_off(self, both_ends: AuditEnds, anchor: Anchor | None) -> tuple[str, ...]:
        """The note to record if the newest entry that this auditor knew is gone."""
        length, start = self._seen, 0 if anchor is None else anchor.number
        if length.number <= start:
            return ()
        line = ask(self.connection, line_at(length.number - start - 1))
        if line and hash_of(line) == length.hash:
            return ()
        if ask(self.connection, ends()).anchor != both_ends.anchor:
            return ()  # a part was exported meanwhile, so the indexes have changed
        log.error("the audit was cut off or rewritten", number=length.number, hash=length.hash)
        return (f"Entry {length.number} with the hash {length.hash} {CUT_OFF}",)

    def _warn_of_newer(self, *, is_waiting: bool) -> None:
        if is_waiting and not self._waits:
            log.warning("the journal waits for a newer auditor", why="a newer program wrote to it")
        self._waits = is_waiting


def chained(
    after: Tail,
    events: Iterable[str],
    history: History,
    own: Keys,
    since: datetime | None = None,
    notes: Sequence[str] = (),
) -> tuple[str, ...]:
    """Entries for these events after the newest one, in their stored form.

    An event without a valid signature, or one that is already in the audit (as all from before
    ``since`` are), becomes a refused entry, as a record of the attempt. Text from a newer program
    stops the chaining: a newer auditor continues from there. ``notes`` are refused entries that
    the auditor itself adds.
    """
    lines: list[str] = []
    number, previous = after.number, after.hash

    def add(event: str, refused: str) -> None:
        nonlocal number, previous
        number += 1
        entry = Entry(number, previous, event, refused)
        lines.append(AUDIT_ENTRY.signed(entry, (str(number),), own.private).text)
        previous = hash_of(lines[-1])

    for note in notes:
        add("", note)
    for one in events:
        try:
            event = read_event(one, own.ring, datetime.now(UTC))
            _check_is_new(event, since)
            history.add(Claim(event.operation, event.version, event.what))
        except WrittenByNewer:
            break
        except QuaymasterError as error:
            add(one, error.problem.what)
        else:
            add(one, "")
    return tuple(lines)


def chain_journal(connection: Connection, own: Keys) -> int:
    """Move journalled events into the audit; returns how many. Safe to run in several processes."""
    return Auditor(connection, own).look()


def _tail_of(ends: AuditEnds, anchor: Anchor | None, ring: KeyRing) -> Tail:
    if not ends.last:
        return Tail() if anchor is None else Tail(anchor.number, anchor.head)
    number = ends.length + (0 if anchor is None else anchor.number)
    vouches(ends.last, number, ring)
    return Tail(number, hash_of(ends.last))


def _check_is_new(event: Event, since: datetime | None) -> None:
    """Exported events are older than the anchor, apart from clock differences; new events are much
    younger.
    """
    if since is not None and event.at < since + CLOCK_SKEW:
        raise CountsNoMore(
            f"The event “{event.what}” of #{event.operation} is from before the anchor: it is in "
            "the audit already."
        )


def _append(
    ends: AuditEnds, lines: Sequence[str], taken: int, history: History
) -> Transaction[int]:
    return Transaction(
        guards=(LastEquals(keys.AUDIT, ends.last),),
        commands=(
            ("RPUSH", keys.AUDIT, *lines),
            ("LTRIM", keys.JOURNAL, taken, -1),
            *(("HSET", keys.AUDIT_LATEST, number, text) for number, text in history.changed()),
        ),
        done=lambda _: len(lines),
        refused=lambda _: 0,
    )


def _latest_of(numbers: Sequence[int]) -> Query[Mapping[int, str]]:
    return Query(
        ("HMGET", keys.AUDIT_LATEST, *numbers),
        lambda reply: {
            number: text.decode(errors="replace")
            for number, text in zip(numbers, reply, strict=True)
            if text
        },
    )


def _journalled() -> Query[tuple[str, ...]]:
    return Query(
        ("EVAL", _JOURNALLED, 1, keys.JOURNAL, _BATCH, _BATCH_BYTES, LONGEST_EVENT),
        lambda reply: tuple(text(one) for one in reply),
    )
