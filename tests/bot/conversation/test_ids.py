"""Ids that went back, as after an older state of Redis was restored."""

import asyncio

import pytest
import redis

from bot.conversation.acceptance import Acceptance
from bot.conversation.metrics import Metrics
from bot.database.database import Database
from quaymaster.actors import SlackUser
from quaymaster.configuration.in_use import ConfigurationInUse
from quaymaster.journal import event_of
from quaymaster.operations import Origin, State
from quaymaster.requests import ImagesRequest, TagsRequest
from quaymaster.store import keys, records
from quaymaster.store.new_operations import Asked
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.transactions import ask, perform
from testing.configurations import SHOP
from testing.engines.valkey import ValkeyServer
from testing.keys import BOT, BOT_KEY, RING
from testing.samples import WEB, operation

pytestmark = pytest.mark.engine

ALICE = SlackUser("T0SHOP", "U024BE7LH")


def asked(number: int) -> Asked:
    """A command of its own."""
    return Asked(TagsRequest(WEB), ALICE, Origin("C0SHOP", f"new-{number}"))


def recorded(valkey: redis.Redis, *numbers: int) -> dict[int, object]:
    """Operations of before, as they are stored."""
    for number in numbers:
        origin = Origin("C0SHOP", f"old-{number}")
        before = operation(id=number, origin=origin, request=ImagesRequest("build1"))
        perform(valkey, records.accept(before, event_of(before), BOT_KEY))
    return {number: valkey.hgetall(keys.operation(number)) for number in numbers}


async def test_a_command_under_a_taken_id_becomes_a_new_operation_and_nothing_is_overwritten(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    before = recorded(valkey, *range(1, 6), 40)
    valkey.set(keys.NEXT_ID, 2)
    database = Database(valkey_server.url_of(RedisUser.BOT))
    try:
        acceptance = Acceptance(database, ConfigurationInUse(SHOP), BOT, Metrics())
        receipt = await acceptance.accept(asked(1), State.QUEUED)
        assert receipt.operation > 40
        stored = ask(valkey, records.load(receipt.operation, RING))
        assert stored is not None
        assert stored.operation.request == TagsRequest(WEB)
        assert {number: valkey.hgetall(keys.operation(number)) for number in before} == before
        again = await acceptance.accept(asked(1), State.QUEUED)
        assert (again.operation, again.accepted) == (receipt.operation, None)
    finally:
        await database.close()


async def test_an_id_that_only_the_audit_remembers_is_not_given_again(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    recorded(valkey, 1)
    valkey.hset(keys.AUDIT_LATEST, "77", "5")
    valkey.zadd(keys.ENDED, {"60": 1.0})
    valkey.set(keys.NEXT_ID, 0)
    database = Database(valkey_server.url_of(RedisUser.BOT))
    try:
        acceptance = Acceptance(database, ConfigurationInUse(SHOP), BOT, Metrics())
        assert (await acceptance.accept(asked(1), State.QUEUED)).operation > 77
    finally:
        await database.close()


@pytest.mark.parametrize("put_there", ["9223372036854775807", "1000000000000000", "twelve"])
async def test_a_number_that_nobody_wrote_keeps_no_command_from_becoming_the_next_operation(
    valkey_server: ValkeyServer, valkey: redis.Redis, put_there: str
) -> None:
    valkey.hset(keys.AUDIT_LATEST, "77", "5")
    database = Database(valkey_server.url_of(RedisUser.BOT))
    try:
        acceptance = Acceptance(database, ConfigurationInUse(SHOP), BOT, Metrics())
        await acceptance.warm_up()
        first = await acceptance.accept(asked(1), State.QUEUED)
        valkey.set(keys.NEXT_ID, put_there)
        for number in range(2, 100):
            receipt = await acceptance.accept(asked(number), State.QUEUED)
            assert 78 == first.operation < receipt.operation < 1_000
    finally:
        await database.close()


async def test_a_bot_begins_above_every_id_that_is_known(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    """Also where nothing is recorded under the next ones any more."""
    valkey.hset(keys.AUDIT_LATEST, "77", "5")
    valkey.set(keys.NEXT_ID, 3)
    database = Database(valkey_server.url_of(RedisUser.BOT))
    try:
        acceptance = Acceptance(database, ConfigurationInUse(SHOP), BOT, Metrics())
        await acceptance.warm_up()
        assert (await acceptance.accept(asked(1), State.QUEUED)).operation == 78
    finally:
        await database.close()


async def test_many_commands_at_once_each_become_one_operation(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    recorded(valkey, *range(1, 31))
    valkey.set(keys.NEXT_ID, 5)
    database = Database(valkey_server.url_of(RedisUser.BOT))
    try:
        acceptance = Acceptance(database, ConfigurationInUse(SHOP), BOT, Metrics())
        receipts = await asyncio.gather(
            *(acceptance.accept(asked(number), State.QUEUED) for number in range(20))
        )
        ids = {receipt.operation for receipt in receipts}
        assert len(ids) == 20
        assert min(ids) > 30
    finally:
        await database.close()
