"""Who somebody was at one moment: for that operation, signed by the bot, for ten minutes."""

from datetime import timedelta

import pytest

from quaymaster.errors import Forged
from quaymaster.policy import Membership
from quaymaster.standings import LookedUp, joined, lately
from quaymaster.store.formats import STANDING
from testing.keys import BOT_KEY, RING, SCANNER_KEY, WORKER_KEY
from testing.samples import NOW, looked_up

ALICE = looked_up(at=NOW)


def test_it_is_the_bots_word_about_one_operation() -> None:
    assert STANDING.read(ALICE.text, ("1042",), RING).value == ALICE.value
    with pytest.raises(Forged):
        STANDING.read(ALICE.text, ("1043",), RING)
    for key in (WORKER_KEY, SCANNER_KEY):
        other = STANDING.signed(ALICE.value, ("1042",), key)
        with pytest.raises(Forged):
            STANDING.read(other.text, ("1042",), RING)


@pytest.mark.parametrize(
    ("after", "counts"),
    [
        (timedelta(0), True),
        (timedelta(minutes=9, seconds=59), True),
        (timedelta(minutes=10), False),
        (timedelta(minutes=-5), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_it_counts_for_ten_minutes_and_not_before_its_time(after: timedelta, counts: bool) -> None:
    assert ("U0ALICE" in lately((ALICE,), NOW + after)) is counts


def test_the_newest_of_each_person_is_kept() -> None:
    later = looked_up(membership=Membership.GUEST, at=NOW + timedelta(minutes=1))
    bob = looked_up("U0BOB", at=NOW)
    assert joined((ALICE, bob), (later,)) == (later, bob)
    assert lately(joined((ALICE,), (later,)), NOW)["U0ALICE"].membership is Membership.GUEST


def test_a_person_is_the_same_afterwards() -> None:
    person = looked_up("U0BOB", groups=("S0B", "S0A")).value.person
    assert LookedUp.of(1042, person, NOW).person == person
    assert BOT_KEY.id == ALICE.key
