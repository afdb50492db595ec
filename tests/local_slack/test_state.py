"""Pages, threads and reading marks, as a chat page asks for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local_slack.clock import Clock
from local_slack.message import Message
from local_slack.rates import RateLimiter
from local_slack.state import State
from local_slack.webapi.shapes import channel_json, message_json, user_json
from local_slack.world import Channel, World
from tests.people import ALICE, BOB

SHOP = "C0SHOP"


@pytest.fixture
async def state() -> State:
    clock = Clock()
    return State(World.default(), clock, RateLimiter(clock, enabled=False))


def say(
    state: State,
    text: str,
    user: str = BOB,
    thread: str | None = None,
    only_for: str | None = None,
) -> Message:
    message = Message(SHOP, state.clock.next_ts(), user, text, thread_ts=thread, only_for=only_for)
    return state.post(message)


def words(messages: list[Message]) -> list[str]:
    return [one.text for one in messages]


async def test_pages_lead_from_the_newest_message_to_the_oldest(state: State) -> None:
    for number in range(5):
        say(state, str(number))
    newest = state.page(ALICE, SHOP, limit=2)
    assert (words(newest.messages), newest.more) == (["3", "4"], True)
    middle = state.page(ALICE, SHOP, newest.messages[0].ts, 2)
    assert (words(middle.messages), middle.more) == (["1", "2"], True)
    oldest = state.page(ALICE, SHOP, middle.messages[0].ts, 2)
    assert (words(oldest.messages), oldest.more) == (["0"], False)


async def test_a_page_that_just_fits_has_no_more(state: State) -> None:
    say(state, "one")
    say(state, "two")
    assert not state.page(ALICE, SHOP, limit=2).more
    assert state.page(ALICE, "C0NOBODY", limit=2) == ([], False)


async def test_a_page_shows_neither_replies_nor_what_only_others_see(state: State) -> None:
    root = say(state, "root")
    say(state, "a reply", thread=root.ts)
    say(state, "for bob", only_for=BOB)
    say(state, "for alice", only_for=ALICE)
    page = state.page(ALICE, SHOP, limit=2)
    assert (words(page.messages), page.more) == (["root", "for alice"], False)


async def test_a_thread_is_seen_with_what_is_only_for_oneself(state: State) -> None:
    root = say(state, "root")
    say(state, "something else")
    say(state, "one", thread=root.ts)
    say(state, "for bob", thread=root.ts, only_for=BOB)
    assert words(state.replies(ALICE, SHOP, root.ts)) == ["one"]
    assert words(state.replies(BOB, SHOP, root.ts)) == ["one", "for bob"]
    assert state.replies(ALICE, SHOP, "1.0") == []


async def test_a_thread_counts_what_everybody_sees(state: State) -> None:
    root = say(state, "root")
    assert state.thread_json(root) is None
    say(state, "for bob", thread=root.ts, only_for=BOB)
    assert "reply_count" not in message_json(state, root)
    first = say(state, "one", user=BOB, thread=root.ts)
    second = say(state, "two", user=ALICE, thread=root.ts)
    third = say(state, "three", user=BOB, thread=root.ts)
    assert state.thread_json(root) == {"count": 3, "users": [BOB, ALICE], "latest": third.ts}
    shown = message_json(state, root)
    assert (shown["reply_count"], shown["latest_reply"]) == (3, third.ts)
    state.delete(third)
    state.delete(second)
    assert state.thread_json(root) == {"count": 1, "users": [BOB], "latest": first.ts}
    state.delete(first)
    assert state.thread_json(root) is None


async def test_a_changed_message_stays_where_it_is(state: State) -> None:
    root = say(state, "old")
    reply = say(state, "reply", thread=root.ts)
    say(state, "later")
    state.change(replace(root, text="new"))
    state.react(reply, "eyes", ALICE)
    assert words(state.page(ALICE, SHOP).messages) == ["new", "later"]
    assert state.thread_json(root) == {"count": 1, "users": [BOB], "latest": reply.ts}


async def test_a_deleted_message_is_on_no_page(state: State) -> None:
    first, _ = say(state, "one"), say(state, "two")
    state.delete(first)
    assert words(state.page(ALICE, SHOP).messages) == ["two"]
    assert state.unread(ALICE, SHOP) == 1


async def test_what_others_wrote_since_the_mark_is_unread(state: State) -> None:
    first = say(state, "one")
    second = say(state, "two")
    say(state, "her own", user=ALICE)
    say(state, "a reply", thread=first.ts)
    say(state, "for bob", only_for=BOB)
    say(state, "for alice", only_for=ALICE)
    assert state.unread(ALICE, SHOP) == 3
    state.mark(ALICE, SHOP, first.ts)
    assert state.unread(ALICE, SHOP) == 2
    assert state.unread(BOB, SHOP) == 1
    state.mark(ALICE, SHOP, second.ts)
    assert state.unread(ALICE, SHOP) == 1


async def test_a_mark_never_goes_back(state: State) -> None:
    first, second = say(state, "one"), say(state, "two")
    state.mark(ALICE, SHOP, second.ts)
    since = state.feed.newest
    state.mark(ALICE, SHOP, first.ts)
    state.mark(ALICE, SHOP, second.ts)
    assert state.marks == {(ALICE, SHOP): second.ts}
    assert state.feed.newest == since


async def test_those_who_watch_hear_of_a_mark(state: State) -> None:
    message = say(state, "one")
    state.mark(ALICE, SHOP, message.ts)
    change = state.feed.since(0)[-1]
    assert change.kind == "marked"
    assert change.data == {"user": ALICE, "channel": SHOP, "ts": message.ts}


async def test_topics_and_titles_are_shown(state: State) -> None:
    channel = Channel("C0NEW", "new", topic="Try `/image help`")
    assert channel_json(state, channel)["topic"]["value"] == "Try `/image help`"
    assert user_json(state, state.users["U0CAROL"])["profile"]["title"] == "Release manager"
