"""The audit chain."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from quaymaster.seals import Sealer

from quaymaster.audit import Entry, chained, verify
from quaymaster.errors import Forged
from quaymaster.journal import Event
from tests.samples import NOW, SEALER

EVENTS = tuple(
    Event(1042, number, what, "U0ALICE", NOW, "push").sealed(SEALER)
    for number, what in enumerate(("queued", "running", "succeeded"), 1)
)


def _lines() -> list[str]:
    return [one.as_json() for one in chained(None, (e.as_json() for e in EVENTS), SEALER)]


def test_a_chain_that_nobody_touched_holds() -> None:
    verified = verify(_lines(), SEALER)
    assert verified.entries == 3
    assert verified.head == Entry.from_json(_lines()[-1]).hash


def test_an_empty_audit_holds() -> None:
    assert verify([], SEALER).entries == 0


def test_a_changed_entry_is_named() -> None:
    lines = _lines()
    entry = Entry.from_json(lines[1])
    event = json.loads(entry.event) | {"actor": "U0EVE"}
    lines[1] = replace(entry, event=json.dumps(event)).as_json()
    with pytest.raises(Forged, match="entry 2"):
        verify(lines, SEALER)


def test_a_removed_entry_is_noticed() -> None:
    lines = _lines()
    with pytest.raises(Forged, match="entry 2"):
        verify([lines[0], lines[2]], SEALER)


def test_an_entry_made_with_another_key_is_noticed() -> None:
    eve = Sealer("e" * 32)
    first = chained(None, [EVENTS[0].as_json()], SEALER)[0]
    forged = chained(first, [EVENTS[1].as_json()], eve)[0]
    with pytest.raises(Forged, match="entry 2"):
        verify([first.as_json(), forged.as_json()], SEALER)


def test_an_entry_that_is_no_entry_is_noticed() -> None:
    with pytest.raises(Forged, match="entry 4"):
        verify([*_lines(), "hello"], SEALER)


def test_cutting_the_end_off_is_noticed_with_a_head_that_was_written_down() -> None:
    head = verify(_lines(), SEALER).head
    verify(_lines(), SEALER, head)
    verify(_lines()[:2], SEALER)
    with pytest.raises(Forged, match="head"):
        verify(_lines()[:2], SEALER, head)


def test_an_event_without_a_valid_seal_stands_in_the_audit_as_refused() -> None:
    forged = replace(EVENTS[0], actor="U0EVE")
    entries = chained(None, [forged.as_json(), "not an event"], SEALER)
    assert [entry.is_refused for entry in entries] == [True, True]
    assert verify([entry.as_json() for entry in entries], SEALER).entries == 2


def test_an_entry_that_was_put_in_another_place_is_noticed() -> None:
    """Another audit with the same key has entries with the same numbers."""
    other = chained(None, [EVENTS[2].as_json(), EVENTS[1].as_json()], SEALER)
    lines = _lines()
    with pytest.raises(Forged, match="entry 2"):
        verify([lines[0], other[1].as_json(), lines[2]], SEALER)
    assert other[1].hash != Entry.from_json(lines[1]).hash


def test_an_event_that_was_exchanged_for_another_real_one_is_noticed() -> None:
    lines = _lines()
    lines[1] = replace(Entry.from_json(lines[1]), event=EVENTS[0].as_json()).as_json()
    with pytest.raises(Forged, match="entry 2"):
        verify(lines, SEALER)


def test_the_hash_covers_whether_an_event_was_refused() -> None:
    """With the key of an event gone, its entry still says how it was judged."""
    genuine = chained(None, [EVENTS[0].as_json()], SEALER)[0]
    unsealed = SEALER.seal("audit", "", "1", genuine.event)
    assert genuine.hash != unsealed
    assert genuine.hash == SEALER.seal("audit", "", "1", genuine.event, "False")


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
    EVENTS[0].check(SEALER)
    with pytest.raises(Forged):
        replace(EVENTS[0], **altered).check(SEALER)
