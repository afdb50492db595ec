"""The audit chain."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from quaymaster.audit.auditor import LONGEST_EVENT, Tail, chained
from quaymaster.audit.check import verify
from quaymaster.audit.links import read_event
from quaymaster.audit.store import PAGE
from quaymaster.audit_entries import Entry, History, hash_of
from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.key_ring import KeyRing, ProgramRole
from quaymaster.signing_key import Keys, SigningKey
from quaymaster.store.envelopes import StorageKey
from quaymaster.store.formats import AUDIT_ENTRY, EVENT
from testing.keys import (
    BOT_KEY,
    OTHER_WORKER_KEY,
    RING,
    SCANNER_KEY,
    STRANGER_KEY,
    WORKER_KEY,
)
from testing.samples import NOW
from tests.quaymaster.audit.audits import chain, chain_at, entry_in, entry_line, event, life, newer

EVENTS = life(1042)
LATER = NOW + timedelta(days=1)


def revoked(key: SigningKey, at: datetime) -> KeyRing:
    """The ring after this key was revoked."""
    return RING.with_key(replace(RING.key(key.id), revoked_at=at))


def ended(key: SigningKey, at: datetime) -> KeyRing:
    """The ring after this key was rotated."""
    return RING.with_key(replace(RING.key(key.id), ends_at=at))


def test_a_chain_that_nobody_touched_holds() -> None:
    lines = chain(*EVENTS)
    verified = verify(lines, RING)
    assert (verified.entries, verified.refused, verified.missing) == (3, 0, 0)
    assert verified.head == hash_of(lines[-1])
    assert [entry_in(line).number for line in lines] == [1, 2, 3]


def test_an_empty_audit_holds() -> None:
    assert verify([], RING).entries == 0


def test_a_changed_entry_is_named() -> None:
    lines = list(chain(*EVENTS))
    lines[1] = lines[1].replace("U0ALICE", "U0EVE11")
    with pytest.raises(Forged, match="entry 3"):
        verify(lines, RING)


def test_a_changed_newest_entry_is_named() -> None:
    lines = list(chain(*EVENTS))
    lines[2] = lines[2].replace('"refused":""', '"refused":"no"')
    with pytest.raises(Forged, match="entry 3"):
        verify(lines, RING)


def test_a_removed_entry_is_noticed() -> None:
    lines = chain(*EVENTS)
    with pytest.raises(Forged, match="entry 2"):
        verify([lines[0], lines[2]], RING)


def test_a_removed_beginning_is_noticed() -> None:
    with pytest.raises(Forged, match="entry 1"):
        verify(chain(*EVENTS)[1:], RING)


@pytest.mark.parametrize("key", [STRANGER_KEY, BOT_KEY, SCANNER_KEY], ids=lambda key: key.id)
def test_an_entry_that_no_worker_signed_is_noticed(key: SigningKey) -> None:
    with pytest.raises(Forged, match="entry 1"):
        verify(chain(EVENTS[0], own=Keys(key, RING)), RING)


def test_an_entry_that_is_no_entry_is_noticed() -> None:
    with pytest.raises(Forged, match="entry 4"):
        verify([*chain(*EVENTS), "hello"], RING)


def test_two_entries_that_changed_their_places_are_noticed() -> None:
    one, two, three = chain(*EVENTS)
    with pytest.raises(Forged, match="entry 2"):
        verify([one, three, two], RING)


def test_cutting_the_end_off_is_noticed_with_a_head_that_was_written_down() -> None:
    lines = chain(*EVENTS)
    head = verify(lines, RING).head
    verify(lines, RING, head)
    verify(lines[:2], RING)
    with pytest.raises(Forged, match="head"):
        verify(lines[:2], RING, head)


@pytest.mark.parametrize(
    "junk",
    [
        event(key=STRANGER_KEY),
        event(key=SCANNER_KEY),
        EVENTS[0].replace("U0ALICE", "U0EVE11"),
        "not an event",
        "1 bot-1 1 AAAA\n{}",
        b"\xff\x00\xfe".decode(errors="replace"),
        "",
    ],
    ids=["a stranger's", "the scanner's", "altered", "words", "short", "binary", "nothing"],
)
def test_what_is_no_genuine_event_stands_in_the_audit_as_refused(junk: str) -> None:
    lines = chain(EVENTS[0], junk, EVENTS[1])
    assert [bool(entry_in(line).refused) for line in lines] == [False, True, False]
    verified = verify(lines, RING)
    assert (verified.entries, verified.refused) == (3, 1)
    assert verified.reasons[0].startswith("Entry 2: ")


def test_an_event_that_comes_again_stands_in_the_audit_as_refused() -> None:
    lines = chain(*EVENTS, EVENTS[2], EVENTS[0])
    assert [bool(entry_in(line).refused) for line in lines] == [False] * 3 + [True] * 2
    assert verify(lines, RING).refused == 2


def test_two_kinds_of_one_version_are_two_events() -> None:
    lines = chain(event(what="queued"), event(what="cancel asked"))
    assert verify(lines, RING).refused == 0


def test_an_event_that_was_let_in_twice_does_not_count_and_the_chain_holds() -> None:
    """Whoever can write to Redis can also take away what the auditor knows of an operation."""
    lines = chain_at(NOW, (EVENTS[0], EVENTS[0]))
    verified = verify(lines, RING)
    assert (verified.entries, verified.refused) == (2, 1)


def test_a_version_without_an_event_is_told() -> None:
    """Somebody took it out of the journal before it was chained."""
    lines = chain(EVENTS[0], EVENTS[2])
    assert verify(lines, RING).missing == 1


def test_an_entry_of_another_audit_is_noticed() -> None:
    """Another audit with the same key has entries with the same numbers."""
    other = chain(EVENTS[2], EVENTS[1])
    lines = chain(*EVENTS)
    with pytest.raises(Forged, match="entry 2"):
        verify([lines[0], other[1], lines[2]], RING)


def test_pieces_of_two_audits_do_not_make_one() -> None:
    one = chain(*(event(number) for number in range(PAGE + 5)))
    other = chain(*(event(number) for number in range(1, PAGE + 6)))
    with pytest.raises(Forged, match=f"entry {PAGE + 1}"):
        verify([*one[:PAGE], *other[PAGE:]], RING)


def test_a_number_that_is_passed_over_is_noticed() -> None:
    first = entry_line(Entry(1, "", EVENTS[0]), NOW)
    second = entry_line(Entry(3, hash_of(first), EVENTS[1]), NOW)
    third = entry_line(Entry(3, hash_of(second), EVENTS[2]), NOW)
    with pytest.raises(Forged, match="entry 2"):
        verify([first, second, third], RING)


def test_an_event_that_was_exchanged_for_another_real_one_is_noticed() -> None:
    lines = list(chain(*EVENTS))
    exchanged = replace(entry_in(lines[1]), event=EVENTS[0])
    lines[1] = entry_line(exchanged, NOW, STRANGER_KEY)
    with pytest.raises(Forged, match="entry 3"):
        verify(lines, RING)


def test_a_forged_event_in_a_chain_of_a_worker_is_noticed() -> None:
    """A worker that was taken over cannot make a vote of anybody."""
    lines = chain_at(NOW, [event(what="vote", key=STRANGER_KEY)])
    with pytest.raises(Forged, match="entry 1"):
        verify(lines, RING)


@pytest.mark.parametrize(
    "altered",
    [
        {"operation": 1043},
        {"version": 9},
        {"what": "rejected"},
        {"actor": "U0EVE"},
        {"at": NOW + timedelta(seconds=1)},
        {"detail": "pull"},
        {"environment": "production"},
    ],
)
def test_an_event_that_was_altered_is_refused(altered: dict[str, Any]) -> None:
    genuine = read_event(EVENTS[0], RING, NOW)
    header = EVENTS[0].partition("\n")[0]
    body = EVENT.adapter.dump_json(replace(genuine, **altered)).decode()
    with pytest.raises(Forged):
        read_event(f"{header}\n{body}", RING, NOW)


class TestRevokedKeys:
    """Whoever has a revoked key gives any time to what they sign."""

    def test_what_was_chained_before_counts(self) -> None:
        lines = chain_at(NOW, [event(signed_at=NOW)])
        assert verify(lines, revoked(BOT_KEY, LATER)).refused == 0

    def test_what_is_pushed_afterwards_is_refused_whatever_time_it_gives(self) -> None:
        ring = revoked(BOT_KEY, LATER)
        lines = chain(event(signed_at=NOW), own=Keys(WORKER_KEY, ring))
        assert "revoked" in entry_in(lines[0]).refused
        assert verify(lines, ring).refused == 1

    def test_what_an_auditor_let_in_that_did_not_know_yet_does_not_count(self) -> None:
        lines = chain_at(LATER + timedelta(hours=1), [event(signed_at=NOW)])
        verified = verify(lines, revoked(BOT_KEY, LATER))
        assert (verified.entries, verified.refused) == (1, 1)

    def test_a_later_version_with_it_holds_nothing_up(self) -> None:
        place = StorageKey(EVENT.kind, ("1042", "1", "queued"))
        ring = revoked(BOT_KEY, NOW)
        lines = chain(newer(EVENTS[0], place, BOT_KEY), EVENTS[1], own=Keys(WORKER_KEY, ring))
        assert len(lines) == 2

    def test_the_chain_of_a_worker_whose_key_was_revoked_goes_on(self) -> None:
        first = chain_at(LATER + timedelta(hours=1), [EVENTS[0]])
        ring = revoked(WORKER_KEY, LATER)
        tail = Tail(1, hash_of(first[0]))
        second = chained(tail, [EVENTS[1]], History(), Keys(OTHER_WORKER_KEY, ring))
        assert verify([*first, *second], ring).entries == 2
        assert verify(first, ring).entries == 1

    def test_an_event_signed_after_its_key_had_ended_does_not_count(self) -> None:
        lines = chain_at(LATER, [event(signed_at=LATER)])
        assert verify(lines, ended(BOT_KEY, NOW)).refused == 1
        assert verify(lines, ended(BOT_KEY, LATER)).refused == 0


class TestNewerPrograms:
    """A later version is never called forged, and what calls itself one is not believed."""

    PLACE = StorageKey(EVENT.kind, ("1042", "2", "running"))

    def test_chaining_stops_at_an_event_of_a_later_version(self) -> None:
        later = newer(EVENTS[1], self.PLACE, BOT_KEY, mood="good")
        assert len(chain(EVENTS[0], later, EVENTS[2])) == 1

    def test_what_only_calls_itself_of_a_later_version_is_refused(self) -> None:
        forged = newer(EVENTS[1], self.PLACE, STRANGER_KEY)
        lines = chain(EVENTS[0], forged, EVENTS[2])
        assert [bool(entry_in(line).refused) for line in lines] == [False, True, False]

    def test_what_cannot_be_read_any_more_is_not_called_forged(self) -> None:
        later = newer(EVENTS[1], self.PLACE, BOT_KEY, at="yesterday", actor=None)
        with pytest.raises(WrittenByNewer):
            verify(chain_at(NOW, [EVENTS[0], later]), RING)

    def test_an_entry_of_a_later_version_is_not_called_forged(self) -> None:
        (line,) = chain(EVENTS[0])
        place = StorageKey(AUDIT_ENTRY.kind, ("1",))
        with pytest.raises(WrittenByNewer):
            verify([newer(line, place, WORKER_KEY, number="one")], RING)
        with pytest.raises(Forged, match="entry 1"):
            verify([newer(line, place, STRANGER_KEY, number="one")], RING)


def test_many_entries_are_checked_in_several_processes_to_the_same_end() -> None:
    events = [event(number) for number in range(2_500)]
    events[2_300] = "junk"
    lines = list(chain(*events))
    verified = verify(lines, RING, hash_of(lines[2_222]))
    assert (verified.entries, verified.refused) == (2_500, 1)
    assert verified.head == hash_of(lines[-1])
    with pytest.raises(Forged, match=r"The audit does not hold at entry 2402\. .*changed"):
        verify([*lines[:2_400], lines[2_400].replace("U0", "U1"), *lines[2_401:]], RING)


def test_every_entry_of_an_audit_says_who_vouched_for_it() -> None:
    assert AUDIT_ENTRY.signers == {ProgramRole.WORKER}
    assert EVENT.signers == {ProgramRole.BOT, ProgramRole.WORKER}


def test_the_longest_event_is_longer_than_any_that_is_written() -> None:
    assert len(event(detail="x" * 40_000)) < LONGEST_EVENT
