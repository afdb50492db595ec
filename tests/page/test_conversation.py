"""What is said, read and answered in a channel."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import Settings, Workspace
from tests.page.conftest import Open
from tests.people import ALICE, BOB, CAROL

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

_SCROLL_UP = """async log => {
  const oldest = log.querySelector('article');
  const top = () => oldest.getBoundingClientRect().top;
  const more = new Promise(done => {
    new MutationObserver(done).observe(log, { childList: true, subtree: true });
  });
  log.scrollTop = 0;
  const before = top();
  await more;
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return top() - before;
}"""


@pytest.fixture
def settings() -> Settings:
    """Without Slack's rates: some channels are long."""
    return Settings(rate_limits=False)


async def test_what_is_unread_stands_out_until_it_is_read(
    open_window: Open, workspace: Workspace
) -> None:
    bob, carol = workspace.person(BOB), workspace.person(CAROL)
    await bob.say("C0RANDOM", "lunch?")
    alice = await open_window("alice", "C0SHOP")
    await expect(alice.entry("random")).to_have_accessible_name("random (1 unread)")
    await expect(alice.page).to_have_title("(1) #shop · Shop")
    await bob.say("C0RANDOM", "@carol? @alice?")
    await expect(alice.entry("random")).to_have_accessible_name("random (1 mention, 2 unread)")
    await alice.entry("random").click()
    await expect(alice.messages).to_have_count(2)
    await expect(alice.page.locator(".new")).to_have_text("New")
    await expect(alice.entry("random")).to_have_accessible_name("random")
    await expect(alice.page).to_have_title("#random · Shop")
    await carol.say("C0RANDOM", "coming")
    await expect(alice.messages).to_have_count(3)
    await expect(alice.entry("random")).to_have_accessible_name("random")


async def test_messages_of_one_author_stand_together_under_one_name(
    open_window: Open, workspace: Workspace
) -> None:
    bob, carol = workspace.person(BOB), workspace.person(CAROL)
    for person, text in ((bob, "one"), (bob, "two"), (carol, "three"), (bob, "four")):
        await person.say("C0SHOP", text)
    alice = await open_window("alice")
    await expect(alice.messages).to_have_count(4)
    await expect(alice.page.locator("article .by b")).to_have_text(
        ["Bob Baker", "Carol Clark", "Bob Baker"]
    )
    await expect(alice.page.locator(".day")).to_have_text("Today")


async def test_a_thread_is_read_and_answered_at_the_side(
    open_window: Open, workspace: Workspace, bot: AsyncWebClient
) -> None:
    root = (await bot.chat_postMessage(channel="C0SHOP", text="Push shop/web:1.4"))["ts"]
    alice, carol = await open_window("alice"), await open_window("carol")
    await alice.messages.first.hover()
    await alice.page.get_by_role("button", name="Reply in thread").click()
    reply = alice.thread.get_by_role("combobox")
    await expect(reply).to_be_focused()
    await reply.fill("/image jobs")
    await reply.press("Enter")
    await expect(alice.thread.get_by_role("alert")).to_have_text(
        "/image is not supported in threads. Sorry!"
    )
    await reply.fill("looks good")
    await reply.press("Enter")
    await expect(alice.thread.locator("article")).to_have_count(2)
    await bot.chat_postMessage(channel="C0SHOP", text="thank you", thread_ts=root)
    await expect(alice.thread.locator("article")).to_have_count(3)
    await expect(carol.messages).to_have_count(1)
    await carol.page.get_by_role("button", name="2 replies").click()
    await expect(carol.thread.locator("article")).to_contain_text(
        ["Push shop/web:1.4", "looks good", "thank you"]
    )
    await alice.page.keyboard.press("Escape")
    await expect(alice.thread).to_have_count(0)
    await expect(alice.messages.first).to_be_focused()
    await alice.page.keyboard.press("Enter")
    await expect(alice.thread.locator("article")).to_have_count(3)


