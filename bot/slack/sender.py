"""Calls to Slack's Web API: each one either did what was asked, or says in a typed result why not.

One HTTP session with keep-alive serves all calls, because the SDK would otherwise connect anew for
each. Nothing is tried again in here: whether and when is the courier's decision, and the SDK's own
second attempt (``slack_sdk/http_retry``) would post a message twice whose answer was lost.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, assert_never

import aiohttp
from prometheus_client import Counter
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import errors as slack_errors
from bot.slack.errors import Limited, Refusal, SlackFailed
from bot.slack.session import proxy_to, slack_client, slack_session
from quaymaster.proxies import NO_PROXIES, Proxies
from quaymaster.subjects import AuditDigest, OperationSubject, Subject

T = TypeVar("T")
CALL_SECONDS = 6.0
"""No call lasts longer."""
_CONNECT_SECONDS = 3.0
_UPLOAD_SECONDS = 60.0
_IDLE_CONNECTION_SECONDS = 60.0
_UPDATE_TEXT_LIMIT = 4_000  # https://docs.slack.dev/reference/methods/chat.update
_POST_TEXT_LIMIT = 40_000  # https://docs.slack.dev/reference/methods/chat.postMessage
_PAGE = 200
_MOST_PAGES = 20
EVENT_TYPE = "quaymaster_operation"

CALLS = Counter("quaymaster_slack_calls", "Calls to Slack's Web API.", ["method", "result"])


@dataclass(frozen=True, slots=True)
class Sent:
    """It is in Slack, at this address. For a file ``ts`` is the id of the file."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class NotPosted:
    """Somebody looked, and it is not there."""


@dataclass(frozen=True, slots=True)
class DirectMessages:
    """The direct messages with a person."""

    channel: str


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The file is at Slack, and nobody sees it yet."""

    file: str


@dataclass(frozen=True, slots=True)
class MessageKey:
    """What a message carries as metadata, so that it is found again: its subject and slot."""

    subject: Subject
    slot: str

    def as_metadata(self) -> dict[str, Any]:
        """As Slack takes it: https://docs.slack.dev/messaging/message-metadata"""
        match self.subject:
            case OperationSubject(operation):  # as an earlier version posts it, and looks for it
                about: dict[str, Any] = {"operation": operation}
            case AuditDigest() as digest:
                about = {"subject": str(digest)}
            case _:
                assert_never(self.subject)
        return {"event_type": EVENT_TYPE, "event_payload": {**about, "slot": self.slot}}


@dataclass(frozen=True, slots=True)
class Content:
    """What a reader of a message sees, and what the courier finds it by."""

    text: str
    blocks: tuple[Block, ...]
    mark: MessageKey

    def without_blocks(self) -> "Content":
        """The same in plain words, for a Slack that does not take the blocks."""
        return Content(self.text, (), self.mark)

    def arguments(self, text_limit: int) -> dict[str, Any]:
        """The arguments of a call. Blocks are always given: an update that leaves them out keeps
        the old ones, buttons included.
        """
        return {
            "text": _shortened(self.text, text_limit),
            "blocks": [block.to_dict() for block in self.blocks],
            "metadata": self.mark.as_metadata(),
        }


