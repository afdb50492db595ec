"""Entries of the audit, and the events that it already contains. Pure."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quaymaster.errors import Forged

_MOST_DIGITS = 19
CUT_OFF = "is no longer in the audit."
"""The end of an auditor's note that an entry which it knew is gone."""


class CountsNoMore(Forged):
    """The signature is valid, yet the event does not count: it is already in the audit, or its key
    may be in other hands.
    """


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit."""

    number: int
    previous: str
    """The hash of the complete stored entry before it; empty for the first one."""
    event: str
    """The signed event, or the refused text from the journal."""
    refused: str = ""
    """Why it is not an event; empty for a genuine one."""

    @property
    def tells_of_a_cut(self) -> bool:
        """Whether this is an auditor's note that earlier entries were cut off."""
        return not self.event and self.refused.endswith(CUT_OFF)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the chain in Redis begins: everything up to here was exported into files."""

    number: int
    """The number of the last exported entry."""
    head: str
    """Its hash."""
    before: datetime
    """Every exported entry was chained before this moment, and no remaining entry was."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an event is about, which is also its place: the same in every version of events."""

    operation: int
    version: int
    what: str

    @property
    def place(self) -> tuple[str, ...]:
        """The place that its signature covers."""
        return (str(self.operation), str(self.version), self.what)


def hash_of(line: str) -> str:
    """The hash of a stored entry, signature included: 64 hex digits."""
    return hashlib.sha256(line.encode()).hexdigest()


@dataclass(slots=True)
class History:
    """Which events were chained: for each operation its latest version, and the kinds of events in
    that version.

    The versions of an operation are journalled in order. So an earlier version, or the same kind
    again, is an event that somebody pushed into the journal a second time.
    """

    missing: int = 0
    """How many versions of known operations were skipped, although each must have an event."""
    _latest: dict[int, tuple[int, frozenset[str]]] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)

    def add(self, event: Claim) -> None:
        """Record an event. Raises CountsNoMore if it is already there."""
        latest = self._latest.get(event.operation)
        version, kinds = latest or (event.version, frozenset())
        if event.version < version or (event.version == version and event.what in kinds):
            raise CountsNoMore(
                f"The event “{event.what}” of #{event.operation} is in the audit already."
            )
        self.missing += max(0, event.version - version - 1)
        before = kinds if event.version == version else frozenset()
        self._latest[event.operation] = (event.version, before | {event.what})
        self._changed.add(event.operation)

    def remember(self, texts: Mapping[int, str]) -> None:
        """Load what ``changed`` returned earlier."""
        for operation, text in texts.items():
            version, _, kinds = text.partition(" ")
            if version.isascii() and version.isdigit() and len(version) < _MOST_DIGITS:
                self._latest[operation] = (int(version), frozenset(kinds.split(",")))

    def changed(self) -> Iterator[tuple[int, str]]:
        """Each operation that got an event, with the text to remember about it."""
        for operation in sorted(self._changed):
            version, kinds = self._latest[operation]
            yield operation, f"{version} {','.join(sorted(kinds))}"
