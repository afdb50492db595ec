"""``quaymaster audit export``: the oldest part of the chain moves from Redis into a file.

Before anything leaves Redis, the file is complete, on disk, and has been read again. The entries
leave Redis in one transaction, together with the anchor. If the command is killed at any moment,
the same command completes the export or finds it complete.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from quaymaster.audit.auditor import chain_journal
from quaymaster.audit.check import verify
from quaymaster.audit.files import AuditFile, exists, write
from quaymaster.audit.links import broken, claims_of, link_of
from quaymaster.audit.store import ANCHOR_PLACE, AuditEnds, ends, stored_lines, text
from quaymaster.audit_entries import Anchor, hash_of
from quaymaster.errors import Conflict, Forged, UsageError
from quaymaster.key_ring import CLOCK_SKEW, KeyRing
from quaymaster.signing_key import Keys
from quaymaster.store import keys
from quaymaster.store.envelopes import StorageKey, claimed
from quaymaster.store.formats import AUDIT_ANCHOR, EVENT
from quaymaster.store.transactions import (
    Absent,
    Command,
    Connection,
    Equals,
    GuardFailure,
    LastEquals,
    Query,
    Transaction,
    ask,
    perform,
)

_FIELDS_AT_ONCE = 1_000
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did."""

    entries: int
    """How many left Redis; 0 if no entry is that old, or they were exported before."""
    head: str
    """The hash of the last exported entry; empty if nothing was ever exported."""


@dataclass(slots=True)
class _Part:
    """The chain in Redis, divided at a moment."""

    before: datetime
    start: int
    head: str
    count: int = 0
    length: int = 0
    last: str = ""
    gone: set[int] = field(default_factory=set)
    """The operations in the exported part."""
    left: set[int] = field(default_factory=set)
    """The operations in the rest."""

    def watched(self, lines: Iterator[str], ring: KeyRing, most: float) -> Iterator[str]:
        """The lines, counted while they are checked. At most ``most`` are split off."""
        for line in lines:
            link = link_of(line, self.start + self.length + 1, ring)
            numbers = claims_of((link.entry.event,))
            if self.count == self.length < most and link.at < self.before:
                self.count += 1
                self.head = link.hash
                self.gone |= numbers
            else:
                self.left |= numbers
            self.length += 1
            self.last = line
            yield line


def export(
    connection: Connection, own: Keys, before: datetime, path: Path, keep: timedelta
) -> Exported:
    """Move the entries chained before this moment into a file; the newest entry always stays.

    Entries younger than ``keep`` are still needed in Redis. Raises UsageError, Conflict,
    OutsideFailure, Unavailable, and Forged if the chain does not hold; then nothing is moved.
    """
    if before > datetime.now(UTC) - keep:
        raise UsageError(
            f"{before:%Y-%m-%d} is too recent.",
            why="Quaymaster looks up in the audit whether an operation has ended, for as long as "
            "its request is valid.",
            next_step=f"Name a day that ended more than {keep} ago.",
        )
    while chain_journal(connection, own):
        pass
    _check_nothing_old_waits(connection, before)
    both_ends = ask(connection, ends())
    anchor = both_ends.start(own.ring)
    if (done := _done_before(path, anchor, before)) is not None:
        return done
    start = (0, "") if anchor is None else (anchor.number, anchor.head)
    part = _Part(before, *start)
    most = min(both_ends.length - 1, _written_before(path, start, before))
    lines = part.watched(stored_lines(connection), own.ring, most)
    verify(lines, own.ring, after=start)
    if not part.count:
        return Exported(0, part.head)
    number = start[0] + part.count
    file = AuditFile(path, start[0] + 1, number, start[1], part.head, before)
    if not path.exists():
        write(file, islice(stored_lines(connection), part.count))
    elif AuditFile.opened(path) != file:
        raise exists(path)
    file.check_is_whole()
    _trim(connection, both_ends, part, Anchor(number, part.head, before), own)
    return Exported(part.count, part.head)


def _done_before(path: Path, anchor: Anchor | None, before: datetime) -> Exported | None:
    """The result, if this file is the last export: one that was killed after its last step."""
    if anchor is None or not path.exists():
        return None
    file = AuditFile.opened(path)
    if (file.last, file.head, file.before) != (anchor.number, anchor.head, before):
        return None
    file.check_is_whole()
    return Exported(0, anchor.head)


def _written_before(path: Path, start: tuple[int, str], before: datetime) -> float:
    """How many entries the file of a killed export has, if this is one. The entry that was the
    newest at that time stays in Redis, even if there is a newer one now.
    """
    if not path.exists():
        return math.inf
    file = AuditFile.opened(path)
    is_this_one = (file.first - 1, file.previous, file.before) == (*start, before)
    return file.last - start[0] if is_this_one else math.inf


def _check_nothing_old_waits(connection: Connection, before: datetime) -> None:
    """An old event that is chained after an export would look like a repeated one."""
    waiting = ask(connection, Query(("LINDEX", keys.JOURNAL, 0), lambda reply: text(reply or b"")))
    try:
        at = claimed(waiting, StorageKey(EVENT.kind, ())).at if waiting else None
    except Forged:
        return
    if at is not None and at < before + CLOCK_SKEW:
        raise Conflict(
            "Events from before that day are not in the audit yet.",
            why="A newer Quaymaster wrote them, or another worker is still adding them.",
            next_step="Try again in a minute, with the newest Quaymaster.",
        )


def _trim(connection: Connection, ends: AuditEnds, part: _Part, anchor: Anchor, own: Keys) -> None:
    """Remove the part from Redis, after including entries that were chained meanwhile."""
    signed = AUDIT_ANCHOR.signed(anchor, ANCHOR_PLACE, own.private).text
    for _ in range(_ATTEMPTS):
        if perform(connection, _trimmed(ends, part, signed)):
            return
        length = part.length
        lines = stored_lines(connection, length - 1)
        if hash_of(next(lines, "")) != hash_of(part.last):
            raise broken(part.start + length, "it was changed while a part was exported")
        for _line in part.watched(lines, own.ring, 0):
            pass
    raise Conflict(
        "The audit grows too fast to take a part out of it.",
        next_step="Run the same command again: the file is complete.",
    )


def _trimmed(ends: AuditEnds, part: _Part, anchor: str) -> Transaction[bool]:
    dropped = sorted(part.gone - part.left)
    forgotten: list[Command] = [
        ("HDEL", keys.AUDIT_LATEST, *dropped[at : at + _FIELDS_AT_ONCE])
        for at in range(0, len(dropped), _FIELDS_AT_ONCE)
    ]
    before = Equals(keys.AUDIT_ANCHOR, ends.anchor) if ends.anchor else Absent(keys.AUDIT_ANCHOR)
    return Transaction(
        guards=(before, LastEquals(keys.AUDIT, part.last)),
        commands=(
            ("SET", keys.AUDIT_ANCHOR, anchor),
            ("LTRIM", keys.AUDIT, part.count, -1),
            *forgotten,
        ),
        done=lambda _: True,
        refused=_not_trimmed,
    )


def _not_trimmed(refusal: GuardFailure) -> bool:
    if refusal.guard == 0:
        raise Conflict(
            "Another export finished first.",
            next_step="Run the same command again to see what is left.",
        )
    return False
