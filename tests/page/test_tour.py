"""The tour of `quaymaster try` in the browser, on a real engine, by several people in windows of
their own; on the way it fills the album of ``make screenshots``.
"""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from playwright.async_api import Browser, Locator, expect

from tests.page.album import Album
from tests.page.window import Window, opened
from tests.trial.programs import Trial, left_running, running_trial

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(400),
    pytest.mark.asyncio(loop_scope="session"),
]

SHOP, RELEASES, SECURITY = "C0SHOP", "C0RELEASE", "C0SECURITY"
SOON, LATER = 15_000, 60_000  # ms
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def trial(trial_state: Path, docker_host: str, engine: docker.DockerClient) -> Iterator[Trial]:
    """A running trial, of which nothing may be left at the end."""
    with running_trial(trial_state, docker_host) as running:
        yield running
    assert left_running(trial_state, engine) == []


async def test_the_tour_by_several_people(browser: Browser, trial: Trial) -> None:
    address = await asyncio.to_thread(trial.address)
    tour = Tour(browser, address, Album.wanted())
    try:
        await tour.looks_around()
        await tour.watches_a_push()
        await tour.is_alerted()
        await tour.deploys_with_two_approvals()
        await tour.meets_a_bad_version()
        await tour.is_refused_as_a_guest()
        await tour.watches_a_fault()
        await tour.sees_home()
    finally:
        await tour.close()
    assert tour.troubles() == []
    trial.send(signal.SIGINT)
    assert await asyncio.to_thread(trial.ended) == 0, trial.text


