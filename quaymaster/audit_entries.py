"""Entries of the audit, and which events are in it already. Pure."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quaymaster.errors import Forged

_MOST_DIGITS = 19
CUT_OFF = "is no longer in the audit."
"""How an auditor's own note ends, that an entry which it knew is gone."""


class CountsNoMore(Forged):
    """It is signed as it should be, and does not count all the same: it is in the audit already,
    or somebody else may have signed it.
    """


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit."""

    number: int
    previous: str
    """The hash of the whole entry before it, as it is stored; empty for the first one."""
    event: str
    """The signed event, or whatever stood in the journal and was refused."""
    refused: str = ""
    """Why it is no event; empty for a genuine one."""

    @property
    def tells_of_a_cut(self) -> bool:
        """Whether an auditor wrote down here that entries before it were cut off."""
        return not self.event and self.refused.endswith(CUT_OFF)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the chain in Redis begins: everything up to here was exported into files."""

    number: int
    """Of the last entry that was exported."""
    head: str
    """Its hash."""
    before: datetime
    """Every exported entry was chained before this moment, and none that is left."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What an event is about, and with it where it lives: the same in every version of events."""

    operation: int
    version: int
    what: str

    @property
    def place(self) -> tuple[str, ...]:
        """The place that its signature covers."""
        return (str(self.operation), str(self.version), self.what)


def hash_of(line: str) -> str:
    """The hash of an entry as it is stored, signature included: 64 hex digits."""
    return hashlib.sha256(line.encode()).hexdigest()


@dataclass(slots=True)
class History:
    """Which events were chained: of each operation its latest version, and the kinds in it.

    The versions of an operation are journalled in their order, so an earlier one, or the same kind
    again, is an event that somebody pushed into the journal a second time.
    """

    missing: int = 0
    """How many versions of known operations were passed over: every one of them has an event."""
    _latest: dict[int, tuple[int, frozenset[str]]] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)

    def add(self, event: Claim) -> None:
        """Note an event. Raises CountsNoMore for one that is there already."""
        known = self._latest.get(event.operation)
        version, kinds = known or (event.version, frozenset())
        if event.version < version or (event.version == version and event.what in kinds):
            raise CountsNoMore(
                f"The event “{event.what}” of #{event.operation} is in the audit already."
            )
        self.missing += max(0, event.version - version - 1)
        before = kinds if event.version == version else frozenset()
        self._latest[event.operation] = (event.version, before | {event.what})
        self._changed.add(event.operation)

    def remember(self, texts: Mapping[int, str]) -> None:
        """Take up what ``changed`` gave earlier."""
        for operation, text in texts.items():
            version, _, kinds = text.partition(" ")
            if version.isascii() and version.isdigit() and len(version) < _MOST_DIGITS:
                self._latest[operation] = (int(version), frozenset(kinds.split(",")))

    def changed(self) -> Iterator[tuple[int, str]]:
        """Each operation that an event was added of, with what is to be remembered of it."""
        for operation in sorted(self._changed):
            version, kinds = self._latest[operation]
            yield operation, f"{version} {','.join(sorted(kinds))}"
