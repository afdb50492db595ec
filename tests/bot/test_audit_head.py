"""Once a day people see the newest hash of the audit: a witness outside of Redis."""

from collections.abc import AsyncIterator, Iterator
from datetime import date

import pytest
import redis.asyncio

from bot.audit_head import post_head
from bot.sender import Sender
from local_slack import Fault, FaultKind, LocalSlack, serve
from quaymaster.audit_entries import hash_of
from quaymaster.store import keys
from tests.engines.valkey import ValkeyServer
from tests.quaymaster.audits import chain, event

pytestmark = pytest.mark.engine

TODAY, TOMORROW = date(2026, 11, 24), date(2026, 11, 25)


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with serve() as running:
        yield running


@pytest.fixture
async def sender(slack: LocalSlack) -> AsyncIterator[Sender]:
    async with Sender.opened(slack.world.app.bot_token, slack.api_url) as opened:
        yield opened


@pytest.fixture
async def connection(valkey_server: ValkeyServer) -> AsyncIterator["redis.asyncio.Redis"]:
    async with redis.asyncio.Redis.from_url(valkey_server.url) as found:
        yield found


async def write(connection: "redis.asyncio.Redis") -> str:
    """Put an entry into the audit; its hash."""
    (line,) = chain(event())
    await connection.rpush(keys.AUDIT, line)
    return hash_of(line)


async def texts(slack: LocalSlack) -> list[str]:
    async with slack.workspace() as workspace:
        return [message.text for message in await workspace.messages("C0SHOP")]


async def test_the_newest_hash_is_posted_once_a_day(
    connection: "redis.asyncio.Redis", sender: Sender, slack: LocalSlack
) -> None:
    newest = await write(connection)
    assert await post_head(connection, sender, "C0SHOP", TODAY)
    assert not await post_head(connection, sender, "C0SHOP", TODAY)
    (text,) = await texts(slack)
    assert f"quaymaster audit verify --head {newest}" in text
    assert await post_head(connection, sender, "C0SHOP", TOMORROW)
    assert len(await texts(slack)) == 2


async def test_an_empty_audit_has_nothing_to_post(
    connection: "redis.asyncio.Redis", sender: Sender, slack: LocalSlack
) -> None:
    assert not await post_head(connection, sender, "C0SHOP", TODAY)
    assert await texts(slack) == []


async def test_what_slack_did_not_take_is_posted_later(
    connection: "redis.asyncio.Redis", sender: Sender, slack: LocalSlack
) -> None:
    await write(connection)
    async with slack.workspace() as workspace:
        await workspace.fault(Fault(FaultKind.SERVER_ERROR, "chat.postMessage", calls=1))
        assert not await post_head(connection, sender, "C0SHOP", TODAY)
    assert await post_head(connection, sender, "C0SHOP", TODAY)