class Tour:
    """The people of the sample world, one after the other and side by side."""

    def __init__(self, browser: Browser, address: str, album: Album) -> None:
        self._browser = browser
        self._address = address
        self._album = album
        self._windows: dict[str, Window] = {}

    async def window(self, person: str, channel: str = SHOP, **more: object) -> Window:
        """The window of a person; the same one when they had it open."""
        if person not in self._windows:
            self._windows[person] = await opened(
                self._browser, self._address, person, channel, **more
            )
        return self._windows[person]

    def troubles(self) -> list[str]:
        """What went wrong behind the scenes of any window."""
        return [trouble for window in self._windows.values() for trouble in window.troubles]

    async def close(self) -> None:
        """Close all windows."""
        for window in self._windows.values():
            await window.close()

    async def looks_around(self) -> None:
        """A command of the topic goes into the box with one click, and is answered."""
        alice = await self.window("alice")
        await expect(_said(alice, "Welcome to the shop!")).to_be_visible(timeout=SOON)
        await expect(_card(alice, "Deploy shop/web:v1 to staging")).to_contain_text(
            "Deployed", timeout=LATER
        )
        await alice.page.get_by_role("button", name="/image tags shop/web").first.click()
        await expect(alice.composer).to_have_value("/image tags shop/web")
        await alice.composer.press("Enter")
        tags = _card(alice, "Tags of shop/web")
        await expect(tags).to_contain_text("v4-vulnerable", timeout=SOON)
        await alice.composer.type("/image dep")
        await expect(alice.page.get_by_role("listbox")).to_contain_text("deploy")
        await self._album.take("completion", alice)
        await alice.composer.fill("")

    async def watches_a_push(self) -> None:
        """One card shows the progress, then the result."""
        alice = await self.window("alice")
        await alice.type("/image push shop/media:v1")
        card = _card(alice, "Push shop/media:v1")
        # A fast machine is done before Slack's rates let the bar be shown.
        await expect(card).to_contain_text(re.compile("%|Pushed"), timeout=SOON)
        await self._album.take("progress", alice)
        await expect(card).to_contain_text("Pushed", timeout=LATER)
        await expect(card).to_contain_text("Digest")

    async def is_alerted(self) -> None:
        """A scan is told where it was asked for, and alerts the channel of security."""
        alice = await self.window("alice")
        await alice.type("/image scan shop/web:v4-vulnerable")
        card = _card(alice, "Scan shop/web:v4-vulnerable")
        await expect(card).to_contain_text("would block a deploy", timeout=LATER)
        await expect(_channel(alice, "security")).to_contain_text("unread", timeout=SOON)
        await card.get_by_role("button", name="repl").click()
        await expect(alice.thread).to_contain_text("CVE-", timeout=SOON)
        await self._album.take("scan", alice)
        await alice.page.keyboard.press("Escape")
        await expect(alice.thread).to_have_count(0)
        eve = await self.window("eve", SECURITY)
        await expect(_said(eve, "new findings in shop/web")).to_be_visible(timeout=SOON)

    async def deploys_with_two_approvals(self) -> None:
        """Who asks does not count; two others press the button, one on a phone in the dark."""
        alice, carol = await self.window("alice"), await self.window("carol", RELEASES)
        dave = await self.window("dave", RELEASES, viewport=PHONE, color_scheme="dark")
        await alice.type("/image deploy shop/web:v1 to production")
        card = _card(alice, "Deploy shop/web:v1 to production/web")
        await expect(card).to_contain_text("Needs 2 approvals", timeout=SOON)
        await _presses(alice, card, "Approve")
        await expect(_said(alice, "Only visible to you").last).to_contain_text(
            "can vote on a deploy", timeout=SOON
        )
        request = _card(carol, "Deploy shop/web:v1 to production/web")
        await expect(request).to_be_visible(timeout=SOON)
        await _presses(carol, request, "Approve")
        await expect(card).to_contain_text("Needs 1 approval", timeout=SOON)
        on_phone = _card(dave, "Deploy shop/web:v1 to production/web")
        await expect(on_phone).to_contain_text("Needs 1 approval", timeout=SOON)
        await self._album.take("phone", dave)
        await _presses(dave, on_phone, "Approve")
        await expect(card).to_contain_text("Deployed", timeout=LATER)

    async def meets_a_bad_version(self) -> None:
        """A version that never gets healthy changes nothing; one with findings does not pass."""
        alice = await self.window("alice")
        await alice.type("/image deploy shop/web:v3-broken to staging")
        broken = _card(alice, "Deploy shop/web:v3-broken to staging/web")
        await expect(broken).to_contain_text("is not healthy", timeout=LATER)
        await alice.type("/image deploy shop/web:v4-vulnerable to staging")
        vulnerable = _card(alice, "Deploy shop/web:v4-vulnerable to staging/web")
        await expect(vulnerable).to_contain_text("Refused", timeout=LATER)

    async def is_refused_as_a_guest(self) -> None:
        """A refusal is for the one who asked alone."""
        gus = await self.window("gus")
        await gus.type("/image status")
        refusal = _said(gus, "Only visible to you").last
        await expect(refusal).to_contain_text("guest", timeout=SOON)
        alice = await self.window("alice")
        await expect(_said(alice, "Only visible to you").filter(has_text="guest")).to_have_count(0)

    async def watches_a_fault(self) -> None:
        """While Slack refuses, the card waits; afterwards it is right."""
        alice = await self.window("alice")
        await alice.page.get_by_role("button", name="Inspector").click()
        inspector = alice.page.get_by_role("complementary", name="Inspector")
        await inspector.get_by_role("button", name="429 for a minute").click()
        await expect(inspector).to_contain_text("In force")
        cards = alice.page.get_by_role("heading", name="Tags of shop/web")
        before = await cards.count()
        await alice.type("/image tags shop/web")
        await expect(inspector).to_contain_text("ratelimited", timeout=SOON)
        assert await cards.count() == before
        await self._album.take("inspector", alice)
        await inspector.get_by_role("button", name="End all").click()
        await expect(cards).to_have_count(before + 1, timeout=LATER)
        await inspector.get_by_role("button", name="Repeat the delivery").click()
        connecting = inspector.locator(".exchange").filter(has_text="apps.connections.open")
        connected = await connecting.count()
        await inspector.get_by_role("button", name="Lose the connection").click()
        await expect(connecting).to_have_count(connected + 1, timeout=SOON)
        await expect(alice.page.get_by_role("navigation")).to_contain_text("is connected")
        await alice.type("@quaymaster tags shop/media")
        await expect(_card(alice, "Tags of shop/media")).to_be_visible(timeout=LATER)
        await expect(cards).to_have_count(before + 1)
        await inspector.get_by_role("button", name="Close the inspector").click()

    async def sees_home(self) -> None:
        """The bot's Home tab: what runs where, and what was done."""
        alice = await self.window("alice")
        await _channel(alice, "Quaymaster").click()
        await alice.page.get_by_role("tab", name="Home").click()
        await expect(alice.page.get_by_role("main")).to_contain_text("production", timeout=SOON)
        await self._album.take("home", alice)


def _said(window: Window, words: str) -> Locator:
    return window.messages.filter(has_text=words)


def _card(window: Window, title: str) -> Locator:
    """The newest card with this title."""
    heading = window.page.get_by_role("heading", name=title)
    return window.messages.filter(has=heading).last


def _channel(window: Window, name: str) -> Locator:
    return window.page.get_by_role("navigation").get_by_role("link", name=name)


async def _presses(window: Window, card: Locator, label: str) -> None:
    """Press a button, and say yes when the app wants it confirmed."""
    named = re.compile(f"^{label}")
    await card.get_by_role("button", name=named).click()
    await window.page.get_by_role("dialog").get_by_role("button", name=named).click()
