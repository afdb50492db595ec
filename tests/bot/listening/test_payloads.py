"""Who acts comes from the signed payload, and only from there."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.answers import OnHomeTab, ReplyTo
from bot.listening.payloads import (
    Click,
    Confirmed,
    HomeOpened,
    PassingMention,
    TypedCommand,
    read_click,
    read_command,
    read_direct_message,
    read_home_opened,
    read_mention,
)
from bot.views.buttons import Button, Pointer, page_action, page_of
from quaymaster.actors import SlackUser
from quaymaster.subjects import AuditDigest, OperationSubject, Subject


def click(**action: Any) -> dict[str, Any]:
    return {
        "team": {"id": "T0SHOP"},
        "user": {"id": "U0BOB", "team_id": "T0PARTNER"},
        "channel": {"id": "C0SHOP"},
        "container": {"channel_id": "C0SHOP", "thread_ts": "1.2"},
        "trigger_id": "t1",
        "response_url": "https://hooks.example/1",
        "actions": [{"type": "button", **action}],
    }


def mention(**changes: Any) -> dict[str, Any]:
    event = {
        "type": "app_mention",
        "user": "U0BOB",
        "team": "T0SHOP",
        "text": "<@U0QUAYMASTER> pull shop/web:1.4",
        "channel": "C0SHOP",
        "ts": "1.1",
        **changes,
    }
    return {
        "team_id": "T0SHOP",
        "event_id": "Ev1",
        "event": event,
        "authorizations": [{"team_id": "T0SHOP", "user_id": "U0QUAYMASTER", "is_bot": True}],
    }


def spoken_to(**changes: Any) -> TypedCommand:
    """A message that begins with the mention, as it is read."""
    typed = read_mention(mention(**changes))
    assert isinstance(typed, TypedCommand)
    return typed


def test_a_command_is_known_by_its_trigger() -> None:
    typed = read_command(
        {
            "team_id": "T0SHOP",
            "user_id": "U0BOB",
            "channel_id": "C0SHOP",
            "trigger_id": "t1",
            "text": "status as <@U024BE7LH>",
            "response_url": "https://hooks.example/1",
        }
    )
    assert (typed.actor, typed.origin.delivery) == (SlackUser("T0SHOP", "U0BOB"), "t1")
    assert typed.reply_to.response_url == "https://hooks.example/1"


def test_a_click_is_of_the_workspace_of_who_clicked() -> None:
    clicked = read_click(click(action_id="approve", value="operation:1042"))
    assert isinstance(clicked, Click)
    assert clicked.actor == SlackUser("T0PARTNER", "U0BOB")
    assert (clicked.action, clicked.pointer) == (Button.APPROVE, Pointer(OPERATION))


HASH = "0123456789abcdef" * 4
OPERATION = OperationSubject(1042)


def test_a_click_names_the_plan_that_was_drawn_beside_it() -> None:
    clicked = read_click(click(action_id="approve", value=f"operation:1042 {HASH}"))
    assert isinstance(clicked, Click)
    assert clicked.pointer == Pointer(OPERATION, HASH)


@pytest.mark.parametrize(("value", "plan"), [("1042", None), (f"1042:{HASH}", HASH)])
def test_the_buttons_of_an_earlier_version_are_read(value: str, plan: str | None) -> None:
    """They stay on the cards that it posted."""
    clicked = read_click(click(action_id="cancel", value=value))
    assert isinstance(clicked, Click)
    assert clicked.pointer == Pointer(OPERATION, plan)


@given(
    st.builds(OperationSubject, st.integers(0, 10**15 - 1))
    | st.builds(AuditDigest, st.dates(min_value=date(1000, 1, 1))),
    st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
)
def test_a_pointer_is_read_as_it_was_written(subject: Subject, plan: str | None) -> None:
    assert Pointer.parse(str(Pointer(subject, plan))) == Pointer(subject, plan)


@given(
    st.text(st.sampled_from("operatin0123456789abcdefABCDEF:; \n²٣"), max_size=90)
    | st.text(st.sampled_from("0123456789abcdefABCDEF:; \n²٣"), max_size=90)
    | st.text()
)
def test_whatever_else_a_button_says_is_no_pointer(value: str) -> None:
    request = Pointer.parse(value)
    if request is None:
        return
    assert isinstance(request.subject, OperationSubject)
    number = value.partition(":")[0]
    assert number.isascii()
    assert request.subject.operation == int(number) < 10**15
    written_so = str(request).removeprefix("operation:").replace(" ", ":")
    assert value.lstrip("0") == written_so.lstrip("0")


@pytest.mark.parametrize(
    "value",
    [
        f"1042:{HASH.upper()}",
        f"1042:{HASH[:-1]}",
        f"1042:{HASH}0",
        f"1042:{HASH}\n",
        f" 1042:{HASH}",
        f"1042 :{HASH}",
        f"1042::{HASH}",
        f"1042:{HASH}:{HASH}",
        f"-1:{HASH}",
        f"+1:{HASH}",
        f"1_0:{HASH}",
        f"٣:{HASH}",
        f"{'9' * 16}:{HASH}",
        f":{HASH}",
        "1042:",
        HASH,
        "operation:",
        "operation:01042",
        "operation:٣",
        f"operation:{'9' * 16}",
        f"operation:1042 {HASH.upper()}",
        f"operation:1042  {HASH}",
        f"operation:1042 {HASH}\n",
        f"operation:1042 {HASH}0",
        f"operation:1042:{HASH}",
        f" operation:1042 {HASH}",
        f"alert:production/web {HASH}",
        "digest:audit:2026-02-30",
    ],
)
def test_a_hostile_value_is_no_pointer(value: str) -> None:
    assert Pointer.parse(value) is None
    assert read_click(click(action_id="approve", value=value)) is None


@pytest.mark.parametrize(
    "action",
    [
        {"action_id": "open-link", "value": "1042"},
        {"action_id": "approve", "value": ""},
        {"action_id": "approve", "value": "1042; drop"},
        {"action_id": "approve", "value": "²"},
        {"action_id": "approve", "value": "9" * 40},
        {"action_id": "approve"},
        {"action_id": "page:-1", "value": "1042"},
        {"action_id": "page:123456", "value": "1042"},
    ],
)
def test_a_button_that_asks_for_nothing_is_nothing(action: dict[str, str]) -> None:
    assert read_click(click(**action)) is None


def test_a_page_button_names_its_page() -> None:
    assert page_of(page_action(12)) == 12
    clicked = read_click(click(action_id=page_action(3), value="7"))
    assert isinstance(clicked, Click)
    assert clicked.action == 3


def test_a_click_in_a_channel_is_answered_there_and_one_on_the_home_tab_on_it() -> None:
    pressed = click(action_id="approve", value="1042")
    in_a_channel = read_click(pressed)
    on_home = read_click(
        {**pressed, "channel": None, "container": {"type": "view"}, "view": {"type": "home"}}
    )
    assert isinstance(in_a_channel, Click)
    assert isinstance(on_home, Click)
    assert in_a_channel.reply_to == ReplyTo("U0BOB", "C0SHOP", "https://hooks.example/1", "1.2")
    assert on_home.reply_to == OnHomeTab(SlackUser("T0PARTNER", "U0BOB"))


def test_refresh_is_the_same_as_opening_the_tab() -> None:
    pressed = read_click(click(action_id="refresh"))
    assert pressed == HomeOpened(SlackUser("T0PARTNER", "U0BOB"), "t1")


def test_only_the_home_tab_is_drawn_when_it_is_opened() -> None:
    event = {"type": "app_home_opened", "user": "U0BOB", "channel": "D0BOB", "tab": "home"}
    body: dict[str, Any] = {"team_id": "T0SHOP", "event_id": "Ev1", "event": event}
    assert read_home_opened(body) == HomeOpened(SlackUser("T0SHOP", "U0BOB"), "Ev1")
    for tab in ({"tab": "messages"}, {"tab": None}):
        assert read_home_opened({**body, "event": {**event, **tab}}) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<@U0QUAYMASTER> pull shop/web:1.4", "pull shop/web:1.4"),
        ("  <@U0QUAYMASTER|quaymaster>: pull x", "pull x"),
        ("<@U0CAROL> <@U0QUAYMASTER> pull x", "pull x"),
        ("<@U0QUAYMASTER>", ""),
    ],
)
def test_the_words_of_a_mention_come_after_it(text: str, words: str) -> None:
    typed = spoken_to(text=text)
    assert typed.text == words
    assert typed.origin.delivery == "Ev1"


@pytest.mark.parametrize(
    "text",
    [
        "hey <@U0QUAYMASTER> pull x",
        "do not write <@U0QUAYMASTER> pull x",
        "<@U0CAROL> do not write <@U0QUAYMASTER> pull x",
        "> <@U0QUAYMASTER> pull x",
    ],
)
def test_a_mention_in_the_middle_of_a_message_is_no_command(text: str) -> None:
    found = read_mention(mention(text=text))
    assert isinstance(found, PassingMention)
    assert (found.text, found.actor) == ("pull x", SlackUser("T0SHOP", "U0BOB"))


def test_without_the_bots_own_name_nothing_is_a_command() -> None:
    found = read_mention({**mention(), "authorizations": []})
    assert isinstance(found, PassingMention)


def test_a_click_on_what_was_asked_back_carries_it_as_it_stands() -> None:
    found = read_click(click(action_id="confirm", value="1 bot-1 ...\n{}"))
    assert isinstance(found, Confirmed)
    assert (found.value, found.actor) == ("1 bot-1 ...\n{}", SlackUser("T0PARTNER", "U0BOB"))


def test_a_mention_in_a_thread_stays_there() -> None:
    typed = spoken_to(thread_ts="1.0")
    assert (typed.origin.thread, typed.reply_to.thread) == ("1.0", "1.0")


@pytest.mark.parametrize("field", ["user_team", "source_team", "team"])
def test_a_stranger_in_a_shared_channel_is_of_another_workspace(field: str) -> None:
    typed = spoken_to(**{"team": "T0SHOP", field: "T0PARTNER"})
    assert typed.actor.team == "T0PARTNER"


@pytest.mark.parametrize(
    "changes",
    [{"bot_id": "B1"}, {"subtype": "message_changed"}, {"edited": {"user": "U0BOB", "ts": "2"}}],
)
def test_what_no_person_wrote_now_is_nothing(changes: dict[str, Any]) -> None:
    assert read_mention(mention(**changes)) is None


def direct(**changes: Any) -> dict[str, Any]:
    """https://docs.slack.dev/reference/events/message.im"""
    message = {"type": "message", "channel": "D0BOB", "channel_type": "im", "text": "status"}
    return mention(**{**message, **changes})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("status", "status"),
        ("<@U0QUAYMASTER> status", "status"),
        ("*<@U0QUAYMASTER> status*", "*status*"),
        ("hey <@U0QUAYMASTER|quaymaster>: status", "hey status"),
        ("approve <@U0CAROL>", "approve <@U0CAROL>"),
        ("/image status", "/image status"),
        ("deploy web:1<@U0QUAYMASTER> to staging", "deploy web:1 to staging"),
        ("deploy web:1<@U0QUAYMASTER>.4 to staging", "deploy web:1 .4 to staging"),
        ("", ""),
    ],
)
def test_a_direct_message_needs_no_mention_and_may_have_one(text: str, words: str) -> None:
    typed = read_direct_message(direct(text=text, thread_ts="1.0"))
    assert typed is not None
    assert (typed.text, typed.actor) == (words, SlackUser("T0SHOP", "U0BOB"))
    assert (typed.origin.channel, typed.origin.delivery) == ("D0BOB", "Ev1")
    assert typed.reply_to == ReplyTo("U0BOB", "D0BOB", thread="1.0")


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B1"},
        {"subtype": "message_changed"},
        {"subtype": "bot_message"},
        {"edited": {"user": "U0BOB", "ts": "2"}},
        {"channel_type": "channel"},
        {"channel_type": "mpim"},
    ],
)
def test_what_nobody_writes_to_the_bot_alone_is_no_direct_message(changes: dict[str, Any]) -> None:
    assert read_direct_message(direct(**changes)) is None
