"""An envelope holds for exactly what was signed: content, version, key, time and place."""

import base64
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.key_ring import CLOCK_SKEW, KeyRing, ProgramRole
from quaymaster.signing_key import SigningKey
from quaymaster.store.envelopes import Opened, StorageKey, body_of, enclosed, opened
from testing.keys import BOT_KEY, RING, SCANNER_KEY, STRANGER_KEY, WORKER_KEY

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLACE = StorageKey("plan", ("1042", "production", "web"))
BODY = '{"turn":7}'
PLAN = enclosed(BODY, 1, PLACE, BOT_KEY, NOW)
HEADER = PLAN.partition("\n")[0]
VERSION, KEY_ID, AT, SIGNATURE = HEADER.split(" ")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

texts = st.text(max_size=20)
places = st.builds(StorageKey, texts, st.lists(texts, max_size=4).map(tuple))


def open_it(
    text: str,
    place: StorageKey = PLACE,
    ring: KeyRing = RING,
    roles: Iterable[ProgramRole] = (ProgramRole.BOT,),
    *,
    in_audit: bool = False,
) -> Opened:
    """What a program finds that knows version 1."""
    return opened(text, place, 1, ring, roles, in_audit=in_audit)


def refused(
    text: str, place: StorageKey = PLACE, ring: KeyRing = RING, *, in_audit: bool = False
) -> str:
    """Why this program does not act upon it."""
    with pytest.raises(Forged) as raised:
        open_it(text, place, ring, in_audit=in_audit)
    return str(raised.value)


def with_header(*fields: str) -> str:
    """The plan with another first line."""
    return " ".join(fields) + "\n" + BODY


def ring_where_the_bot(**changes: Any) -> KeyRing:
    """The ring, where the bot's key has ended or was revoked."""
    return RING.with_key(replace(RING.key("bot-1"), **changes))


@given(texts, places)
def test_what_was_signed_is_found_where_it_was_put(body: str, place: StorageKey) -> None:
    text = enclosed(body, 1, place, BOT_KEY, NOW)
    found = open_it(text, place)
    assert found == Opened(1, RING.key("bot-1"), NOW, body)
    assert body_of(text) == body


@given(texts, places, places)
def test_it_fits_no_other_place(body: str, place: StorageKey, other: StorageKey) -> None:
    text = enclosed(body, 1, place, BOT_KEY, NOW)
    if other != place:
        with pytest.raises(Forged, match="copied from elsewhere"):
            open_it(text, other)


@pytest.mark.parametrize(
    "place",
    [
        StorageKey("release", PLACE.parts),
        StorageKey("plan", ("1043", "production", "web")),
        StorageKey("plan", ("1042", "staging", "web")),
        StorageKey("plan", ("1042", "production", "admin")),
        StorageKey("plan", ("1042", "production")),
        StorageKey("plan", ("1042", "production", "web", "")),
        StorageKey("plan", ("1042", "productionw", "eb")),
        StorageKey("plan", ("production", "1042", "web")),
    ],
)
def test_a_copy_in_another_place_is_refused(place: StorageKey) -> None:
    text = refused(PLAN, place)
    assert f"The {place} is ignored: its signature does not fit." in text
    assert "copied from elsewhere" in text


@given(st.data())
def test_a_text_with_one_other_character_is_refused(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(PLAN) - 1))
    letter = data.draw(st.characters().filter(lambda one: one != PLAN[position]))
    with pytest.raises(Forged):
        open_it(PLAN[:position] + letter + PLAN[position + 1 :])


@pytest.mark.parametrize(
    "altered",
    [
        with_header("2", KEY_ID, AT, SIGNATURE),
        with_header(VERSION, "worker-1", AT, SIGNATURE),
        with_header(VERSION, KEY_ID, str(int(AT) - 1), SIGNATURE),
        f"{HEADER}\n{BODY.replace('7', '8')}",
        f"{HEADER}\n{BODY} ",
        f"{HEADER}\n{BODY[:-1]}",
        f"{HEADER}\n",
        f"{HEADER}\n\n{BODY}",
        enclosed(BODY, 1, PLACE, STRANGER_KEY, NOW),
    ],
)
def test_each_part_of_it_is_signed(altered: str) -> None:
    assert "its signature does not fit" in refused(altered)


@pytest.mark.parametrize(
    "altered",
    [
        "",
        "\n",
        BODY,
        HEADER,
        HEADER[:40],
        with_header(VERSION, KEY_ID, AT),
        with_header(VERSION, KEY_ID, AT, SIGNATURE, ""),
        with_header(VERSION, KEY_ID, AT, SIGNATURE[:-4]),
        with_header(VERSION, KEY_ID, AT, SIGNATURE[:-2]),
        with_header(VERSION, KEY_ID, AT, SIGNATURE.replace(SIGNATURE[5], "é")),
        with_header("one", KEY_ID, AT, SIGNATURE),
        with_header(VERSION, KEY_ID, "now", SIGNATURE),
        with_header(VERSION, KEY_ID, "-1", SIGNATURE),
        with_header(VERSION, KEY_ID, "9" * 20, SIGNATURE),
        with_header("9" * 5000, KEY_ID, AT, SIGNATURE),
        f"{HEADER}\n\ud800",
    ],
)
def test_what_is_cut_off_or_no_envelope_is_said_so(altered: str) -> None:
    text = refused(altered)
    assert "The plan of 1042/production/web is ignored: it cannot be read." in text
    assert "It is cut off" in text


