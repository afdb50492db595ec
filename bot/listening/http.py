"""Requests over HTTP: signed, in time, not too big. And what watches over the bot."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable

import structlog
from slack_bolt.adapter.starlette.async_handler import (
    to_async_bolt_request,
    to_starlette_response,
)
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.loops.auto import auto_loop_factory

from bot.conversation.metrics import Metrics
from bot.listening.fields import NotAsSlackSends
from bot.listening.payloads import expect_a_delivery
from quaymaster.limits import REQUEST_BYTES

log = structlog.get_logger(__name__)

_EVENTS = "/slack/events"


class _TooLarge(Exception):
    """The body is larger than any of Slack's."""


def http_app(
    bolt: AsyncApp,
    signing_secret: str,
    is_ready: Callable[[], Awaitable[str]],
    metrics: Metrics,
) -> ASGIApp:
    """``/slack/events``, ``/healthz`` and ``/readyz``.

    ``is_ready`` says what is missing, in words; nothing when everything is there.
    """
    slack_events = _slack_events(bolt, signing_secret, metrics)

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive")

    async def readyz(_request: Request) -> Response:
        missing = await is_ready()
        return PlainTextResponse(missing or "ready", 503 if missing else 200)

    every_address = Starlette(
        routes=[
            Route(_EVENTS, slack_events, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ]
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == _EVENTS:
            # A person waits for this one: past the router and what it wraps around each answer.
            response = await slack_events(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await every_address(scope, receive, send)

    return app


def _slack_events(
    bolt: AsyncApp, signing_secret: str, metrics: Metrics
) -> Callable[[Request], Awaitable[Response]]:
    verifier = SignatureVerifier(signing_secret)

    async def slack_events(request: Request) -> Response:
        try:
            body = await _bounded_body(request)
        except _TooLarge:
            return PlainTextResponse("too large", 413)
        except ClientDisconnect:
            return PlainTextResponse("gone", 400)
        if not _is_signed(verifier, request, body):
            metrics.refused.labels("signature").inc()
            return PlainTextResponse("not signed by Slack, or more than five minutes ago", 401)
        try:
            delivery = to_async_bolt_request(request, body)
            expect_a_delivery(delivery.body)
        except NotAsSlackSends as error:
            return _unreadable(str(error), metrics)
        # What Bolt itself stumbles over: no text, no JSON, too deep, other types than Slack's.
        except (ValueError, RecursionError, TypeError, AttributeError, LookupError) as error:
            return _unreadable(type(error).__name__, metrics)
        return to_starlette_response(await bolt.async_dispatch(delivery))

    return slack_events


def _unreadable(why: str, metrics: Metrics) -> Response:
    metrics.refused.labels("unreadable").inc()
    log.warning("a signed request is not what Slack sends", why=why)
    return PlainTextResponse("not what Slack sends", 400)


def metrics_app(metrics: Metrics) -> Starlette:
    """``/metrics``, for an address that only those reach who watch."""

    async def shown_metrics(_request: Request) -> Response:
        return Response(metrics.shown(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return Starlette(routes=[Route("/metrics", shown_metrics)])


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the event loop that serves best: uvloop's where there is one."""
    return auto_loop_factory()


async def _bounded_body(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or int(length) > REQUEST_BYTES:
        raise _TooLarge
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > REQUEST_BYTES:
            raise _TooLarge
        parts.append(part)
    return b"".join(parts)


def _is_signed(verifier: SignatureVerifier, request: Request, body: bytes) -> bool:
    """By https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    if not (timestamp.isascii() and timestamp.isdigit() and signature.isascii()):
        return False
    try:
        return verifier.is_valid(body, timestamp, signature)
    except UnicodeDecodeError:  # it makes a text of the body first, and the time is right
        base = b"v0:%s:%s" % (timestamp.encode(), body)
        own = hmac.new(verifier.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"v0={own}", signature)
    except (ValueError, OverflowError):  # the number is absurd
        return False
