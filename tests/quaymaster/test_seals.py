"""A seal is for one purpose and exactly these parts, and made with the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quaymaster.seals import Sealer, fingerprint

from quaymaster.errors import Forged
from tests.samples import KEY, SEALER

parts = st.lists(st.text(max_size=5), max_size=4)


@given(parts, parts)
def test_no_two_lists_of_parts_have_the_same_seal(first: list[str], second: list[str]) -> None:
    seal = SEALER.seal("plan", *first)
    SEALER.check(seal, "plan", *first)
    assert (SEALER.seal("plan", *second) == seal) is (first == second)
    assert (fingerprint(*first) == fingerprint(*second)) is (first == second)
    assert SEALER.seal("plan", "ab", "c") != SEALER.seal("plan", "a", "bc")


def test_a_seal_for_one_purpose_is_none_for_another() -> None:
    with pytest.raises(Forged, match="The vote does not carry a valid seal"):
        SEALER.check(SEALER.seal("plan", "1042"), "vote", "1042")


@pytest.mark.parametrize("seal", ["", "0" * 64, Sealer("e" * 32).seal("plan", "1042")])
def test_only_who_has_the_key_seals(seal: str) -> None:
    with pytest.raises(Forged):
        SEALER.check(seal, "plan", "1042")


def test_the_key_does_not_print_itself() -> None:
    assert KEY not in repr(SEALER)
