"""Bolt: from a verified delivery to the router, and the router's answer back.

``process_before_response`` makes Bolt answer as soon as a listener returns; otherwise it looks for
an answer every 10 ms. The listeners are short: they read, record and acknowledge.
"""

import logging
import re
import time
from collections.abc import Awaitable, Callable

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.conversation.answers import as_body
from bot.conversation.identity import Directory
from bot.conversation.metrics import Metrics
from bot.listening.fields import NotAsSlackSends
from bot.listening.payloads import (
    Click,
    Confirmed,
    HomeOpened,
    PassingMention,
    TypedCommand,
    read_click,
    read_command,
    read_direct_message,
    read_home_opened,
    read_mention,
)
from bot.listening.router import Router
from bot.views.answers import PrivateAnswer

log = structlog.get_logger(__name__)

_ANYTHING = re.compile(r".*", re.DOTALL)


def bolt_app(
    client: AsyncWebClient, router: Router, directory: Directory, metrics: Metrics
) -> AsyncApp:
    """The app. Signatures are checked before it, in ``bot.listening.http``; a socket needs none."""
    app = AsyncApp(
        client=client,
        name="quaymaster",  # else Bolt reads the source of every caller to find one
        logger=_quiet_logger(),
        process_before_response=True,
        authorize=_authorize(client, directory),
        request_verification_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    listeners = _Listeners(router, metrics)
    app.command(_ANYTHING)(listeners.command)
    app.action(_ANYTHING)(listeners.click)
    app.event("app_mention")(listeners.mention)
    app.event("message")(listeners.direct_message)
    app.event("app_home_opened")(listeners.home)
    app.event(_ANYTHING)(listeners.nothing)
    app.error(listeners.error)
    return app


class _Listeners:
    """One for each kind of delivery."""

    def __init__(self, router: Router, metrics: Metrics) -> None:
        self._router = router
        self._metrics = metrics

    async def command(self, ack: AsyncAck, request: AsyncBoltRequest) -> BoltResponse | None:
        """A slash command."""

        async def answer() -> PrivateAnswer | None:
            return await self._router.typed(read_command(request.body))

        return await self._acknowledge("command", ack, request, answer)

    async def click(self, ack: AsyncAck, request: AsyncBoltRequest) -> BoltResponse | None:
        """A button."""

        async def answer() -> None:
            match read_click(request.body):
                case Click() as clicked:
                    await self._router.clicked(clicked)
                case Confirmed() as confirmed:
                    await self._router.confirmed(confirmed)
                case HomeOpened() as opened:
                    await self._router.home_opened(opened)
                case None:
                    pass

        return await self._acknowledge("click", ack, request, answer)

    async def mention(self, ack: AsyncAck, request: AsyncBoltRequest) -> BoltResponse | None:
        """A message that mentions the bot."""

        async def answer() -> None:
            match read_mention(request.body):
                case TypedCommand() as typed:
                    await self._router.mentioned(typed)
                case PassingMention() as overheard:
                    await self._router.overheard(overheard)
                case None:
                    pass

        return await self._acknowledge("mention", ack, request, answer)

    async def direct_message(self, ack: AsyncAck, request: AsyncBoltRequest) -> BoltResponse | None:
        """A message to the bot alone."""

        async def answer() -> None:
            typed = read_direct_message(request.body)
            if typed is not None:
                await self._router.direct_message(typed)

        return await self._acknowledge("direct message", ack, request, answer)

    async def home(self, ack: AsyncAck, request: AsyncBoltRequest) -> BoltResponse | None:
        """Somebody opened a tab of the app."""

        async def answer() -> None:
            opened = read_home_opened(request.body)
            if opened is not None:
                await self._router.home_opened(opened)

        return await self._acknowledge("home", ack, request, answer)

    async def nothing(self, ack: AsyncAck) -> None:
        """An event that nobody asked for."""
        await ack()

    async def error(self, error: Exception) -> BoltResponse:
        """An error in Bolt itself. A status other than 200 would not be acknowledged at all over
        Socket Mode, and would be words of Slack's own to the person over HTTP.
        """
        return BoltResponse(status=200, body=as_body(self._router.failed(error, "a delivery")))

    async def _acknowledge(
        self,
        kind: str,
        ack: AsyncAck,
        request: AsyncBoltRequest,
        answer: Callable[[], Awaitable[PrivateAnswer | None]],
    ) -> BoltResponse | None:
        started = time.perf_counter()
        try:
            reply = await answer()
        except NotAsSlackSends as error:
            self._metrics.refused.labels("unreadable").inc()
            log.warning(f"a {kind} is not what Slack sends", why=str(error))
            # Over a socket there is no other status, and what is not acknowledged comes again.
            is_over_http = request.mode == "http"
            return BoltResponse(status=400 if is_over_http else 200, body="")
        except Exception as error:  # noqa: BLE001 (an edge: the person gets an answer)
            reply = self._router.failed(error, f"a {kind}")
        await (ack(as_body(reply)) if reply is not None else ack())
        self._metrics.acknowledged.labels(kind).observe(time.perf_counter() - started)
        return None


def _authorize(
    client: AsyncWebClient, directory: Directory
) -> Callable[..., Awaitable[AuthorizeResult]]:
    """Bolt's own way asks ``auth.test`` before the first listener; this one asks nobody."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        home = directory.workspace_if_known
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_token=client.token,
            bot_user_id=home.bot_user if home else None,
            bot_id=home.bot if home else None,
        )

    return authorize


def _quiet_logger() -> logging.Logger:
    """Bolt logs the bodies of requests at INFO."""
    logger = logging.getLogger("bot.bolt")
    logger.setLevel(logging.ERROR)
    return logger