async def test_what_only_one_person_sees_is_marked_and_can_be_dismissed(
    open_window: Open, bot: AsyncWebClient
) -> None:
    alice, carol = await open_window("alice"), await open_window("carol")
    await bot.chat_postEphemeral(channel="C0SHOP", user=ALICE, text="You may not deploy")
    await bot.chat_postMessage(channel="C0SHOP", text="for all")
    await expect(alice.messages).to_have_count(2)
    await expect(alice.messages.first).to_contain_text("Only visible to you")
    await expect(carol.messages).to_have_count(1)
    await alice.page.get_by_role("button", name="Dismiss").press("Enter")
    await expect(alice.messages).to_have_count(1)
    await expect(alice.messages).to_be_focused()
    await alice.page.reload()
    await expect(alice.messages).to_contain_text(["for all"])


async def test_a_card_changes_in_its_place_and_is_said_when_it_ends(
    open_window: Open, workspace: Workspace, bot: AsyncWebClient
) -> None:
    alice = await open_window("alice")
    card = (await bot.chat_postMessage(channel="C0SHOP", text="Push: running, 1 %"))["ts"]
    await workspace.person(BOB).say("C0SHOP", "after it")
    said = alice.page.get_by_role("status").last
    await expect(said).to_have_text("Bob Baker: after it")
    await bot.chat_update(channel="C0SHOP", ts=card, text="Push: running, 43.5 %")
    await expect(alice.messages.first).to_contain_text("43.5 %")
    await expect(said).to_have_text("Bob Baker: after it")
    await bot.chat_update(channel="C0SHOP", ts=card, text="Push: done")
    await expect(alice.messages.first).to_contain_text("Push: done")
    await expect(said).to_have_text("Quaymaster: Push: done")
    await expect(alice.messages).to_have_count(2)
    await bot.chat_delete(channel="C0SHOP", ts=card)
    await expect(alice.messages).to_have_count(1)


async def test_reactions_are_counted(open_window: Open, bot: AsyncWebClient) -> None:
    ts = (await bot.chat_postMessage(channel="C0SHOP", text="done"))["ts"]
    alice = await open_window("alice")
    await bot.reactions_add(channel="C0SHOP", name="eyes", timestamp=ts)
    await expect(alice.page.get_by_role("list", name="Reactions")).to_have_text("👀 1")


async def test_older_messages_come_when_one_scrolls_up_and_nothing_moves(
    open_window: Open, bot: AsyncWebClient
) -> None:
    for number in range(150):
        await bot.chat_postMessage(channel="C0SHOP", text=f"message {number}")
    alice = await open_window("alice")
    await expect(alice.messages).to_have_count(60)
    await expect(alice.messages.last).to_be_in_viewport()
    assert abs(await _moved_by_loading(alice.page)) < 3
    await expect(alice.messages).to_have_count(120)
    await bot.chat_postMessage(channel="C0SHOP", text="the newest")
    jump = alice.page.get_by_role("button", name="1 new message")
    await expect(jump).to_be_visible()
    await expect(alice.messages.last).not_to_be_in_viewport()
    await expect(alice.entry("shop")).to_have_accessible_name("shop (1 unread)")
    await jump.click()
    await expect(alice.messages.last).to_be_in_viewport()
    await expect(alice.entry("shop")).to_have_accessible_name("shop")


async def _moved_by_loading(page: Page) -> float:
    """Scrolls to the top; how far what was there moves, in pixels, while older ones come above."""
    log = page.get_by_role("log", name="Messages")
    return float(await log.evaluate(_SCROLL_UP))


async def test_the_end_stays_in_sight_while_much_comes_in(
    open_window: Open, bot: AsyncWebClient
) -> None:
    alice = await open_window("alice")
    text = "a line\n" * 6
    await asyncio.gather(*(bot.chat_postMessage(channel="C0SHOP", text=text) for _ in range(20)))
    await expect(alice.messages).to_have_count(20)
    await expect(alice.messages.last).to_be_in_viewport(ratio=0.9)


async def test_an_empty_channel_invites_and_a_closed_one_says_so(open_window: Open) -> None:
    alice = await open_window("alice", "C0DATA")
    await alice.page.get_by_role("button", name="/image help").click()
    await expect(alice.composer).to_have_value("/image help")
    await expect(alice.composer).to_be_focused()
    await alice.entry("old-shop").click()
    await expect(alice.page.get_by_role("main")).to_contain_text("nobody can write here")
    await expect(alice.composer).to_have_count(0)
