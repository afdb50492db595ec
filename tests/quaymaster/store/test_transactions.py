"""What Redis answers when it cannot do something is one error of ours, once for everything."""

from typing import Any, cast

import pytest
import redis
from redis._parsers.base import BaseParser

from quaymaster.errors import NoRoom, Unavailable
from quaymaster.store.transactions import Query, _translated, ask, ask_all

PASSING = (
    "MISCONF Redis is configured to save RDB snapshots, but cannot persist on disk.",
    "NOREPLICAS Not enough good replicas to write.",
    "READONLY You can't write against a read only replica.",
    "OOM command not allowed when used memory > 'maxmemory'. script: f00, on @user_script:32.",
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "UNKILLABLE Sorry the script already executed write commands against the dataset.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "CLUSTERDOWN The cluster is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "NOPERM User worker has no permissions to run the 'get' command",
    "ERR ACL failure in script: No permissions to access a key script: f00, on @user_script:32.",
)
"""As Valkey 8 writes them (src/server.c, src/replication.c, src/cluster.c, src/script.c)."""
FAULTS = (
    "ERR unknown command 'MADEUP'",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "CROSSSLOT Keys in request don't hash to the same slot",
)


def parsed(text: str) -> redis.RedisError:
    """As redis-py reads an error."""
    return cast("redis.RedisError", cast("Any", BaseParser).parse_error(text))


@pytest.mark.parametrize("text", PASSING)
def test_what_redis_cannot_do_now_is_no_fault_of_ours(text: str) -> None:
    error = parsed(text)
    assert isinstance(error, redis.ResponseError)
    translated = _translated(error)
    assert isinstance(translated, Unavailable)
    assert isinstance(translated, NoRoom) == text.startswith("OOM")


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_stays_what_it_is(text: str) -> None:
    error = parsed(text)
    assert isinstance(error, redis.ResponseError)
    assert _translated(error) is error


@pytest.mark.parametrize("text", ["LOADING Redis is loading", "WRONGPASS no", "NOAUTH needed"])
def test_a_redis_that_lets_nobody_in_is_not_reached(text: str) -> None:
    assert isinstance(parsed(text), redis.ConnectionError)


@pytest.mark.engine
def test_the_same_holds_for_several_questions_at_once(valkey: redis.Redis) -> None:
    cast("Any", valkey).execute_command("ACL", "SETUSER", "default", "-get")
    asked: Query[object] = Query(("GET", "x"), lambda reply: reply)
    with pytest.raises(Unavailable, match="rights"):
        ask(valkey, asked)
    with pytest.raises(Unavailable, match="rights"):
        ask_all(valkey, [asked])
