"""Private answers: words for one person, in the acknowledgement or after it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.session import proxy_to
from bot.views.answers import PrivateAnswer
from quaymaster.actors import SlackUser
from quaymaster.proxies import Proxies

log = structlog.get_logger(__name__)

_PAUSES = (0.3, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where a private answer goes: by the delivery's ``response_url``, else to the channel."""

    user: str
    channel: str
    response_url: str | None = None
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class OnHomeTab:
    """A private answer for a person's Home tab, where there is no channel."""

    actor: SlackUser


class _Undelivered(Exception):
    """A ``response_url`` did not take an answer."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status} {body[:100]}")
        self.status = status


class Answers:
    """Sends private answers."""

    def __init__(
        self, client: AsyncWebClient, session: aiohttp.ClientSession, proxies: Proxies
    ) -> None:
        self._client = client
        self._session = session
        self._proxies = proxies

    async def tell(self, to: ReplyTo, answer: PrivateAnswer) -> None:
        """Send an answer to one person, privately. Tries a few times; what cannot be delivered is
        logged.
        """
        await deliver("answer", to.user, lambda: self._send(to, answer))

    async def _send(self, to: ReplyTo, answer: PrivateAnswer) -> None:
        if to.response_url is None:
            await self._client.chat_postEphemeral(
                channel=to.channel,
                user=to.user,
                text=answer.text,
                blocks=answer.blocks or None,
                thread_ts=to.thread,
            )
            return
        webhook = AsyncWebhookClient(to.response_url, timeout=10, session=self._session)
        webhook.proxy = proxy_to(to.response_url, self._proxies)
        response = await webhook.send(
            text=answer.text,
            blocks=answer.blocks or None,
            response_type="ephemeral",
            replace_original=False,
        )
        if response.status_code != 200:
            raise _Undelivered(response.status_code, response.body)


async def deliver(what: str, user: str, send: Callable[[], Awaitable[object]]) -> None:
    """Send it. Tries a few times; what cannot be delivered to this person is logged."""
    for pause in (*_PAUSES, None):
        try:
            await send()
        except (SlackApiError, _Undelivered, aiohttp.ClientError, TimeoutError) as error:
            if pause is None or not _can_change(error):
                log.warning(f"{what} not delivered", user=user, why=_described(error))
                return
            await asyncio.sleep(pause)
        else:
            return


def as_body(answer: PrivateAnswer) -> dict[str, Any]:
    """The body of an acknowledgement that says it to the person alone."""
    body: dict[str, Any] = {"response_type": "ephemeral", "text": answer.text}
    if answer.blocks:
        body["blocks"] = [block.to_dict() for block in answer.blocks]
    return body


def status_of(error: SlackApiError) -> int:
    """The HTTP status; where the SDK could not even read the answer, it is under another name."""
    response: Any = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    return int(status or 500)


def error_name_of(error: SlackApiError) -> str:
    """Slack's own name for what it refused; empty where it named nothing."""
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _can_change(error: Exception) -> bool:
    """Whether trying again could help: not after a final refusal by Slack."""
    match error:
        case SlackApiError():
            status = status_of(error)
        case _Undelivered():
            status = error.status
        case _:
            return True
    return status == 429 or status >= 500


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
