"""Valkey keeps what it acknowledged, asks for its password, and can be frozen."""

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from testing.engines.valkey import ValkeyServer

pytestmark = pytest.mark.engine


def test_what_was_acknowledged_survives_kill_9(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    assert valkey.config_get("appendfsync") == {"appendfsync": "always"}
    for number in range(100):
        valkey.rpush("operations", number)
    pid = valkey_server.pid
    valkey_server.kill()
    valkey_server.restart()
    assert valkey_server.pid != pid
    assert valkey.llen("operations") == 100


def test_a_killed_server_refuses_connections(valkey_server: ValkeyServer) -> None:
    client = valkey_server.client(retry=None)
    valkey_server.kill()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    client.close()


def test_a_frozen_server_takes_connections_and_answers_nothing(valkey_server: ValkeyServer) -> None:
    client = valkey_server.client(socket_timeout=0.2, retry=None)
    valkey_server.freeze()
    with pytest.raises(redis.TimeoutError):
        client.ping()
    valkey_server.thaw()
    assert client.ping()
    client.close()


def test_a_client_without_the_password_is_refused(valkey_server: ValkeyServer) -> None:
    client = redis.Redis(port=valkey_server.port, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.AuthenticationError):
        client.ping()
    client.close()


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_starts_with_an_empty_server(valkey: redis.Redis, turn: int) -> None:
    assert valkey.dbsize() == 0
    valkey.set("turn", turn)
