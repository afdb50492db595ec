"""Private answers: words for one person, in the acknowledgement or after it."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from quaymaster.errors import QuaymasterError, Trouble

log = structlog.get_logger(__name__)

_LONGEST = 2_900
"""A section takes 3,000 characters: https://docs.slack.dev/reference/block-kit/blocks/section-block"""
_REFERENCE_LETTERS = "bcdfghjkmnpqrstvwxz"
_PAUSES = (0.3, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person reads. ``text`` is Slack's mrkdwn, with what came from outside escaped."""

    text: str
    blocks: tuple[Block, ...] = ()

    @classmethod
    def plain(cls, text: str) -> "Answer":
        """Plain text; nothing in it is markup."""
        return cls(escaped(text)[:_LONGEST])

    @classmethod
    def of(cls, trouble: Trouble) -> "Answer":
        """An error: what happened, why, what to do next."""
        parts = (trouble.what, trouble.why, trouble.next_step)
        return cls.plain("\n".join(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where a private answer goes: by the delivery's ``response_url``, else to the channel."""

    user: str
    channel: str
    response_url: str | None = None
    thread: str | None = None


class Answers:
    """Sends private answers."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client = client
        self._session = session

    async def tell(self, to: ReplyTo, answer: Answer) -> None:
        """Say it to one person alone. Tried a few times; what cannot be said stands in the log."""
        for pause in (*_PAUSES, None):
            try:
                await self._send(to, answer)
            except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                if pause is None or not _can_change(error):
                    log.warning("answer not delivered", user=to.user, why=_said(error))
                    return
                await asyncio.sleep(pause)
            else:
                return

    async def _send(self, to: ReplyTo, answer: Answer) -> None:
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
        response = await webhook.send(
            text=answer.text,
            blocks=answer.blocks or None,
            response_type="ephemeral",
            replace_original=False,
        )
        if response.status_code != 200:
            body = {"error": response.body[:100], "status": response.status_code}
            raise SlackApiError("response_url", body)


def as_body(answer: Answer) -> dict[str, Any]:
    """The body of an acknowledgement that says it to the person alone."""
    body: dict[str, Any] = {"response_type": "ephemeral", "text": answer.text}
    if answer.blocks:
        body["blocks"] = [block.to_dict() for block in answer.blocks]
    return body


def escaped(text: str) -> str:
    """Text that cannot ping or link:
    https://docs.slack.dev/messaging/formatting-message-text/#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def foreseen(error: QuaymasterError) -> Answer:
    """An error that was written for people."""
    return Answer.of(error.trouble)


def unforeseen(error: BaseException, doing: str) -> Trouble:
    """An error that nobody foresaw: logged whole under a word that the person is told."""
    reference = "".join(secrets.choice(_REFERENCE_LETTERS) for _ in range(6))
    log.error("unforeseen error", reference=reference, doing=doing, exc_info=error)
    return Trouble(
        "Something went wrong inside Quaymaster.",
        why=f"Nobody foresaw this error. In the log of the bot it is called {reference}.",
        next_step="Whoever runs Quaymaster finds the reason there.",
        reference=reference,
    )


def joined(lines: Sequence[str], limit: int = _LONGEST) -> str:
    """Lines, as many as fit whole; how many were left out is said."""
    kept: list[str] = []
    length = 0
    for number, line in enumerate(lines):
        if length + len(line) + 40 > limit:
            kept.append(f"… and {len(lines) - number} more")
            break
        kept.append(line)
        length += len(line) + 1
    return "\n".join(kept)


def _can_change(error: Exception) -> bool:
    """Whether trying again could help: not when Slack said no for good."""
    if not isinstance(error, SlackApiError):
        return True
    status = getattr(error.response, "status_code", None) or error.response.get("status", 200)
    return status == 429 or status >= 500


def _said(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return str(error.response.get("error", "unknown"))
    return type(error).__name__
