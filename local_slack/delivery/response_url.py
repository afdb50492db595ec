"""The ``response_url`` of commands and clicks.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from local_slack.errors import SlackError
from local_slack.gateway import CallRecord, Gateway
from local_slack.message import Json, Message
from local_slack.state import ResponseUrl, State
from local_slack.webapi.arguments import Arguments
from local_slack.webapi.chat import as_bot, changed_by
from local_slack.webapi.content import read_content

USES = 5
MINUTES = 30


class ResponseUrls:
    """An ASGI application that answers at ``/commands/…``: up to 5 times within 30 minutes.

    In the log of calls it is the method ``response_url``.
    """

    def __init__(self, state: State, gateway: Gateway) -> None:
        self._state = state
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One answer of the app."""
        record = CallRecord("response_url")

        def work(request: Request, body: bytes) -> Response:
            try:
                self._use(request.path_params["name"], body, record)
            except _Gone as error:
                record.status, record.error = 404, str(error)
            except SlackError as error:
                record.status, record.error = 400, error.name
            if record.error:
                return JSONResponse({"ok": False, "error": record.error}, record.status)
            return PlainTextResponse("ok")

        await self._gateway.admit(scope, receive, send, record, work)

    def _use(self, name: str, body: bytes, record: CallRecord) -> None:
        url = self._state.response_urls.get(name)
        if url is None:
            raise _Gone("invalid_url")
        record.channel = url.channel
        if self._state.clock.now() - url.issued > self._state.clock.minutes(MINUTES):
            raise _Gone("expired_url")
        if url.uses >= USES:
            raise _Gone("used_url")
        message = answer(self._state, url, _read(body))
        record.ts = message.ts if message else url.message
        url.uses += 1


class _Gone(Exception):
    """The address takes no answers (any more)."""


def _read(body: bytes) -> Json:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SlackError("invalid_payload")
    return document


def answer(state: State, url: ResponseUrl, body: Json) -> Message | None:
    """Show what the app answers; returns the message that came of it.

    Without ``response_type`` only the person sees it; ``in_channel`` shows it to all, whether or
    not the bot is a member. ``replace_original`` and ``delete_original`` act on the message that
    was clicked.
    """
    source = state.find(url.channel, url.message) if url.message else None
    if _flag(body, "delete_original"):
        if source is not None:
            state.delete(source)
        return None
    content = read_content(state, Arguments(dict(body)), size_counts=False)
    if _flag(body, "replace_original") and source is not None:
        return state.change(changed_by(state, source, content))
    public = body.get("response_type") == "in_channel"
    thread = body.get("thread_ts") if isinstance(body.get("thread_ts"), str) else None
    message = as_bot(state, url.channel, content, thread, None if public else url.user)
    posted = state.post(message)
    if url.message is None:
        url.message = posted.ts  # what a command answered first is what it may replace
    return posted


def _flag(body: Json, name: str) -> bool:
    value: Any = body.get(name, False)
    return str(value).lower() == "true"


def shown_by_slack(state: State, channel: str, user: str, text: str) -> Message:
    """A message from Slackbot that only one person sees."""
    message = Message(channel, state.clock.next_ts(), "USLACKBOT", text, only_for=user)
    return state.post(replace(message, bot_id=None))
