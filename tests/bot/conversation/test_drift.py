"""What a look found is told once: in the audit, and in the channel of the service."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import redis

from bot.conversation.acceptance import Acceptance
from bot.conversation.drift import DriftWatch
from bot.conversation.metrics import Metrics
from bot.database.database import Database
from bot.views.card import operation_messages
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.in_use import ConfigurationInUse
from quaymaster.drift import Drift, DriftKind
from quaymaster.operations import Operation, State
from quaymaster.requests import DriftRequest
from quaymaster.store import drifts, keys, records
from quaymaster.store.transactions import ask, perform
from quaymaster.target import ServiceRef
from testing.configurations import SHOP
from testing.engines.valkey import ValkeyServer
from testing.keys import BOT, RING, WORKER_KEY

pytestmark = pytest.mark.engine

AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


@pytest.fixture
async def database(valkey_server: ValkeyServer) -> AsyncIterator[Database]:
    """The bot's client of the database."""
    database = Database(valkey_server.url)
    yield database
    await database.close()


def watch(database: Database, configuration: Configuration = SHOP) -> DriftWatch:
    """A bot's."""
    in_use = ConfigurationInUse(configuration)
    acceptance = Acceptance(database, in_use, BOT, Metrics())
    return DriftWatch(database, acceptance, in_use, RING)


def found(
    valkey: redis.Redis, kind: DriftKind, what: str = "", host: str = "build1", service: str = "web"
) -> None:
    """What a worker found in staging."""
    before = ask(valkey, drifts.observed(RING)).get(ServiceRef("staging", service))
    drift = Drift("staging", service, host, kind, what, AT)
    assert perform(valkey, drifts.observe(drift, before, WORKER_KEY))


def told(valkey: redis.Redis) -> list[Operation]:
    """The operations that were made of it, the first first."""
    stored = [ask(valkey, records.load(one, RING)) for one in ask(valkey, records.recent_ids(9))]
    return [one.operation for one in reversed(stored) if one is not None]


async def test_what_a_person_did_is_on_a_card_in_the_channel_of_the_service(
    valkey: redis.Redis, database: Database
) -> None:
    found(valkey, DriftKind.FOUND, "Nothing serves. <!channel> is stopped, with exit code 137.")
    await watch(database).tell()
    (operation,) = told(valkey)
    assert operation.request == DriftRequest("staging", "web")
    assert (operation.state, operation.requester) == (State.FAILED, "quaymaster")
    (card,) = operation_messages(operation, SHOP, AT)
    assert card.channel == "C0SHOP"
    assert "staging/web on build1 differs from its release" in card.text
    assert "exit code 137" in card.text
    assert "<!channel>" not in card.text
    assert "Differs from its release" in card.text
    assert "<@" not in card.text, "nobody is mentioned: the product itself tells it"
    assert valkey.zscore(keys.CARDS_BEHIND, str(operation.subject)) is not None
    assert ask(valkey, records.open_ids()) == ()


async def test_an_observation_is_told_once_by_however_many_bots(
    valkey: redis.Redis, database: Database
) -> None:
    found(valkey, DriftKind.FOUND, "Nothing is running.")
    for _ in range(2):
        await watch(database).tell()
    valkey.delete(keys.DRIFTS_TOLD)  # as if the first had died before it noted that
    await watch(database).tell()
    assert len(told(valkey)) == 1
    assert valkey.llen(keys.JOURNAL) == 1


async def test_each_change_is_told_and_so_is_its_end(
    valkey: redis.Redis, database: Database
) -> None:
    for kind in (DriftKind.FOUND, DriftKind.OVER, DriftKind.SETTLED):
        found(valkey, kind, f"This is {kind}.")
        await watch(database).tell()
    first, second, third = told(valkey)
    assert (first.state, second.state, third.state) == (
        State.FAILED,
        State.SUCCEEDED,
        State.SUCCEEDED,
    )
    (card,) = operation_messages(second, SHOP, AT)
    assert "matches its release again" in card.text
    (card,) = operation_messages(third, SHOP, AT)
    assert "had been left unfinished. This is settled." in card.text


async def test_the_end_of_what_nobody_was_told_of_is_not_told(
    valkey: redis.Redis, database: Database
) -> None:
    found(valkey, DriftKind.OVER)
    await watch(database).tell()
    assert told(valkey) == []


async def test_a_service_without_a_channel_is_in_the_audit_alone(
    valkey: redis.Redis, database: Database
) -> None:
    found(valkey, DriftKind.FOUND, "Nothing is running.", service="worker")
    await watch(database).tell()
    (operation,) = told(valkey)
    assert operation_messages(operation, SHOP, AT) == ()
    assert valkey.llen(keys.JOURNAL) == 1


@pytest.mark.parametrize(("host", "service"), [("app1", "web"), ("build1", "unheard-of")])
async def test_what_a_worker_says_about_what_is_not_its_own_is_not_told(
    valkey: redis.Redis, database: Database, host: str, service: str
) -> None:
    found(valkey, DriftKind.FOUND, "Nothing is running.", host, service)
    await watch(database).tell()
    assert told(valkey) == []
