"""Delivery to a Request URL.

https://docs.slack.dev/apis/events-api/using-http-request-urls
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from urllib.parse import urlencode

import aiohttp

from local_slack.delivery.envelope import ACK_WITHIN, Ack, Channel, Delivery
from local_slack.delivery.signing import signed_headers
from local_slack.message import Json

_FORM = "application/x-www-form-urlencoded"


class HttpTransport:
    """Signs and posts deliveries to one address."""

    def __init__(self, url: str, signing_secret: str, within: float = ACK_WITHIN) -> None:
        self.url = url
        self._secret = signing_secret
        self._within = within
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, delivery: Delivery) -> Ack:
        """POST it, signed; anything but an answer 200 within 3 s is a failure."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        body, content_type = _body(delivery)
        headers = signed_headers(self._secret, str(int(time.time())), body, content_type)
        if delivery.retry:
            headers["X-Slack-Retry-Num"] = str(delivery.retry)
            headers["X-Slack-Retry-Reason"] = delivery.reason
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._within):
                ack = await self._post(self._session, body, headers)
        except TimeoutError:
            ack = Ack(0, error="operation_timeout", reason="http_timeout")
        except aiohttp.ClientError:
            ack = Ack(0, error="dispatch_failed", reason="connection_failed")
        return _timed(ack, time.perf_counter() - started)

    async def _post(
        self, session: aiohttp.ClientSession, body: bytes, headers: dict[str, str]
    ) -> Ack:
        async with session.post(
            self.url, data=body, headers=headers, allow_redirects=False
        ) as response:
            text = await response.text()
            stop = response.headers.get("X-Slack-No-Retry") == "1"
            if response.status != 200:
                return Ack(
                    0,
                    error="dispatch_failed",
                    reason="http_error",
                    status=response.status,
                    body=text,
                    stop=stop,
                )
            is_json = response.content_type == "application/json"
            return _read(text, is_json, stop)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()


def _body(delivery: Delivery) -> tuple[bytes, str]:
    match delivery.kind:
        case Channel.EVENT:
            return json.dumps(delivery.payload).encode(), "application/json"
        case Channel.INTERACTION:
            return urlencode({"payload": json.dumps(delivery.payload)}).encode(), _FORM
        case Channel.COMMAND:
            return urlencode(delivery.payload).encode(), _FORM


def _read(text: str, is_json: bool, stop: bool) -> Ack:
    if not text.strip():
        return Ack(0, status=200, stop=stop)
    if not is_json:
        return Ack(0, body=text, status=200, stop=stop)
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        # https://docs.slack.dev/interactivity/implementing-slash-commands: the answer is no message
        return Ack(0, error="invalid_command_response", status=200, body=text)
    body: Json = found
    return Ack(0, body=body, status=200, stop=stop)


def _timed(ack: Ack, seconds: float) -> Ack:
    return replace(ack, seconds=seconds)
