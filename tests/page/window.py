"""One window of the chat page, as a person uses it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request


@dataclass(slots=True)
class Window:
    """``page`` is Playwright's; the rest says in the words of the chat what to do with it."""

    page: Page
    context: BrowserContext
    troubles: list[str] = field(default_factory=list)
    """Errors of scripts, violations of the policy, and requests to somewhere else."""

    @property
    def messages(self) -> Locator:
        """The messages of the conversation that is open."""
        return self.page.get_by_role("log", name="Messages").locator("article")

    @property
    def composer(self) -> Locator:
        """The box to write in, not that of the thread."""
        return self.page.locator("main textarea")

    @property
    def thread(self) -> Locator:
        """The thread at the side."""
        return self.page.get_by_role("complementary", name="Thread")

    @property
    def suggestions(self) -> Locator:
        """What is offered while one writes."""
        return self.page.get_by_role("listbox", name="Suggestions").get_by_role("option")

    def entry(self, name: str) -> Locator:
        """A conversation in the list at the left."""
        return self.page.get_by_role("navigation").get_by_role(
            "link", name=re.compile(rf"^{re.escape(name)}( |$)")
        )

    async def type(self, text: str) -> None:
        """Write into the box, and send it."""
        await self.composer.fill(text)
        await self.composer.press("Enter")

    def forgive(self, text: str) -> None:
        """Troubles that the test made on purpose."""
        self.troubles = [trouble for trouble in self.troubles if text not in trouble]

    async def close(self) -> None:
        """Close the window, and everything that its browser kept for it."""
        await self.context.close()


async def opened(
    browser: Browser, url: str, person: str = "alice", channel: str = "C0SHOP", **more: Any
) -> Window:
    """A window of its own for ``person`` in ``channel``; ``more`` goes to Playwright's new_context
    (``viewport``, ``color_scheme``…). Returns when the messages are there.
    """
    context = await browser.new_context(**more)
    page = await context.new_page()
    window = Window(page, context)
    host = urlsplit(url).netloc

    def heard(message: ConsoleMessage) -> None:
        # Containers of tests beside this one change the network; the page asks again.
        if message.type in ("error", "warning") and "ERR_NETWORK_CHANGED" not in message.text:
            window.troubles.append(f"console: {message.text}")

    def asked(request: Request) -> None:
        if urlsplit(request.url).netloc not in ("", host):
            window.troubles.append(f"a request left the machine: {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: window.troubles.append(f"error: {error}"))
    page.on("request", asked)
    await page.goto(f"{url}#{person}/{channel}")
    await page.get_by_role("log", name="Messages").wait_for()
    return window
