"""Pages of long lists in a real Valkey."""

from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from quaymaster.actors import SlackUser
from quaymaster.errors import Forged
from quaymaster.listings import pages_of
from quaymaster.operations import Operation
from quaymaster.outcomes import TagsListed
from quaymaster.requests import TagsRequest
from quaymaster.retention import Retention
from quaymaster.store import keys, pages
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.transactions import Transaction, ask, perform
from testing.engines.valkey import ValkeyServer
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.samples import NOW, WEB, operation

pytestmark = pytest.mark.engine

NAMES = tuple(f"v{number}" for number in range(57))
PAGES = pages_of(TagsListed(WEB, NAMES, 57, 57))
BOB = SlackUser("T0SHOP", "U0BOB")


def listing(number: int, actor: SlackUser = BOB) -> Operation:
    """An operation that lists tags."""
    return operation(id=number, request=TagsRequest(WEB), actor=actor)


def keep(connection: redis.Redis, before: Operation, key: object = WORKER_KEY) -> None:
    """Its pages, as a worker keeps them with the end."""
    older = ask(connection, pages.older_than_allowed(before.actor))
    at = NOW + timedelta(seconds=before.id)
    commands = pages.keep(before, PAGES, older, key, Retention(), at)  # type: ignore[arg-type]
    perform(connection, Transaction(commands, lambda _: None, lambda _: None))


def test_a_page_is_what_was_kept_until_the_time_of_listings_is_over(valkey: redis.Redis) -> None:
    keep(valkey, listing(1))
    assert ask(valkey, pages.load(1, 1, RING)) == PAGES[1]
    assert ask(valkey, pages.load(1, 2, RING)) == PAGES[2]
    assert ask(valkey, pages.load(1, 0, RING)) is None
    assert ask(valkey, pages.load(1, 3, RING)) is None
    assert 86_000 < valkey.ttl(keys.pages(1)) <= 86_400
    assert 86_000 < valkey.ttl(keys.listings("T0SHOP", "U0BOB")) <= 86_400


def test_a_list_of_one_page_keeps_nothing_beside_the_record(valkey: redis.Redis) -> None:
    assert pages.keep(listing(1), PAGES[:1], (), WORKER_KEY, Retention(), NOW) == ()


def test_of_one_person_the_twenty_latest_lists_are_kept(valkey: redis.Redis) -> None:
    other = listing(500, SlackUser("T0SHOP", "U0CAROL"))
    keep(valkey, other)
    for number in range(1, 25):
        keep(valkey, listing(number))
    kept = [one for one in range(1, 25) if valkey.exists(keys.pages(one))]
    assert kept == list(range(5, 25))
    assert valkey.exists(keys.pages(500))
    assert valkey.zcard(keys.listings("T0SHOP", "U0BOB")) == 20


def test_the_same_list_again_takes_its_own_place(valkey: redis.Redis) -> None:
    for number in (*range(1, 21), 20, 20):
        keep(valkey, listing(number))
    assert [one for one in range(1, 21) if valkey.exists(keys.pages(one))][-1] == 20
    assert valkey.hlen(keys.pages(20)) == 2


def test_a_page_of_elsewhere_or_of_another_hand_is_no_page(valkey: redis.Redis) -> None:
    keep(valkey, listing(1))
    valkey.hset(keys.pages(2), "1", valkey.hget(keys.pages(1), "1") or b"")
    valkey.hset(keys.pages(1), "2", valkey.hget(keys.pages(1), "1") or b"")
    keep(valkey, listing(3), BOT_KEY)
    for operation_id, number in ((2, 1), (1, 2), (3, 1)):
        with pytest.raises(Forged):
            ask(valkey, pages.load(operation_id, number, RING))


@pytest.mark.parametrize("user", [RedisUser.WORKER_HOST, RedisUser.WORKER_REGISTRY])
def test_a_worker_may_keep_and_the_bot_may_read(
    valkey_server: ValkeyServer, user: RedisUser
) -> None:
    with redis.Redis.from_url(valkey_server.url_of(user)) as worker:
        for number in range(1, 22):
            keep(worker, listing(number))
        assert ask(worker, pages.load(21, 1, RING)) == PAGES[1]
    with redis.Redis.from_url(valkey_server.url_of(RedisUser.BOT)) as bot:
        assert ask(bot, pages.load(21, 2, RING)) == replace(PAGES[2])
