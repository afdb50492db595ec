"""What a message needs next and where it goes."""

from dataclasses import replace

import pytest

from bot.messages import Message, TextFile
from bot.steps import (
    Direct,
    InChannel,
    Step,
    left_over,
    next_step,
    notice,
    places,
    remaining,
    undrawable,
    warnings,
)
from quaymaster.operations import State
from quaymaster.store.cards import GAVE_UP, Posting
from tests.samples import deploy, operation

CARD = Message(slot="card", operation=1042, channel="C0SHOP", text="Pushing shop/web:1.4")
SHOWN = Posting("C0SHOP", "1.1", CARD.shows, 0.0)
OTHER = "0" * 16


@pytest.mark.parametrize(
    ("posting", "step"),
    [
        (None, Step.POST),
        (replace(SHOWN, ts=""), Step.LOOK),
        (SHOWN, Step.NOTHING),
        (replace(SHOWN, shows=OTHER), Step.UPDATE),
        (replace(SHOWN, ts=f"{GAVE_UP}msg_too_long"), Step.NOTHING),
        (replace(SHOWN, ts=f"{GAVE_UP}msg_too_long", shows=OTHER), Step.POST),
    ],
)
def test_a_message_is_compared_with_what_is_noted(posting: Posting | None, step: Step) -> None:
    assert next_step(CARD, posting) is step


def test_what_is_for_one_person_and_what_is_a_file_is_posted_once() -> None:
    shown = replace(SHOWN, shows=OTHER)
    assert next_step(replace(CARD, only_for="U0ALICE"), shown) is Step.NOTHING
    file = TextFile("log.txt", "Log", "x")
    assert next_step(replace(CARD, file=file, reply_to="card"), shown) is Step.NOTHING


def test_mere_progress_does_not_retry_what_was_given_up() -> None:
    given_up = replace(SHOWN, ts=f"{GAVE_UP}not_in_channel", shows=OTHER)
    assert next_step(replace(CARD, urgency="progress"), given_up) is Step.NOTHING


def test_a_card_goes_to_its_channel_then_the_services_then_the_person() -> None:
    assert places(replace(CARD, channel="C0RANDOM"), deploy(), "C0SHOP", None) == (
        InChannel("C0RANDOM"),
        InChannel("C0SHOP"),
        Direct("U0ALICE"),
    )


def test_a_copy_does_not_go_where_the_card_is() -> None:
    copy = replace(CARD, slot="approval", channel="C0RELEASE")
    assert places(copy, deploy(), "C0SHOP", "C0SHOP") == (
        InChannel("C0RELEASE"),
        Direct("U0ALICE"),
    )


def test_what_is_for_one_person_goes_nowhere_else() -> None:
    private = replace(CARD, channel="C0RANDOM", only_for="U0BOB")
    assert places(private, deploy(), "C0SHOP", None) == (
        InChannel("C0RANDOM", only_for="U0BOB"),
        Direct("U0BOB"),
    )


def test_posting_goes_on_at_the_place_that_was_tried_last() -> None:
    all_places = (InChannel("C0RANDOM"), InChannel("C0SHOP"), Direct("U0ALICE"))
    assert remaining(all_places, None) == all_places
    assert remaining(all_places, "C0SHOP") == all_places[1:]
    assert remaining(all_places, "D0ALICE") == all_places[2:]
    assert remaining(all_places, "C0NOWHERE") == all_places


def test_nobody_is_told_of_a_message_that_is_where_it_belongs() -> None:
    assert notice(CARD, operation(), SHOWN) is None
    assert notice(CARD, operation(), None) is None
    assert notice(replace(CARD, channel="U0BOB"), operation(), SHOWN) is None


@pytest.mark.parametrize(("channel", "where"), [("C0DATA", "in <#C0DATA>"), ("D0ALICE", "here")])
def test_the_person_is_told_where_a_card_went_instead(channel: str, where: str) -> None:
    told = notice(CARD, operation(), replace(SHOWN, channel=channel))
    assert told is not None
    assert told.channel == "U0ALICE"
    assert "cannot post in <#C0SHOP>" in told.text
    assert where in told.text
    assert notice(told, operation(), Posting("D0ALICE", "1.2", told.shows, 0.0)) is None


def test_the_person_is_told_what_slack_did_not_take() -> None:
    told = notice(CARD, operation(), replace(SHOWN, ts=f"{GAVE_UP}msg_too_long"))
    assert told is not None
    assert "`msg_too_long`" in told.text


def test_an_operation_whose_card_cannot_be_drawn_still_says_how_it_ended() -> None:
    message = undrawable(operation(state=State.FAILED), "1a2b3c4d")
    assert message.urgency == "ended"
    assert "#1042 `push` has failed" in message.text
    assert "`1a2b3c4d`" in message.text


def test_a_warning_is_shown_once_and_only_where_the_operation_is_shown() -> None:
    copy = replace(SHOWN, channel="C0RELEASE", ts="1.2")
    noted = {
        "card": SHOWN,
        "approval": copy,
        "alert:C0SECURITY": SHOWN,
        "findings": replace(SHOWN, ts="F1"),
        "notice:card": SHOWN,
        "private": SHOWN,
    }
    found = list(warnings(1042, noted))
    assert [(one.slot, one.channel) for one, _ in found] == [
        ("card", "C0SHOP"),
        ("approval", "C0RELEASE"),
    ]
    assert all("#1042" in one.text and not one.blocks for one, _ in found)
    shown = {one.slot: replace(posting, shows=one.shows) for one, posting in found}
    assert list(warnings(1042, shown)) == []


@pytest.mark.parametrize("ts", ["", f"{GAVE_UP}not_in_channel"])
def test_there_is_no_warning_where_nothing_is_shown(ts: str) -> None:
    assert list(warnings(1042, {"card": replace(SHOWN, ts=ts)})) == []
    assert list(warnings(1042, {})) == []


def test_the_copy_of_an_operation_that_ended_without_its_plan_says_what_the_card_says() -> None:
    ended = deploy(state=State.FAILED)
    copy = {"approval": replace(SHOWN, channel="C0RELEASE", shows=OTHER)}
    card = replace(CARD, thread="1.0", urgency="ended")
    (left,) = left_over(ended, [card], copy)
    assert (left.slot, left.channel, left.text) == ("approval", "C0RELEASE", card.text)
    assert left.thread is None
    assert list(left_over(ended, [card, left], copy)) == []
    assert list(left_over(ended, [card], {})) == []
    assert list(left_over(ended, [], copy)) == []
    assert list(left_over(deploy(state=State.RUNNING), [card], copy)) == []
