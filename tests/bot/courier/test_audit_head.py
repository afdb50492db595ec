"""Once a day people see the newest hash of the audit: a witness outside of Redis."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import redis.asyncio

from bot.courier.audit_head import request_digest
from bot.slack.rates import POST
from local_slack import Fault, FaultKind, LocalSlack, Workspace, serve
from quaymaster.audit_entries import hash_of
from quaymaster.configuration.configuration import Configuration
from quaymaster.store import cards, keys
from quaymaster.store.transactions import ask_async
from quaymaster.subjects import AuditDigest
from testing.configurations import SHOP_TEXT
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import until
from tests.bot.courier.couriers import Office
from tests.quaymaster.audit.audits import chain, event

pytestmark = pytest.mark.engine

CHANNEL = "C0SECURITY"


def posting_in(channel: str) -> Configuration:
    return Configuration.parse(f"{SHOP_TEXT}alerts: {{channel: {channel}}}\n")


CONFIGURATION = posting_in(CHANNEL)


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with serve() as running:
        yield running


@pytest.fixture
async def workspace(slack: LocalSlack) -> AsyncIterator[Workspace]:
    async with slack.workspace() as workspace:
        yield workspace


@pytest.fixture
async def connection(valkey_server: ValkeyServer) -> AsyncIterator["redis.asyncio.Redis"]:
    async with redis.asyncio.Redis.from_url(valkey_server.url) as client:
        yield client


@pytest.fixture
def office(slack: LocalSlack, valkey_server: ValkeyServer) -> Office:
    return Office(slack, valkey_server.url)


class Day:
    """The courier's clock: it goes, and can be moved on to another day."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> float:
        return (datetime.now(UTC) + self.ahead).timestamp()

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self(), UTC).date()


@pytest.fixture
def day() -> Day:
    return Day()


async def write(connection: "redis.asyncio.Redis") -> str:
    """Put an entry into the audit; its hash."""
    (line,) = chain(event())
    await connection.rpush(keys.AUDIT, line)
    return hash_of(line)


async def texts(workspace: Workspace) -> list[str]:
    return [message.text for message in await workspace.messages(CHANNEL)]


async def nothing_stale(connection: "redis.asyncio.Redis") -> bool:
    return not await connection.exists(keys.CARDS_BEHIND)


async def test_the_newest_hash_is_posted_once_a_day(
    connection: "redis.asyncio.Redis", office: Office, workspace: Workspace, day: Day
) -> None:
    newest = await write(connection)
    async with office.courier(configuration=CONFIGURATION, clock=day):
        assert await request_digest(connection, day.today)
        await until(lambda: nothing_stale(connection))
        (text,) = await texts(workspace)
        assert f"quaymaster audit verify --head {newest}" in text
        assert not await request_digest(connection, day.today)
        day.ahead = timedelta(days=1)
        assert await request_digest(connection, day.today)
        await until(lambda: nothing_stale(connection))
    assert len(await texts(workspace)) == 2


async def test_an_empty_audit_has_nothing_to_post(connection: "redis.asyncio.Redis") -> None:
    assert not await request_digest(connection, date(2026, 11, 24))
    assert await nothing_stale(connection)


async def test_what_slack_did_not_serve_is_posted_later_and_once(
    connection: "redis.asyncio.Redis", office: Office, workspace: Workspace, day: Day
) -> None:
    await write(connection)
    await workspace.fault(Fault(FaultKind.LOST_ANSWER, "chat.postMessage", calls=1))
    async with office.courier(configuration=CONFIGURATION, clock=day):
        await request_digest(connection, day.today)
        await until(lambda: nothing_stale(connection))
    assert len(await texts(workspace)) == 1


async def test_a_hash_that_people_have_read_is_never_edited(
    connection: "redis.asyncio.Redis", office: Office, workspace: Workspace, day: Day
) -> None:
    """The audit went on before the courier could note that Slack has the message."""
    first = await write(connection)
    async with office.courier(configuration=CONFIGURATION, clock=day):
        await request_digest(connection, day.today)
        await until(lambda: nothing_stale(connection))
        await write(connection)
        await connection.delete(keys.AUDIT_POSTED)
        await request_digest(connection, day.today)
        await until(lambda: nothing_stale(connection))
    (text,) = await texts(workspace)
    assert first in text


async def test_it_waits_while_posting_rests_like_every_other_message(
    connection: "redis.asyncio.Redis", office: Office, workspace: Workspace, day: Day
) -> None:
    """Slack told an earlier courier to leave it alone for a while."""
    await write(connection)
    rests_until = day() + 2.0
    await connection.hset(keys.SLACK_PAUSES, POST, str(rests_until))
    async with office.courier(configuration=CONFIGURATION, clock=day):
        await request_digest(connection, day.today)
        await until(lambda: texts(workspace))
    assert day() >= rests_until


async def test_where_the_bot_may_not_post_it_is_requested_again(
    connection: "redis.asyncio.Redis", office: Office, workspace: Workspace, day: Day
) -> None:
    await write(connection)
    async with office.courier(configuration=posting_in("C0RANDOM"), clock=day):
        await request_digest(connection, day.today)
        await until(lambda: nothing_stale(connection))
    assert await connection.get(keys.AUDIT_POSTED) is None
    digest = AuditDigest(day.today)
    assert await ask_async(connection, cards.postings(digest)) == {}
    async with office.courier(configuration=CONFIGURATION, clock=day):
        assert await request_digest(connection, day.today)
        await until(lambda: nothing_stale(connection))
    assert len(await texts(workspace)) == 1
