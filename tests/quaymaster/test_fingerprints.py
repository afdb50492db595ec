"""Fingerprints tell that a secret changed, and never which key's they are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.fingerprints import Comparison, FingerprintKey, fingerprint
from testing.keys import FINGERPRINT_TEXT, FINGERPRINTS

NEXT_KEY = FingerprintKey("the-key-of-fingerprints-after-this-one")
parts = st.lists(st.text(max_size=5), max_size=4)


@given(parts, parts)
def test_no_two_lists_of_parts_have_the_same_fingerprint(
    first: list[str], second: list[str]
) -> None:
    made = FINGERPRINTS.of(*first)
    expected = Comparison.SAME if first == second else Comparison.CHANGED
    assert FINGERPRINTS.compare(made, *second) is expected
    assert (fingerprint(*first) == fingerprint(*second)) is (first == second)
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert FINGERPRINTS.of("ab", "c") != FINGERPRINTS.of("a", "bc")


def test_after_a_new_key_nobody_can_tell_and_nothing_reads_changed() -> None:
    made = FINGERPRINTS.of("PASSWORD", "value")
    assert NEXT_KEY.compare(made, "PASSWORD", "value") is Comparison.CANNOT_TELL
    assert NEXT_KEY.compare(made, "PASSWORD", "another") is Comparison.CANNOT_TELL


@pytest.mark.parametrize("made", [None, "", "0" * 16, ":", "0" * 64])
def test_what_names_no_key_cannot_be_compared(made: str | None) -> None:
    assert FINGERPRINTS.compare(made, "PASSWORD", "value") is Comparison.CANNOT_TELL


def test_it_takes_the_key_to_make_one() -> None:
    """Without it a short secret could be guessed from its fingerprint."""
    made = FINGERPRINTS.of("PASSWORD", "1234")
    assert made.partition(":")[2] != NEXT_KEY.of("PASSWORD", "1234").partition(":")[2]
    assert made.partition(":")[2] not in fingerprint("PASSWORD", "1234")


def test_the_key_does_not_print_itself() -> None:
    assert FINGERPRINT_TEXT not in repr(FINGERPRINTS)
