"""The inspector: what bot and Slack say to each other, the rates, and the faults; and the red notes
about what Slack would not have taken.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, Workspace
from tests.local_slack.apps import Recorder, listening
from tests.page.conftest import Open
from tests.page.window import Window

SLOW = "Every answer comes 2 s late, for a minute"

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def web(slack: LocalSlack) -> AsyncWebClient:
    """Slack's own client, with the bot's token."""
    return AsyncWebClient(slack.world.app.bot_token, base_url=slack.api_url)


@pytest_asyncio.fixture(loop_scope="session")
async def bot(workspace: Workspace) -> AsyncIterator[Recorder]:
    """An app over HTTP that acknowledges everything."""
    recorder = Recorder()
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        yield recorder


async def inspecting(open_window: Open) -> tuple[Window, Locator]:
    """Alice, with the inspector open by its key."""
    alice = await open_window("alice")
    await alice.page.keyboard.press("Alt+KeyI")
    inspector = alice.page.get_by_role("complementary", name="Inspector")
    await inspector.wait_for()
    return alice, inspector


def exchanges(inspector: Locator, words: str) -> Locator:
    """The lines of the list that say so."""
    return inspector.locator(".exchange").filter(has_text=words)


async def test_every_request_and_answer_is_there_without_secrets(
    open_window: Open, slack: LocalSlack, web: AsyncWebClient, bot: Recorder
) -> None:
    await web.chat_postMessage(channel="C0SHOP", text="before the inspector was opened")
    alice, inspector = await inspecting(open_window)
    await expect(exchanges(inspector, "chat.postMessage")).to_have_count(1)
    await alice.type("/image tags shop/web")
    line = exchanges(inspector, "/image tags shop/web")
    await expect(line).to_contain_text("→ bot")
    await line.locator("summary").click()
    await expect(line.locator("pre").first).to_contain_text('"user_name": "alice"')
    await exchanges(inspector, "chat.postMessage").locator("summary").click()
    await expect(inspector).to_contain_text("before the inspector was opened")
    shown = await alice.page.content()
    app = slack.world.app
    for secret in (app.bot_token, app.app_token, app.signing_secret, app.verification_token):
        assert secret not in shown
    rates = inspector.get_by_role("group").filter(has_text="Rates")
    await expect(rates).to_contain_text("chat.postMessage")
    await expect(rates).to_contain_text("1/300")


async def test_faults_are_caused_shown_and_ended(
    open_window: Open, web: AsyncWebClient, bot: Recorder
) -> None:
    alice, inspector = await inspecting(open_window)
    await alice.page.get_by_role("button", name="members").click()
    await expect(alice.page.get_by_role("group", name="Members")).to_contain_text("Bob Baker")
    await inspector.get_by_role("button", name="Repeat the delivery").click()
    await expect(inspector.get_by_role("alert")).to_contain_text("nothing was delivered")
    alice.forgive("409 (Conflict)")
    await alice.type("/image tags shop/web")
    await expect(exchanges(inspector, "/image tags")).to_have_count(1)
    await inspector.get_by_role("button", name="Repeat the delivery").click()
    await expect(exchanges(inspector, "/image tags")).to_have_count(2)
    lines = inspector.locator(".exchange summary")
    await expect(lines.filter(has_text="the same delivery again")).to_have_count(1)
    await expect(lines).to_have_count(2)
    assert bot.bodies[0] == bot.bodies[1]

    await inspector.get_by_role("button", name="429 for a minute").click()
    await expect(inspector.get_by_role("status")).to_contain_text("429")
    with pytest.raises(SlackApiError, match="ratelimited"):
        await web.chat_postMessage(channel="C0SHOP", text="refused")
    await expect(exchanges(inspector, "ratelimited")).to_have_count(1)
    await expect(alice.page.locator(".developer-note")).to_have_count(0)
    await inspector.get_by_role("button", name="End all").click()
    await expect(inspector.get_by_role("status")).to_have_count(0)
    await web.chat_postMessage(channel="C0SHOP", text="taken again")
    await expect(alice.messages.last).to_contain_text("taken again")
    await inspector.get_by_label("Show").select_option("failed")
    await expect(inspector.locator(".exchange")).to_have_count(1)

    slow = inspector.get_by_role("button", name="Slow Slack")
    await expect(slow).to_have_accessible_description(SLOW)
    await expect(inspector.get_by_text(SLOW)).to_be_hidden()
    await alice.page.set_viewport_size({"width": 390, "height": 844})
    await expect(inspector.get_by_text(SLOW)).to_be_visible()


async def test_what_slack_would_refuse_is_a_red_note_with_its_own_words(
    open_window: Open, web: AsyncWebClient
) -> None:
    alice = await open_window("alice")
    elsewhere = await open_window("alice", "C0GENERAL")
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        await web.chat_postMessage(channel="C0SHOP", text="x", blocks=blocks)
    note = alice.page.locator(".developer-note")
    await expect(note).to_contain_text("Slack refused chat.postMessage: invalid_blocks")
    await expect(note).to_contain_text("must be less than 151 characters")
    await expect(elsewhere.page.locator(".developer-note")).to_have_count(0)
    await note.get_by_role("button").click()
    await expect(note).to_have_count(0)
