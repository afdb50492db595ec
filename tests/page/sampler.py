"""A Bolt app that shows every block and element, and remembers what it hears of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, Workspace
from tests.local_slack.apps import bolt
from tests.page.sample_blocks import (
    Blocks,
    Json,
    actions,
    button,
    chosen,
    inputs,
    layout,
    modal,
    option,
    pressed,
    rich_text,
    section,
)

_ANY = re.compile(".*")
_TAGS = ("2.0", "2.0-rc1", "1.9")


class Sampler:
    """The app. ``silent`` names actions and inputs that it does not acknowledge.

    What it answers to a modal stands in the input ``name``: ``wrong``, ``update``, ``push``,
    ``clear``, ``invalid`` (a view that Slack refuses) or ``silent``; it takes any other.
    """

    def __init__(self, slack: LocalSlack, web: AsyncWebClient) -> None:
        self.web = web
        self.link = f"{slack.page_url}static/icon.svg"
        self.heard: list[Json] = []
        self.silent: set[str] = set()
        self._news = asyncio.Condition()
        self.app = bolt(slack, web)
        self._listen(self.app)

    @staticmethod
    @asynccontextmanager
    async def running(slack: LocalSlack, workspace: Workspace) -> AsyncIterator[Sampler]:
        """The app, connected over Socket Mode."""
        async with aiohttp.ClientSession() as session:
            token, url = slack.world.app.bot_token, slack.api_url
            sampler = Sampler(slack, AsyncWebClient(token=token, base_url=url, session=session))
            # Pings are patient: a busy browser beside the app must not cost it the connection.
            handler = AsyncSocketModeHandler(sampler.app, slack.world.app.app_token)
            try:
                await handler.connect_async()  # type: ignore[no-untyped-call]
                await workspace.connected()
                yield sampler
            finally:
                await handler.close_async()  # type: ignore[no-untyped-call]

    async def action(self, action_id: str, count: int = 1) -> Json:
        """The ``count``-th action of the element called so, as soon as it came."""
        heard = await self._wait(lambda one: _action_of(one, action_id) is not None, count)
        found: Json = heard["actions"][0]
        return found

    async def delivery(self, kind: str, count: int = 1) -> Json:
        """The ``count``-th payload of this type, as soon as it came."""
        return await self._wait(lambda one: one.get("type") == kind, count)

    async def _wait(self, fits: Callable[[Json], bool], count: int) -> Json:
        def found() -> list[Json]:
            return [one for one in self.heard if fits(one)]

        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(lambda: len(found()) >= count)
        return found()[count - 1]

    async def post(self, blocks: Blocks, channel: str = "C0SHOP") -> str:
        """Post blocks; returns the timestamp of the message."""
        posted = await self.web.chat_postMessage(channel=channel, text="A sample", blocks=blocks)
        return str(posted["ts"])

    async def post_everything(self, channel: str = "C0SHOP") -> None:
        """Post all samples."""
        opener = button("open", "Open a form", style="primary")
        last = [section("And a form"), actions(opener, block_id="opening")]
        for blocks in (layout(), [rich_text()], pressed(self.link), chosen(), last):
            await self.post(blocks, channel)

    def _listen(self, app: AsyncApp) -> None:
        app.action(_ANY)(self._acted)
        app.options(_ANY)(self._suggests)
        app.view(_ANY)(self._submitted)
        app.view_closed(_ANY)(self._closed)
        app.event("app_home_opened")(self._home_opened)

    async def _hear(self, body: Json) -> None:
        async with self._news:
            self.heard.append(body)
            self._news.notify_all()

    async def _acted(self, ack: AsyncAck, body: Json) -> None:
        action = body["actions"][0]
        if action["action_id"] not in self.silent:
            await ack()
        if action["action_id"] == "open":
            view = modal("A form", [*inputs(), *opening()], notify_on_close=True)
            await self.web.views_open(trigger_id=body["trigger_id"], view=view)
        if action["action_id"] == "change":
            blocks = [section("*Changed meanwhile*"), *inputs(), *opening()]
            view = modal("A form", blocks, notify_on_close=True)
            await self.web.views_update(view_id=body["view"]["id"], view=view)
        await self._hear(body)

    async def _suggests(self, ack: AsyncAck, body: Json) -> None:
        if body["action_id"] not in self.silent:
            await ack(options=[option(tag) for tag in _TAGS if body["value"] in tag])
        await self._hear(body)

    async def _submitted(self, ack: AsyncAck, body: Json) -> None:
        values = body["view"]["state"]["values"]
        said = values.get("name", {}).get("name", {}).get("value", "")
        await self._hear(body)
        if said != "silent":
            await ack(**_answer(said))

    async def _closed(self, ack: AsyncAck, body: Json) -> None:
        await ack()
        await self._hear(body)

    async def _home_opened(self, event: Json) -> None:
        blocks = [
            {"type": "header", "text": {"type": "plain_text", "text": "Your page"}},
            section("Nothing waits for you."),
            actions(button("home", "Look again", value="home-1"), block_id="home"),
        ]
        await self.web.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})


def opening() -> Blocks:
    """A button that changes the form it is in."""
    return [actions(button("change", "Change the form"), block_id="changing")]


def _answer(text: str) -> Json:
    match text:
        case "wrong":
            return {"response_action": "errors", "errors": {"name": "That name is taken."}}
        case "update":
            view = modal("Saved", [section("It is done.")], notify_on_close=True)
            return {"response_action": "update", "view": view}
        case "push":
            view = modal("One more", [section("Are you sure?")], notify_on_close=True)
            return {"response_action": "push", "view": view}
        case "clear":
            return {"response_action": "clear"}
        case "invalid":
            return {"response_action": "update", "view": modal("x" * 40, [])}
        case _:
            return {}


def _action_of(body: Json, action_id: str) -> Any:
    value = (one for one in body.get("actions", ()) if one["action_id"] == action_id)
    return next(value, None)
