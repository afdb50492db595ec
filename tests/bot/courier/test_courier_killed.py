"""A courier that is killed with SIGKILL loses no card and makes none twice."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio

from local_slack import Fault, FaultKind, LocalSlack, Workspace, serve
from quaymaster.store import keys
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import until
from tests.bot.courier.couriers import CHANNELS, Office, Records

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[3]
LEASE = keys.lease("courier")


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with serve() as running:
        yield running


@pytest.fixture
async def workspace(slack: LocalSlack) -> AsyncIterator[Workspace]:
    async with slack.workspace() as workspace:
        yield workspace


@pytest.fixture
def office(slack: LocalSlack, valkey_server: ValkeyServer) -> Office:
    return Office(slack, valkey_server.url)


@pytest.fixture
async def records(valkey_server: ValkeyServer) -> AsyncIterator[Records]:
    async with redis.asyncio.Redis.from_url(valkey_server.url) as connection:
        yield Records(connection)


@asynccontextmanager
async def killed(office: Office, records: Records) -> AsyncIterator[None]:
    """A courier process that has the lease; killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bot.courier.courier_process",
        cwd=ROOT,
        env={**os.environ, **office.slack.environment(), "REDIS_URL": office.redis_url},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: records.connection.get(LEASE), within=20, what="the lease")
        yield
    finally:
        process.kill()
        await process.wait()


async def test_in_the_middle_of_a_post(
    office: Office, records: Records, workspace: Workspace
) -> None:
    await workspace.fault(Fault(FaultKind.SLOW, "chat.postMessage", calls=1, delay=3.0))
    async with killed(office, records):
        operation = await records.asked()
        await until(lambda: _is_met(workspace), "the call to be under way")
    await workspace.until(lambda message: message.text == f"#{operation.id} queued")
    assert not (await records.posting(operation)).ts  # Slack has done it, and nobody noted it
    async with office.courier():  # it takes the lease when that of the dead runs out
        running = await records.moved(operation, operation.state.RUNNING)
        text = f"#{running.id} running"
        await workspace.until(lambda message: message.text == text)
    assert [message.text for message in await workspace.messages()] == [text]


async def test_again_and_again_at_any_moment(
    office: Office, records: Records, workspace: Workspace
) -> None:
    chance, operations = random.Random(1), []
    for _ in range(6):
        async with killed(office, records):
            running = [await records.started(channel) for channel in CHANNELS]
            await _some_time(records, chance)
            operations += [await records.ended(operation) for operation in running]
            await _some_time(records, chance)
        await records.connection.delete(LEASE)  # its time is over
    async with office.courier():
        await until(lambda: _none_behind(records), within=30)
    shown = sorted(message.text for message in await workspace.messages())
    assert shown == sorted(f"#{operation.id} succeeded" for operation in operations)


async def _is_met(workspace: Workspace) -> bool:
    """Whether the one call that a fault is for has begun."""
    return not await workspace.faults()


async def _some_time(records: Records, chance: random.Random) -> None:
    """So many round trips, which take longer where everything does."""
    for _ in range(chance.randrange(100)):
        await records.connection.ping()


async def _none_behind(records: Records) -> bool:
    return await records.stale() == 0
