"""A bot against a local Slack and a real Valkey server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from slack_sdk.models.blocks import ActionsBlock, ButtonElement
from slack_sdk.web.async_client import AsyncWebClient

from bot.run import run_bot
from bot.views.buttons import Pointer
from local_slack import LocalSlack, Message, Person, Workspace, serve
from quaymaster.actors import SlackUser
from quaymaster.approvals import ApprovalRule
from quaymaster.configuration.configuration import Configuration
from quaymaster.findings import ScannerDatabase, ScanReport
from quaymaster.image_ref import PinnedImage
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Origin, State
from quaymaster.requests import DeployRequest
from quaymaster.settings import Settings
from quaymaster.signs_of_life import Signs
from quaymaster.store import records, reports
from quaymaster.store.transactions import ask, perform
from testing import samples
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import until
from testing.keys import BOT_KEY, RING, SCANNER_KEY, ring_text
from testing.planned import the_change
from tests.people import ALICE

TEAM = "T0SHOP"
"""Alice and Bob are developers; Carol and Dave (by their group) and Eve may vote."""

CONFIGURATION = """
default_registry: registry.staging:5000
registries:
  registry.staging:5000: {}
hosts:
  build1: {}
  app1: {}
environments:
  staging:
    target: {docker: [build1]}
    approval: {needed: 1, from: [release-managers]}
    services:
      web: {image: registry.staging:5000/shop/web}
  frozen:
    target: {docker: [app1]}
    freeze: ["2020-01-01/2120-01-01"]
    approval: {needed: 1, from: [release-managers]}
    services:
      web: {image: registry.staging:5000/shop/web}
  production:
    target: {docker: [app1]}
    approval: {needed: 2, from: [release-managers]}
    services:
      web: {image: registry.staging:5000/shop/web}
roles:
  release-managers: [U0EVE, SAZ94GDB8]
  developers: [U024BE7LH, U0BOB, U0CAROL, U0DAVE, U0EVE, U0GUEST, U0GONE, U0OTHERBOT, U0STRANGER]
permissions:
  developers: [read, pull, push, tag, scan, deploy]
  release-managers: [rollback]
"""
"""The guest, the leaver, the bot and the stranger have a role by mistake: it must not help them."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running bot, and everything around it."""

    slack: LocalSlack
    workspace: Workspace
    valkey: ValkeyServer
    connection: redis.Redis
    configuration: Configuration
    url: str
    """Where it takes requests; empty over Socket Mode."""
    metrics_url: str = ""
    """Where it shows its numbers, if anywhere."""

    def person(self, user: str) -> Person:
        """Somebody to type and click."""
        return self.workspace.person(user)

    def operations(self) -> list[Operation]:
        """All that are recorded, oldest first."""
        found = (self.operation(one) for one in ask(self.connection, records.recent_ids(1_000)))
        return sorted(found, key=lambda operation: operation.id)

    def operation(self, operation_id: int) -> Operation:
        """One as it is now."""
        stored = ask(self.connection, records.load(operation_id, RING))
        assert stored is not None
        return stored.operation

    def jobs(self, queue: str) -> list[str]:
        """The ids of the jobs in a queue."""
        found: Any = self.connection.lrange(f"rq:queue:{queue}", 0, -1)
        return [one.decode() for one in found]


def store(work: Running, operation: Operation) -> Operation:
    """Record an operation as it is."""
    event = event_of(operation)
    perform(work.connection, records.accept(operation, event, samples.mover(operation)))
    return operation


def deploy_to_approve(
    work: Running,
    needed: int = 2,
    requester: str = ALICE,
    environment: str = "production",
    **changes: Any,
) -> Operation:
    """A deploy that waits for approvals, as a worker leaves it; nothing was found in its image."""
    number = work.connection.incr("quaymaster:next-id")
    now = datetime.now(UTC)
    usual = work.configuration.revision_of(environment)
    revision = changes.get("configuration_revision", usual)
    rule = ApprovalRule(needed, now + timedelta(hours=1), requester, ("release-managers",))
    plan = samples.plan(revision=revision, environment=environment, rule=rule)
    given = {
        "id": number,
        "actor": SlackUser(TEAM, requester),
        "origin": Origin("C0SHOP", f"trigger-{number}"),
        "configuration_revision": revision,
        "requested_at": now,
        "changed_at": now,
        "state": State.AWAITING_APPROVAL,
        "request": DeployRequest(samples.image(), environment, "web"),
        "plan": plan,
        **changes,
    }
    found_clean(work.connection, the_change(plan).image)
    return store(work, samples.deploy(**given))


