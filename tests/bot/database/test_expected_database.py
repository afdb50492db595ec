"""Nobody is answered from a database that was not looked into."""

import pytest
import redis

from bot.database.database import Database
from quaymaster.errors import ConfigurationError, Unavailable
from quaymaster.store import keys, records
from quaymaster.store.transactions import Query, perform
from testing.engines.valkey import ValkeyServer

pytestmark = pytest.mark.engine


async def test_it_is_as_good_as_away_until_it_was_looked_into(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    database = Database(valkey_server.url, is_expected=False)
    try:
        with pytest.raises(Unavailable):
            await database.perform(records.reserve())
        with pytest.raises(Unavailable):
            await database.ask(Query(("GET", keys.FORMAT), lambda reply: reply))
        assert valkey.dbsize() == 0
        await database.expect()
        reserved = await database.perform(records.reserve())
        assert reserved == range(1, 2)
    finally:
        await database.close()


async def test_what_does_not_fit_stays_untouched(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    perform(valkey, records.reserve(16))
    database = Database(valkey_server.url, is_expected=False)
    try:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="older Quaymaster"):
                await database.expect()
        with pytest.raises(Unavailable):
            await database.perform(records.reserve())
        assert valkey.get(keys.NEXT_ID) == b"16"
    finally:
        await database.close()


async def test_one_that_is_away_is_looked_into_later(valkey_server: ValkeyServer) -> None:
    valkey_server.kill()
    database = Database(valkey_server.url, is_expected=False)
    try:
        with pytest.raises(Unavailable):
            await database.expect()
        valkey_server.start()
        await database.expect()
        await database.perform(records.reserve())
    finally:
        await database.close()
