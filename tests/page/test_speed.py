"""How soon an event is seen and how smoothly a long channel scrolls: measured, reported at the end
of the run, and not asserted.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, Settings
from tests.page.conftest import Open

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

EVENTS = 40
LONG = 2_000
Record = Callable[[str, object], None]

# Notes for each message when it was first on the page, in ms since 1970; the timestamp of a message
# says when the server took it, by the same clock.
_WATCH = """() => {
  window.seenAt = {};
  const log = document.querySelector('[role=log]');
  const note = () => requestAnimationFrame(() => {
    for (const one of log.querySelectorAll('article[data-ts]')) {
      window.seenAt[one.dataset.ts] ??= Date.now();
    }
  });
  note();
  new MutationObserver(note).observe(log, { childList: true, subtree: true });
}"""

# Scrolls up and down by wheel-sized steps, one a frame, and returns the length of each frame in ms.
_SCROLL = """async () => {
  const log = document.querySelector('[role=log]');
  const frames = [];
  let last = await new Promise(requestAnimationFrame);
  for (let step = 0; step < 240; step++) {
    log.scrollTop += step < 120 ? -120 : 120;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return frames;
}"""


@pytest.fixture
def settings() -> Settings:
    """Without Slack's rates, which would make this take an hour."""
    return Settings(rate_limits=False)


def _message(number: int) -> dict[str, Any]:
    text = {"type": "mrkdwn", "text": f"*Message {number}* of `shop/web:{number}`: a line or two."}
    return {"text": f"Message {number}", "blocks": [{"type": "section", "text": text}]}


async def test_an_event_is_soon_on_the_page(
    open_window: Open, slack: LocalSlack, record_property: Record
) -> None:
    alice = await open_window("alice")
    await alice.page.evaluate(_WATCH)
    web = AsyncWebClient(slack.world.app.bot_token, base_url=slack.api_url)
    posted = []
    for number in range(EVENTS):
        posted.append((await web.chat_postMessage(channel="C0SHOP", **_message(number)))["ts"])
        await expect(alice.messages).to_have_count(number + 1)
    seen = await alice.page.evaluate("window.seenAt")
    delays = [seen[ts] - float(ts) * 1000 for ts in posted]
    record_property("measured", f"an event is on the page after {_in_words(delays)}")


async def test_a_channel_with_two_thousand_messages_scrolls(
    open_window: Open, slack: LocalSlack, record_property: Record
) -> None:
    web = AsyncWebClient(slack.world.app.bot_token, base_url=slack.api_url)
    for number in range(LONG):
        await web.chat_postMessage(channel="C0SHOP", **_message(number))
    began = time.perf_counter()
    alice = await open_window("alice")
    await expect(alice.messages.last).to_contain_text(f"Message {LONG - 1} ")
    opened = time.perf_counter() - began
    log = alice.page.get_by_role("log", name="Messages")
    while await alice.messages.count() < LONG:
        shown = await alice.messages.count()
        await log.evaluate("log => { log.scrollTop = 0; }")
        await expect(alice.messages).not_to_have_count(shown)
    frames = await alice.page.evaluate(_SCROLL)
    text = f"{LONG:,} messages open in {opened:.1f} s, and a frame of scrolling takes "
    record_property("measured", text + _in_words(frames))


def _in_words(milliseconds: list[float]) -> str:
    worst = sorted(milliseconds)[round(len(milliseconds) * 0.95) - 1]
    return f"{statistics.median(milliseconds):.0f} ms (median), {worst:.0f} ms (95 %)"
