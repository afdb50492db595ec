"""How much one person may ask for at once: enough for anybody, and nobody's is another's."""

import pytest

from bot.conversation import allowance
from bot.conversation.allowance import BURST, DECISIONS, Allowances
from quaymaster.actors import SlackUser
from quaymaster.errors import TooMuch
from tests.bot.conftest import TEAM
from tests.people import ALICE, BOB

MANY = 1_000
"""More than a minute gives back while the test runs."""


def taken(allowances: Allowances, actor: SlackUser) -> int:
    """How many of many are taken."""
    count = 0
    for _ in range(MANY):
        try:
            allowances.take(actor)
        except TooMuch:
            continue
        count += 1
    return count


def test_a_burst_is_taken_and_what_is_beyond_it_is_refused_calmly() -> None:
    allowances = Allowances()
    assert BURST <= taken(allowances, SlackUser(TEAM, ALICE)) < BURST + 5
    with pytest.raises(TooMuch) as refused:
        allowances.take(SlackUser(TEAM, ALICE))
    assert "was not accepted" in str(refused.value)
    assert "Your earlier requests are being handled." in str(refused.value)
    assert "second" in refused.value.problem.next_step


def test_nobodys_calls_use_up_anothers() -> None:
    allowances = Allowances()
    taken(allowances, SlackUser(TEAM, ALICE))
    for other in (SlackUser(TEAM, BOB), SlackUser("T0PARTNER", ALICE)):
        assert taken(allowances, other) >= BURST


def test_decisions_are_counted_by_themselves() -> None:
    allowances, alice = Allowances(), SlackUser(TEAM, ALICE)
    for _ in range(DECISIONS):
        allowances.take_decision(alice)
    with pytest.raises(TooMuch, match="not counted"):
        allowances.take_decision(alice)
    allowances.take_decision(SlackUser(TEAM, BOB))
    allowances.take(alice)


def test_a_refusal_that_costs_a_call_is_not_said_every_time() -> None:
    allowances, alice = Allowances(), SlackUser(TEAM, ALICE)
    assert [allowances.may_be_told(alice) for _ in range(5)] == [True, *[False] * 4]
    assert allowances.may_be_told(SlackUser(TEAM, BOB))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was seen last is remembered."""
    monkeypatch.setattr(allowance, "_REMEMBERED", 100)
    allowances, alice = Allowances(), SlackUser(TEAM, ALICE)
    taken(allowances, alice)
    for number in range(99):
        allowances.take(SlackUser(TEAM, f"U{number}"))
    with pytest.raises(TooMuch):
        allowances.take(alice)
    for number in range(100):
        allowances.take(SlackUser(TEAM, f"U{number}"))
    allowances.take(alice)
