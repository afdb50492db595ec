"""What each kind of subject shows."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
import redis.asyncio

from bot.courier.pictures import Picture, Pictures
from bot.views.findings import findings_table
from quaymaster.configuration.configuration import Configuration
from quaymaster.requests import DeployRequest
from quaymaster.store import keys
from quaymaster.subjects import AuditDigest, OperationSubject, Subject
from testing.configurations import SHOP, SHOP_TEXT
from testing.engines.valkey import ValkeyServer
from testing.keys import RING
from testing.samples import image
from tests.bot.courier.couriers import Records, draw_plainly
from tests.quaymaster.audit.audits import chain, event

pytestmark = pytest.mark.engine

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
ALERTS = Configuration.parse(f"{SHOP_TEXT}alerts: {{channel: C0SECURITY}}\n")
IN_STAGING = DeployRequest(image(), "staging", "web")
Connection = redis.asyncio.Redis


@pytest.fixture
async def connection(valkey_server: ValkeyServer) -> AsyncIterator[Connection]:
    async with redis.asyncio.Redis.from_url(valkey_server.url) as client:
        yield client


def pictures(
    connection: Connection, configuration: Configuration = ALERTS, now: datetime = NOW
) -> Pictures:
    return Pictures(
        connection, draw_plainly, findings_table, RING, configuration, lambda: now.timestamp()
    )


async def an_operation(connection: Connection) -> Subject:
    return (await Records(connection).asked()).subject


async def a_digest(connection: Connection) -> Subject:
    await connection.rpush(keys.AUDIT, *chain(event()))
    return AuditDigest(NOW.date())


EXAMPLES: dict[type[Subject], Callable[[Connection], Awaitable[Subject]]] = {
    OperationSubject: an_operation,
    AuditDigest: a_digest,
}


@pytest.mark.parametrize("kind", get_args(Subject))
async def test_every_kind_is_loaded_and_drawn(connection: Connection, kind: type[Subject]) -> None:
    subject = await EXAMPLES[kind](connection)
    assert isinstance(subject, kind)
    picture = await pictures(connection).of(subject)
    assert isinstance(picture, Picture)
    assert picture.drawing.subject == subject
    assert [message.subject for message in picture.drawing.messages] == [subject]


async def test_an_operation_that_does_not_exist_shows_nothing(connection: Connection) -> None:
    assert await pictures(connection).of(OperationSubject(7)) is None


async def test_an_operation_may_go_to_the_channel_of_its_service(connection: Connection) -> None:
    operation = await Records(connection).asked("C0RANDOM", request=IN_STAGING)
    picture = await pictures(connection).of(operation.subject)
    assert isinstance(picture, Picture)
    assert picture.drawing.service_channel == "C0SHOP"
    assert picture.drawing.requester == operation.person


class TestADigest:
    async def test_is_of_today(self, connection: Connection) -> None:
        subject = await a_digest(connection)
        assert await pictures(connection, now=NOW + timedelta(days=1)).of(subject) is None

    async def test_needs_a_channel(self, connection: Connection) -> None:
        subject = await a_digest(connection)
        assert await pictures(connection, SHOP).of(subject) is None

    async def test_needs_an_audit(self, connection: Connection) -> None:
        assert await pictures(connection).of(AuditDigest(date(2026, 11, 28))) is None

    async def test_that_a_courier_of_an_earlier_version_posted_is_not_posted_again(
        self, connection: Connection
    ) -> None:
        subject = await a_digest(connection)
        await connection.set(keys.AUDIT_POSTED, NOW.date().isoformat())
        assert await pictures(connection).of(subject) is None
