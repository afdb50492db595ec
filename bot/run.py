"""The bot put together: everything is built here, runs here, and ends here."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.conversation.acceptance import Acceptance
from bot.conversation.admission import Admission
from bot.conversation.allowance import Allowances
from bot.conversation.answers import Answers
from bot.conversation.background import Background
from bot.conversation.cancelling import Cancelling
from bot.conversation.drift import DriftWatch
from bot.conversation.home import HomeTab
from bot.conversation.identity import Directory
from bot.conversation.metrics import Metrics
from bot.conversation.overview import Overview
from bot.conversation.paging import Paging
from bot.conversation.returned import Returned
from bot.conversation.sharing import SharedLookups
from bot.conversation.votes import Votes
from bot.database.database import Database
from bot.listening.app import bolt_app
from bot.listening.http import http_app, metrics_app
from bot.listening.reload import RequestedReload
from bot.listening.router import Router, Services
from bot.listening.server import serve_http
from bot.listening.socket_mode import SocketMode
from bot.slack.session import slack_client, slack_session
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.in_use import ConfigurationInUse
from quaymaster.errors import ConfigurationError, OutsideFailure, Unavailable
from quaymaster.key_ring import ProgramRole
from quaymaster.settings import Settings
from quaymaster.signs_of_life import Sign, Signs

log = structlog.get_logger(__name__)

_SWEEP_SECONDS = 2.0
_NAME = "bot"
_SIGN_SECONDS = 20.0
_FINISH_SECONDS = 4.0
_CALL_SECONDS = 6.0


async def run_bot(
    settings: Settings,
    configuration: Configuration,
    http: tuple[str, int] | None,
    stop: asyncio.Event,
    metrics: tuple[str, int] | None = None,
    signs: Signs | None = None,
    reload: RequestedReload | None = None,
) -> None:
    """Listen to Slack until ``stop`` is set, over HTTP at this host and port, or over Socket Mode.

    ``metrics`` is where its numbers are shown, if anywhere, and ``signs`` where it says that it is
    well: connected to Slack and to the database. ``reload`` is how it comes to another
    configuration.

    Ends within ten seconds of ``stop``. Raises ConfigurationError where a token is missing, and
    where the database does not fit: also one that is only reached later.
    """
    signs = signs or Signs(None)
    signs.expect([_NAME])
    async with _bot(settings, configuration) as bot:
        with suppress(Unavailable):
            await bot.expect_the_database()
        tending = asyncio.create_task(bot.tend(stop))
        beside = [asyncio.create_task(bot.give_signs(signs.of(_NAME, _SIGN_SECONDS), stop))]
        if reload is not None:
            reloading = reload.whenever_asked(bot.take_up, stop)
            beside.append(asyncio.create_task(reloading))
        if metrics:
            beside.append(asyncio.create_task(bot.show_metrics(metrics, stop)))
        try:
            if http is not None:
                await bot.serve_http(settings, http, stop)
            else:
                await bot.listen_on_socket(settings, stop)
        finally:
            stop.set()
            await tending
            await asyncio.gather(*beside)
            await bot.services.background.finish(_FINISH_SECONDS)


class _Bot:
    """Everything that lives as long as the bot."""

    def __init__(
        self,
        client: AsyncWebClient,
        database: Database,
        router: Router,
        services: Services,
        drift: DriftWatch,
    ) -> None:
        self._client = client
        self._drift = drift
        self._database = database
        self.services = services
        self._ready: SharedLookups[str] = SharedLookups(time.monotonic)
        self._bolt = bolt_app(client, router, services.directory, services.metrics)
        self._is_connected: Callable[[], Awaitable[bool]] = _not_connected

    async def serve_http(
        self, settings: Settings, address: tuple[str, int], stop: asyncio.Event
    ) -> None:
        """Take requests until ``stop`` is set."""
        secret = settings.signing_secret().get_secret_value()
        app = http_app(self._bolt, secret, self._missing, self.services.metrics)
        self._is_connected = _whoever_asks_is
        await serve_http(app, *address, stop)

    def take_up(self, configuration: Configuration) -> str:
        """Work with another configuration from the next look at it on."""
        self.services.in_use.now = configuration
        self.services.directory.expect(configuration.roles.values())
        return ""

    async def show_metrics(self, address: tuple[str, int], stop: asyncio.Event) -> None:
        """Show the numbers until ``stop`` is set; the bot ends where that cannot be."""
        try:
            await serve_http(metrics_app(self.services.metrics), *address, stop)
        finally:
            stop.set()

    async def listen_on_socket(self, settings: Settings, stop: asyncio.Event) -> None:
        """Take envelopes until ``stop`` is set."""
        token = settings.app_token().get_secret_value()
        socket_mode = SocketMode(self._bolt, token, self._client)
        self._is_connected = socket_mode.is_connected
        await socket_mode.keep_open(stop)

    async def give_signs(self, sign: Sign, stop: asyncio.Event) -> None:
        """Every two seconds: whether what people type arrives, and is recorded."""
        while not stop.is_set():
            if not await self._is_connected():
                sign.withhold("is not connected to Slack")
            elif missing := await self._missing():
                sign.withhold(f"cannot record anything: {missing}")
            else:
                sign.give()
            with suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_SECONDS):
                    await stop.wait()

    async def expect_the_database(self) -> None:
        """Raises ConfigurationError where it does not fit, and Unavailable."""
        await self._database.expect()

    async def tend(self, stop: asyncio.Event) -> None:
        """Every two seconds: what was left behind is taken up. Raises ConfigurationError when the
        database turns out not to fit; then the bot ends.
        """
        while not stop.is_set():
            try:
                await self._tend_once()
            except (Unavailable, OutsideFailure) as error:
                log.warning("tending later", why=error.problem.what)
            except ConfigurationError:
                stop.set()
                raise
            except Exception:
                log.exception("tending failed")
            try:
                async with asyncio.timeout(_SWEEP_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _tend_once(self) -> None:
        await self.expect_the_database()
        await self._database.warm_up()
        await self._database.read_clock()
        await self.services.acceptance.capacity.look(self._database)
        await self.services.acceptance.warm_up()
        await self.services.acceptance.settle_doubts()
        await self.services.admission.sweep()
        await self._drift.tell()
        await self.services.returned.sweep()
        await self.services.directory.workspace()
        self.services.background.start(self._warm_up())

    async def _warm_up(self) -> None:
        try:
            await self.services.directory.warm_up()
        except OutsideFailure as error:
            log.warning("groups not listed", why=error.problem.what)

    async def _missing(self) -> str:
        """Whoever asks at once shares the answer: anybody may ask, and the database has few places
        at a time, which people's commands need.
        """
        return await self._ready.answer("database", -math.inf, self._found_missing)

    async def _found_missing(self) -> str:
        try:
            await self._database.read_clock()
        except Unavailable as error:
            return error.problem.what
        return ""


async def _not_connected() -> bool:
    return False


async def _whoever_asks_is() -> bool:
    """Over HTTP Slack connects for each request."""
    return True


@asynccontextmanager
async def _bot(settings: Settings, configuration: Configuration) -> AsyncIterator[_Bot]:
    metrics = Metrics()
    url = settings.redis_url.get_secret_value()
    database = Database(url, metrics.redis_unavailable.inc, is_expected=False)
    timeout = aiohttp.ClientTimeout(total=_CALL_SECONDS)
    try:
        async with slack_session(timeout) as session:
            token = settings.bot_token().get_secret_value()
            client = slack_client(token, settings.slack_api_url, session, settings.proxies)
            services = services_of(settings, configuration, database, client, session, metrics)
            ring = settings.keys(ProgramRole.BOT).ring
            drift = DriftWatch(database, services.acceptance, services.in_use, ring)
            yield _Bot(client, database, Router(services), services, drift)
    finally:
        await database.close()


def services_of(
    settings: Settings,
    configuration: Configuration,
    database: Database,
    client: AsyncWebClient,
    session: aiohttp.ClientSession,
    metrics: Metrics,
) -> Services:
    """Everything that the router works with."""
    keys = settings.keys(ProgramRole.BOT)
    in_use = ConfigurationInUse(configuration)
    directory = Directory(client, configuration.roles.values())
    allowances = Allowances()
    acceptance = Acceptance(database, in_use, keys, metrics)
    background = Background()
    admission = Admission(database, directory, in_use, keys, metrics, background)
    overview = Overview(database, in_use, settings.command, keys.ring)
    return Services(
        in_use=in_use,
        command=settings.command,
        allowances=allowances,
        directory=directory,
        acceptance=acceptance,
        admission=admission,
        returned=Returned(database, directory, acceptance, admission, keys, background),
        votes=Votes(database, directory, in_use, keys, allowances),
        cancelling=Cancelling(database, directory, in_use, keys, allowances),
        paging=Paging(database, directory, in_use, keys.ring),
        overview=overview,
        home_tab=HomeTab(client, directory, overview, in_use, settings.command, metrics),
        answers=Answers(client, session, settings.proxies),
        background=background,
        metrics=metrics,
        keys=keys,
    )
