"""Reading entries and their events: shared by the auditor, ``verify`` and job starts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter

from quaymaster.audit_entries import Claim, CountsNoMore, Entry, hash_of
from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.journal import Event
from quaymaster.key_ring import CLOCK_SKEW, KeyRing
from quaymaster.store.envelopes import Claimed, StorageKey, claimed, opened
from quaymaster.store.formats import AUDIT_ENTRY, EVENT

_CLAIM = TypeAdapter(Claim)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry in the chain, with its envelope. Its hash, and through it the signature of the
    newest entry, prove it.
    """

    entry: Entry
    at: datetime
    """When it was chained."""
    text: str

    @property
    def hash(self) -> str:
        """The hash that the next entry must contain."""
        return hash_of(self.text)


def link_of(line: str | bytes, number: int, ring: KeyRing) -> Link:
    """The entry in a line. Raises Forged, with the expected number, if it is not an entry, and
    WrittenByNewer if it has a later version that cannot be read.
    """
    text = line.decode(errors="replace") if isinstance(line, bytes) else line
    place = StorageKey(AUDIT_ENTRY.kind, (str(number),))
    try:
        claim = claimed(text, place)
        return Link(AUDIT_ENTRY.lifted(claim, place), claim.at, text)
    except Forged as error:
        if _is_newer(text, number, ring):
            raise WrittenByNewer(AUDIT_ENTRY.kind) from None
        raise broken(number, "it cannot be read") from error


def vouches(text: str, number: int, ring: KeyRing) -> None:
    """Raise Forged unless a worker signed this entry; its key may have ended since.

    A revoked key does no harm here: events have their own signatures, and rewriting the end with
    that key is noticed in the same way as cutting it off.
    """
    try:
        place = (str(number),)
        key = claimed(text, StorageKey(AUDIT_ENTRY.kind, place)).key
        AUDIT_ENTRY.read(text, place, _lasting(ring, key), in_audit=True)
    except WrittenByNewer:
        return
    except Forged as error:
        raise broken(number, error.problem.what) from error


def claim_of(text: str) -> Claim | Event:
    """What an event claims to be about, unchecked. Raises Forged if it is not an event."""
    return _claim_in(claimed(text, StorageKey(EVENT.kind, ())))


def read_event(text: str, ring: KeyRing, chained_at: datetime) -> Event:
    """The event in the journal, or in an entry that was chained at this time.

    Raises Forged; CountsNoMore if its key had ended, or had been revoked by then, whatever time the
    event claims; and WrittenByNewer for a genuine event of a later version.
    """
    envelope = claimed(text, StorageKey(EVENT.kind, ()))
    claim = _claim_in(envelope)
    place = StorageKey(EVENT.kind, claim.place)
    lasting = _lasting(ring, envelope.key)
    try:
        opened(text, place, EVENT.version, lasting, EVENT.signers, in_audit=True)
    except WrittenByNewer:
        _check_key(envelope, ring, chained_at)
        raise
    _check_key(envelope, ring, chained_at)
    return claim if isinstance(claim, Event) else EVENT.lifted(envelope, place)


def broken(number: int, why: str) -> Forged:
    """The error for an entry at which the audit does not hold."""
    return Forged(
        f"The audit does not hold at entry {number}.",
        why=f"Something other than Quaymaster wrote to it: {why}.",
        next_step="Keep a copy of Redis as it is, and compare it with the last head that was "
        "posted.",
    )


def missing(first: int, last: int) -> Forged:
    """The error for entries that must exist before others but cannot be found."""
    which = f"Entry {first} is" if first == last else f"Entries {first} to {last} are"
    return Forged(
        f"{which} missing: neither in Redis nor in the given files.",
        why="They were exported into a file that was not named, or something removed them.",
        next_step="Name every file of `quaymaster audit export`, or check with --since-anchor "
        "what came after the last one.",
    )


def claims_of(texts: Iterable[str]) -> frozenset[int]:
    """The operations that these texts claim to be about."""
    numbers: set[int] = set()
    for text in texts:
        try:
            numbers.add(claim_of(text).operation)
        except Forged:
            continue
    return frozenset(numbers)


def _check_key(claim: Claimed, ring: KeyRing, chained_at: datetime) -> None:
    """A thief can write any time, so a revoked key counts only in entries chained before."""
    key = ring.key(claim.key)
    if key.revoked_at is not None and max(chained_at, claim.at) > key.revoked_at:
        raise CountsNoMore(f"It is signed with {key.id}, a key that was revoked.")
    if key.ends_at is not None and claim.at > key.ends_at + CLOCK_SKEW:
        raise CountsNoMore(f"It was signed with {key.id} after that key had ended.")


def _lasting(ring: KeyRing, key_id: str) -> KeyRing:
    """The ring as if this key had no end: the signature is checked first, its time later."""
    key = ring.keys.get(key_id)
    if key is None or (key.ends_at is None and key.revoked_at is None):
        return ring
    return ring.with_key(replace(key, ends_at=None, revoked_at=None))


def _claim_in(claim: Claimed) -> Claim | Event:
    """What it claims to be about; the complete event if it has today's version."""
    try:
        if claim.version == EVENT.version:
            return EVENT.adapter.validate_json(claim.body)
        return _CLAIM.validate_json(claim.body)
    except ValueError as error:
        raise Forged("It is not an event.") from error


def _is_newer(text: str, number: int, ring: KeyRing) -> bool:
    try:
        AUDIT_ENTRY.read(text, (str(number),), ring, in_audit=True)
    except WrittenByNewer:
        return True
    except Forged:
        return False
    return False
