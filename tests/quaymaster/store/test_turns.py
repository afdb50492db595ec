"""Turns in a real Valkey: each is given once, and the highest is known."""

import threading

import pytest
import redis

from quaymaster.errors import Forged
from quaymaster.store import keys, turns
from quaymaster.store.transactions import ask, perform
from quaymaster.target import ServiceRef
from testing.engines.valkey import ValkeyServer

pytestmark = pytest.mark.engine


def highest(connection: redis.Redis) -> int:
    """The highest turn of production/web."""
    return ask(connection, turns.highest(ServiceRef("production", "web")))


def test_the_turn_that_was_given_is_the_highest(valkey: redis.Redis) -> None:
    assert highest(valkey) == 0
    assert perform(valkey, turns.give(ServiceRef("production", "web"), 0, 7))
    assert highest(valkey) == 7
    assert perform(valkey, turns.give(ServiceRef("production", "web"), 7, 8))
    assert highest(valkey) == 8


def test_each_service_has_its_own(valkey: redis.Redis) -> None:
    assert perform(valkey, turns.give(ServiceRef("production", "web"), 0, 7))
    assert ask(valkey, turns.highest(ServiceRef("staging", "web"))) == 0
    assert ask(valkey, turns.highest(ServiceRef("production", "admin"))) == 0


def test_who_comes_second_is_told_and_gets_none(valkey: redis.Redis) -> None:
    assert perform(valkey, turns.give(ServiceRef("production", "web"), 0, 1))
    assert not perform(valkey, turns.give(ServiceRef("production", "web"), 0, 1))
    assert perform(valkey, turns.give(ServiceRef("production", "web"), 1, 2))
    assert not perform(valkey, turns.give(ServiceRef("production", "web"), 1, 2))
    assert highest(valkey) == 2


def test_of_many_at_once_no_two_get_the_same(
    valkey: redis.Redis, valkey_server: ValkeyServer
) -> None:
    given: list[int] = []

    def take() -> None:
        client = valkey_server.client()
        taken = 0
        while taken < 25:
            known = highest(client)
            if perform(client, turns.give(ServiceRef("production", "web"), known, known + 1)):
                given.append(known + 1)
                taken += 1
        client.close()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 101))


@pytest.mark.parametrize("text", [b"", b"007", b"0", b"-3", b"7 ", b"seven", b"9" * 30, b"\xff"])
def test_what_is_no_turn_is_refused_with_what_to_do(valkey: redis.Redis, text: bytes) -> None:
    """Nobody could give the next one: the worker would try for ever."""
    valkey.set(keys.turn(ServiceRef("production", "web")), text)
    with pytest.raises(Forged, match=r"production/web in the database is not a number.*Delete"):
        highest(valkey)
