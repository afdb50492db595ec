"""The format of everything in a real Valkey: what does not fit is left as it is."""

import threading
from collections.abc import Callable

import pytest
import redis

from quaymaster.errors import ConfigurationError
from quaymaster.store import keys, records
from quaymaster.store.emptying import empty
from quaymaster.store.format_key import expect
from quaymaster.store.formats import FORMAT
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.start import expect_our_format
from quaymaster.store.transactions import perform
from testing.engines.valkey import ValkeyServer

pytestmark = pytest.mark.engine


def everything(valkey: redis.Redis) -> dict[bytes, object]:
    """All that is stored, as it is stored."""
    return {name: valkey.dump(name) for name in valkey.scan_iter()}


def test_an_empty_database_is_written_to_and_fits_from_then_on(valkey: redis.Redis) -> None:
    expect(valkey)
    assert valkey.get(keys.FORMAT) == str(FORMAT).encode()
    perform(valkey, records.reserve(16))
    expect(valkey)


def test_what_a_newer_program_wrote_is_said_to_be_so(valkey: redis.Redis) -> None:
    valkey.set(keys.FORMAT, FORMAT + 1)
    with pytest.raises(ConfigurationError) as raised:
        expect(valkey)
    assert str(raised.value) == (
        "The database was written by a newer Quaymaster; upgrade this program."
    )


def _of_before(valkey: redis.Redis) -> None:
    perform(valkey, records.reserve(16))


def _of_another_time(valkey: redis.Redis) -> None:
    valkey.set(keys.FORMAT, "0")


def _of_nobody(valkey: redis.Redis) -> None:
    valkey.set(keys.FORMAT, "one")


@pytest.mark.parametrize("written", [_of_before, _of_another_time, _of_nobody])
def test_what_an_older_program_wrote_is_refused_and_left_alone(
    valkey: redis.Redis, written: Callable[[redis.Redis], None]
) -> None:
    written(valkey)
    before = everything(valkey)
    with pytest.raises(ConfigurationError, match="`quaymaster database empty`"):
        expect(valkey)
    assert everything(valkey) == before


@pytest.mark.parametrize("user", [one for one in RedisUser if one is not RedisUser.ADMIN])
def test_each_program_may_look_and_may_be_the_first(
    valkey_server: ValkeyServer, valkey: redis.Redis, user: RedisUser
) -> None:
    expect_our_format(valkey_server.url_of(user))
    expect_our_format(valkey_server.url_of(user))
    assert valkey.acl_log() == []


def test_a_database_that_is_away_is_waited_for(valkey_server: ValkeyServer) -> None:
    valkey_server.kill()
    waiting = threading.Thread(target=expect_our_format, args=(valkey_server.url,), daemon=True)
    waiting.start()
    valkey_server.start()
    waiting.join(20)
    assert not waiting.is_alive()
    with valkey_server.client() as client:
        assert client.get(keys.FORMAT) == str(FORMAT).encode()


def test_emptying_deletes_what_is_ours_and_nothing_else(valkey: redis.Redis) -> None:
    expect(valkey)
    perform(valkey, records.reserve(16))
    for number in range(1200):
        valkey.set(f"quaymaster:report:{number}", "made up")
    valkey.sadd("rq:queues", "rq:queue:registry")
    valkey.set("somebody:else", "1")
    assert empty(valkey) == 1203
    assert valkey.keys() == [b"somebody:else"]
    expect(valkey)


def test_no_program_may_empty_it_and_it_is_said_who_may(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    expect(valkey)
    with (
        redis.Redis.from_url(valkey_server.url_of(RedisUser.WORKER)) as worker,
        pytest.raises(ConfigurationError, match="as the administrator of Redis"),
    ):
        empty(worker)
    assert valkey.exists(keys.FORMAT)