class Sender:
    """Slack, for one installation. Made by ``opened``."""

    def __init__(
        self, client: AsyncWebClient, session: aiohttp.ClientSession, proxies: Proxies
    ) -> None:
        self._client = client
        self._session = session
        self._proxies = proxies

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, token: str, base_url: str, proxies: Proxies = NO_PROXIES
    ) -> AsyncIterator["Sender"]:
        """A sender that is closed at the end. ``base_url`` is that of the Web API."""
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=_CONNECT_SECONDS)
        connector = aiohttp.TCPConnector(keepalive_timeout=_IDLE_CONNECTION_SECONDS)
        async with slack_session(timeout, connector) as session:
            client = slack_client(token, base_url, session, proxies)
            yield cls(client, session, proxies)

    async def post(
        self, channel: str, content: Content, thread: str | None = None
    ) -> Sent | Refusal:
        """Post a message, as a reply where a thread is given."""

        async def posted() -> Sent:
            answer = await self._client.chat_postMessage(
                channel=channel,
                thread_ts=thread,
                unfurl_links=False,
                unfurl_media=False,
                **content.arguments(_POST_TEXT_LIMIT),
            )
            return Sent(str(answer["channel"]), str(answer["ts"]))

        return await _called("chat.postMessage", posted)

    async def update(self, channel: str, ts: str, content: Content) -> Sent | Refusal:
        """Show something else in a message that is there."""

        async def updated() -> Sent:
            # Without `parse` an update would turn plain words into links, unlike a post.
            arguments = content.arguments(_UPDATE_TEXT_LIMIT)
            await self._client.chat_update(channel=channel, ts=ts, parse="none", **arguments)
            return Sent(channel, ts)

        return await _called("chat.update", updated)

    async def post_only_for(
        self, user: str, channel: str, content: Content, thread: str | None = None
    ) -> Sent | Refusal:
        """Post what one person sees, for as long as their Slack stays open."""

        async def posted() -> Sent:
            arguments = content.arguments(_POST_TEXT_LIMIT)
            del arguments["metadata"]  # nobody finds an ephemeral message again
            answer = await self._client.chat_postEphemeral(
                channel=channel, user=user, thread_ts=thread, **arguments
            )
            return Sent(channel, str(answer["message_ts"]))

        return await _called("chat.postEphemeral", posted)

    async def open_direct(self, user: str) -> DirectMessages | Refusal:
        """The direct messages with a person."""

        async def opened() -> DirectMessages:
            answer = await self._client.conversations_open(users=[user])
            return DirectMessages(str(_mapping(answer["channel"])["id"]))

        return await _called("conversations.open", opened)

    async def upload(self, name: str, content: bytes) -> Uploaded | Refusal:
        """Bring a file to Slack. Nobody sees it before ``share``.

        https://docs.slack.dev/messaging/working-with-files#upload
        """

        async def uploaded() -> Uploaded:
            answer = await self._client.files_getUploadURLExternal(
                filename=name, length=len(content)
            )
            await self._send_file(str(answer["upload_url"]), content)
            return Uploaded(str(answer["file_id"]))

        return await _called("files.getUploadURLExternal", uploaded)

    async def share(
        self, file: str, title: str, channel: str, thread: str | None, comment: str
    ) -> Sent | Refusal:
        """Show an uploaded file in a channel, as a reply where a thread is given."""

        async def shared() -> Sent:
            await self._client.files_completeUploadExternal(
                files=[{"id": file, "title": title}],
                channel_id=channel,
                thread_ts=thread,
                initial_comment=comment or None,
            )
            return Sent(channel, file)

        return await _called("files.completeUploadExternal", shared)

    async def find_message(
        self, channel: str, thread: str | None, key: MessageKey, between: tuple[float, float]
    ) -> Sent | NotPosted | Refusal:
        """Look for a message by its metadata, in a thread or among those that are in none."""

        def found(message: Mapping[str, Any]) -> Sent | None:
            if _mapping(message.get("metadata")) != key.as_metadata():
                return None
            return Sent(channel, str(message["ts"]))

        return await self._find(channel, thread, between, found)

    async def find_file(
        self, channel: str, thread: str | None, name: str, between: tuple[float, float]
    ) -> Sent | NotPosted | Refusal:
        """Look for a file by its name, in a thread or among the messages that are in none."""

        def found(message: Mapping[str, Any]) -> Sent | None:
            for file in message.get("files") or ():
                if _mapping(file).get("name") == name:
                    return Sent(channel, str(file["id"]))
            return None

        return await self._find(channel, thread, between, found)

    async def _find(
        self,
        channel: str,
        thread: str | None,
        between: tuple[float, float],
        match: Callable[[Mapping[str, Any]], Sent | None],
    ) -> Sent | NotPosted | Refusal:
        method = "conversations.replies" if thread else "conversations.history"
        cursor = ""
        for _ in range(_MOST_PAGES):
            page = await _called(method, partial(self._page, channel, thread, between, cursor))
            if not isinstance(page, _Page):
                return page
            for message in page.messages:
                if hit := match(message):
                    return hit
            cursor = page.following
            if not cursor:
                return NotPosted()
        return NotPosted()

    async def _page(
        self, channel: str, thread: str | None, between: tuple[float, float], cursor: str
    ) -> "_Page":
        arguments: dict[str, Any] = {
            "channel": channel,
            "oldest": f"{between[0]:.6f}",
            "latest": f"{between[1]:.6f}",
            "include_all_metadata": True,
            "limit": _PAGE,
        }
        if cursor:
            arguments["cursor"] = cursor
        if thread:
            answer = await self._client.conversations_replies(ts=thread, **arguments)
        else:
            answer = await self._client.conversations_history(**arguments)
        following = _mapping(answer.get("response_metadata")).get("next_cursor")
        messages = [_mapping(message) for message in answer.get("messages") or ()]
        return _Page(messages, str(following or ""))

    async def _send_file(self, url: str, content: bytes) -> None:
        timeout = aiohttp.ClientTimeout(total=_UPLOAD_SECONDS, sock_connect=_CONNECT_SECONDS)
        async with self._session.post(
            url, data=content, timeout=timeout, proxy=proxy_to(url, self._proxies)
        ) as answer:
            answer.raise_for_status()


@dataclass(frozen=True, slots=True)
class _Page:
    messages: Sequence[Mapping[str, Any]]
    following: str


async def _called(method: str, call: Callable[[], Awaitable[T]]) -> T | Refusal:
    try:
        result: T | Refusal = await call()
    except SlackApiError as error:
        result = slack_errors.read(error)
    except aiohttp.ClientConnectorError as error:
        result = SlackFailed(type(error).__name__, nothing_happened=True)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        result = SlackFailed(type(error).__name__, nothing_happened=False)
    CALLS.labels(method, _name(result)).inc()
    return result


def _name(result: object) -> str:
    if isinstance(result, Limited):
        return "ratelimited"
    return slack_errors.error_of(result) or "ok"


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