def found_clean(connection: redis.Redis, image: PinnedImage) -> None:
    """The scanner has looked at an image just now, and found nothing."""
    database = ScannerDatabase("v1", datetime.now(UTC))
    report = ScanReport(image.repository, image.digest, database, database.updated_at, ())
    perform(connection, reports.keep(report, SCANNER_KEY))


async def card(
    work: Running, operation: Operation, *actions: str, pointer: Pointer | None = None
) -> Message:
    """A message of the bot with these buttons, about the plan of the operation."""
    plan = operation.signed_plan
    pointer = pointer or Pointer(operation.subject, plan.digest if plan else None)
    elements = [
        ButtonElement(text=action, action_id=action, value=str(pointer)) for action in actions
    ]
    client = AsyncWebClient(work.slack.world.app.bot_token, base_url=work.slack.api_url)
    answer = await client.chat_postMessage(
        channel="C0SHOP", text="card", blocks=[ActionsBlock(elements=elements)]
    )
    message = await work.workspace.message("C0SHOP", answer["ts"])
    assert message is not None
    return message


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    """A workspace."""
    with serve() as place:
        yield place


@pytest.fixture(scope="session")
def configuration() -> Configuration:
    """A shop's configuration."""
    return Configuration.parse(CONFIGURATION)


@pytest.fixture
def key_ring(tmp_path: Path) -> Path:
    """The file with everybody's public keys."""
    path = tmp_path / "quaymaster.keys.yml"
    path.write_text(ring_text())
    return path


@pytest.fixture
def settings(slack: LocalSlack, valkey_server: ValkeyServer, key_ring: Path) -> Settings:
    """How the bot finds both."""
    environ = {
        **slack.environment(),
        "REDIS_URL": valkey_server.url,
        "QUAYMASTER_SIGNING_KEY": BOT_KEY.as_text(),
        "QUAYMASTER_KEY_RING": str(key_ring),
    }
    return Settings.from_env(environ)


@pytest.fixture
async def bot(
    slack: LocalSlack,
    valkey_server: ValkeyServer,
    valkey: redis.Redis,
    settings: Settings,
    configuration: Configuration,
    reserve_port: Callable[[], int],
) -> AsyncIterator[Running]:
    """A bot that takes requests over HTTP."""
    port, watched = reserve_port(), reserve_port()
    async with slack.workspace() as workspace:
        url, metrics = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{watched}"
        addresses = ("127.0.0.1", port), ("127.0.0.1", watched)
        async with run(settings, configuration, *addresses):
            await until_ready(url)
            await workspace.use_http(f"{url}/slack/events")
            yield Running(slack, workspace, valkey_server, valkey, configuration, url, metrics)


@pytest.fixture
async def socket_bot(
    slack: LocalSlack,
    valkey_server: ValkeyServer,
    valkey: redis.Redis,
    settings: Settings,
    configuration: Configuration,
) -> AsyncIterator[Running]:
    """A bot that is connected over Socket Mode."""
    async with slack.workspace() as workspace, run(settings, configuration, None):
        await workspace.connected()
        yield Running(slack, workspace, valkey_server, valkey, configuration, "")


@asynccontextmanager
async def run(
    settings: Settings,
    configuration: Configuration,
    http: tuple[str, int] | None,
    metrics: tuple[str, int] | None = None,
    signs: Signs | None = None,
) -> AsyncIterator[None]:
    """A bot in this process, which ends as SIGTERM would end it: within ten seconds."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_bot(settings, configuration, http, stop, metrics, signs))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(60):
            await running


async def until_ready(url: str) -> None:
    """Wait until the bot serves and reaches Redis."""

    async def is_ready() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"{url}/readyz")).status_code == 200
            except httpx.HTTPError:
                return False

    await until(is_ready, "the bot to be ready")
