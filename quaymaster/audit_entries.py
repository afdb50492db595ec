"""Entries of the audit, and which events are in it already. Pure."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from quaymaster.errors import Forged
from quaymaster.journal import Event


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


def hash_of(line: str) -> str:
    """The hash of an entry as it is stored, signature included: 64 hex digits."""
    return hashlib.sha256(line.encode()).hexdigest()


@dataclass(slots=True)
class History:
    """Which events were chained: of each operation its latest version, and the kinds in it.

    The versions of an operation are journalled in their order, so an earlier one, or the same kind
    again, is an event that somebody pushed into the journal a second time.
    """

    _latest: dict[int, tuple[int, frozenset[str]]] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)

    def add(self, event: Event) -> None:
        """Note an event. Raises Forged for one that is there already."""
        version, kinds = self._latest.get(event.operation, (-1, frozenset()))
        if event.version < version or (event.version == version and event.what in kinds):
            raise Forged(f"The event “{event.what}” of #{event.operation} is in the audit already.")
        before = kinds if event.version == version else frozenset()
        self._latest[event.operation] = (event.version, before | {event.what})
        self._changed.add(event.operation)

    def remember(self, texts: Mapping[int, str]) -> None:
        """Take up what ``changed`` gave earlier."""
        for operation, text in texts.items():
            version, _, kinds = text.partition(" ")
            if version.isascii() and version.isdigit():
                self._latest[operation] = (int(version), frozenset(kinds.split(",")))

    def changed(self) -> Iterator[tuple[int, str]]:
        """Each operation that an event was added of, with what is to be remembered of it."""
        for operation in sorted(self._changed):
            version, kinds = self._latest[operation]
            yield operation, f"{version} {','.join(sorted(kinds))}"
