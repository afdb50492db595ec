"""What a message needs next and where it goes."""

from dataclasses import replace
from datetime import date

import pytest

from bot.courier.steps import (
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
from bot.views.messages import Drawing, Message, TextFile
from quaymaster.operations import State
from quaymaster.store.cards import GAVE_UP, Posting
from quaymaster.subjects import AuditDigest, OperationSubject
from testing.samples import ALICE, operation

CARD = Message(
    slot="card", subject=OperationSubject(1042), channel="C0SHOP", text="Pushing shop/web:1.4"
)
SHOWN = Posting("C0SHOP", "1.1", CARD.shows, 0.0)
OTHER = "0" * 16
DRAWING = Drawing(CARD.subject, (CARD,), has_ended=False, requester=ALICE)
IN_SHOP = replace(DRAWING, service_channel="C0SHOP")


@pytest.mark.parametrize(
    ("posting", "step"),
    [
        (None, Step.POST),
        (replace(SHOWN, ts=""), Step.SEARCH),
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
    assert places(replace(CARD, channel="C0RANDOM"), IN_SHOP, None) == (
        InChannel("C0RANDOM"),
        InChannel("C0SHOP"),
        Direct("U0ALICE"),
    )


def test_a_copy_does_not_go_where_the_card_is() -> None:
    copy = replace(CARD, slot="approval", channel="C0RELEASE")
    assert places(copy, IN_SHOP, "C0SHOP") == (
        InChannel("C0RELEASE"),
        Direct("U0ALICE"),
    )


def test_what_is_for_one_person_goes_nowhere_else() -> None:
    private = replace(CARD, channel="C0RANDOM", only_for="U0BOB")
    assert places(private, IN_SHOP, None) == (
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
    assert notice(CARD, DRAWING, SHOWN) is None
    assert notice(CARD, DRAWING, None) is None
    assert notice(replace(CARD, channel="U0BOB"), DRAWING, SHOWN) is None


@pytest.mark.parametrize(("channel", "where"), [("C0DATA", "in <#C0DATA>"), ("D0ALICE", "here")])
def test_the_person_is_told_where_a_card_went_instead(channel: str, where: str) -> None:
    told = notice(CARD, DRAWING, replace(SHOWN, channel=channel))
    assert told is not None
    assert told.channel == "U0ALICE"
    assert "cannot post in <#C0SHOP>" in told.text
    assert where in told.text
    assert notice(told, DRAWING, Posting("D0ALICE", "1.2", told.shows, 0.0)) is None


def test_the_person_is_told_what_slack_did_not_take() -> None:
    told = notice(CARD, DRAWING, replace(SHOWN, ts=f"{GAVE_UP}msg_too_long"))
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
    found = list(warnings(OperationSubject(1042), noted))
    assert [(one.slot, one.channel) for one, _ in found] == [
        ("card", "C0SHOP"),
        ("approval", "C0RELEASE"),
    ]
    assert all("#1042" in one.text and not one.blocks for one, _ in found)
    shown = {one.slot: replace(posting, shows=one.shows) for one, posting in found}
    assert list(warnings(OperationSubject(1042), shown)) == []


@pytest.mark.parametrize("ts", ["", f"{GAVE_UP}not_in_channel"])
def test_there_is_no_warning_where_nothing_is_shown(ts: str) -> None:
    assert list(warnings(OperationSubject(1042), {"card": replace(SHOWN, ts=ts)})) == []
    assert list(warnings(OperationSubject(1042), {})) == []


def test_the_copy_of_an_operation_that_ended_without_its_plan_says_what_the_card_says() -> None:
    copy = {"approval": replace(SHOWN, channel="C0RELEASE", shows=OTHER)}
    card = replace(CARD, thread="1.0", urgency="ended")
    ended = replace(DRAWING, messages=[card], has_ended=True)
    (left,) = left_over(ended, copy)
    assert (left.slot, left.channel, left.text) == ("approval", "C0RELEASE", card.text)
    assert left.thread is None
    assert list(left_over(replace(ended, messages=[card, left]), copy)) == []
    assert list(left_over(ended, {})) == []
    assert list(left_over(replace(ended, messages=[]), copy)) == []
    assert list(left_over(replace(ended, has_ended=False), copy)) == []


def test_what_people_have_read_for_good_is_never_edited() -> None:
    assert next_step(replace(CARD, is_final=True), replace(SHOWN, shows=OTHER)) is Step.NOTHING


def test_what_no_person_asked_for_goes_to_its_channel_alone_and_nobody_is_told() -> None:
    digest = AuditDigest(date(2026, 11, 28))
    message = replace(CARD, subject=digest)
    drawing = Drawing(digest, (message,), has_ended=True)
    assert places(message, drawing, None) == (InChannel("C0SHOP"),)
    assert notice(message, drawing, replace(SHOWN, ts=f"{GAVE_UP}not_in_channel")) is None