@pytest.mark.parametrize(
    "spelled",
    [
        with_header(f"0{VERSION}", KEY_ID, AT, SIGNATURE),
        with_header(f"+{VERSION}", KEY_ID, AT, SIGNATURE),
        with_header("١", KEY_ID, AT, SIGNATURE),
        with_header(VERSION, KEY_ID, f"{AT[:4]}_{AT[4:]}", SIGNATURE),
        with_header(VERSION, KEY_ID, AT, SIGNATURE + "===="),
    ],
)
def test_one_content_has_one_text(spelled: str) -> None:
    """Else what is referred to by the digest of its text could be stored under another one."""
    assert "it cannot be read" in refused(spelled)


def test_the_spare_bits_of_a_signature_are_not_free() -> None:
    """64 bytes in base64 leave four bits that say nothing."""
    last = SIGNATURE[-3]
    other = ALPHABET[ALPHABET.index(last) ^ 1]
    altered = SIGNATURE[:-3] + other + "=="
    assert base64.urlsafe_b64decode(altered) == base64.urlsafe_b64decode(SIGNATURE)
    assert "it cannot be read" in refused(with_header(VERSION, KEY_ID, AT, altered))


def test_a_signature_is_of_the_key_that_it_names() -> None:
    """Also where one key stands in the ring under two names, of which one has ended."""
    ring = RING.with_key(replace(RING.key("bot-1"), id="bot-2"))
    assert "its signature does not fit" in refused(
        with_header(VERSION, "bot-2", AT, SIGNATURE), ring=ring
    )


def test_what_a_newer_program_wrote_is_left_to_it_and_not_called_forged() -> None:
    with pytest.raises(WrittenByNewer, match="plan was written by a newer Quaymaster; upgrade"):
        open_it(enclosed(BODY, 2, PLACE, BOT_KEY, NOW))


def test_a_forgery_does_not_pass_for_something_newer() -> None:
    assert "does not fit" in refused(enclosed(BODY, 2, PLACE, STRANGER_KEY, NOW))
    assert "may not sign one" in refused(enclosed(BODY, 2, PLACE, WORKER_KEY, NOW))


@pytest.mark.parametrize(("key", "role"), [(WORKER_KEY, "worker"), (SCANNER_KEY, "scanner")])
def test_the_signature_of_another_role_does_not_count(key: SigningKey, role: str) -> None:
    text = enclosed(BODY, 1, PLACE, key, NOW)
    assert f"it is signed by the {role}, which may not sign one" in refused(text)
    assert open_it(text, roles=tuple(ProgramRole)).key.id == key.id


def test_a_key_that_the_ring_does_not_have_is_named() -> None:
    text = enclosed(BODY, 1, PLACE, SigningKey.new("bot"), NOW)
    told = refused(text)
    assert "The plan of 1042/production/web is ignored. It is signed with the key" in told
    assert "which is not in the key ring" in told


@pytest.mark.parametrize("later", [timedelta(0), SECOND, timedelta(days=3650)])
def test_what_was_signed_before_a_key_ended_verifies_for_ever(later: timedelta) -> None:
    assert open_it(PLAN, ring=ring_where_the_bot(ends_at=NOW + later)).body == BODY


def test_what_was_signed_after_a_key_ended_does_not_count() -> None:
    """As far as the clocks of two machines may be apart."""
    inside = ring_where_the_bot(ends_at=NOW - CLOCK_SKEW)
    assert open_it(PLAN, ring=inside).body == BODY
    outside = ring_where_the_bot(ends_at=NOW - CLOCK_SKEW - SECOND)
    for in_audit in (False, True):
        text = refused(PLAN, ring=outside, in_audit=in_audit)
        assert "it was signed with bot-1 after that key had ended" in text


def test_what_a_revoked_key_signed_counts_in_the_audit_alone_and_from_before() -> None:
    """There the chain proves when it was signed."""
    after = ring_where_the_bot(revoked_at=NOW + SECOND)
    assert "it is signed with bot-1, a key that was revoked" in refused(PLAN, ring=after)
    assert open_it(PLAN, ring=after, in_audit=True).body == BODY
    before = ring_where_the_bot(revoked_at=NOW - SECOND)
    assert "a key that was revoked" in refused(PLAN, ring=before, in_audit=True)


def test_each_refusal_is_a_sentence_of_its_own() -> None:
    told = {
        refused(HEADER),
        refused(f"{PLAN} "),
        refused(enclosed(BODY, 1, PLACE, WORKER_KEY, NOW)),
        refused(enclosed(BODY, 1, PLACE, SigningKey.new("bot"), NOW)),
        refused(PLAN, ring=ring_where_the_bot(ends_at=NOW - timedelta(days=1))),
        refused(PLAN, ring=ring_where_the_bot(revoked_at=NOW)),
    }
    assert len(told) == 6


def test_what_holds_for_one_ring_does_not_for_another() -> None:
    """What was checked once is remembered: of the key, not of its name."""
    assert open_it(PLAN).body == BODY
    other = RING.with_key(
        replace(RING.key("bot-1"), public=STRANGER_KEY.public(ProgramRole.BOT).public)
    )
    assert "does not fit" in refused(PLAN, ring=other)
