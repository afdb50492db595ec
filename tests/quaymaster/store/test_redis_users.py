"""What each program may do in Redis, asked of a real server."""

import hashlib
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import redis
from redis.exceptions import NoPermissionError

from quaymaster.errors import ConfigurationError, Unavailable
from quaymaster.store import keys
from quaymaster.store.redis_users import RedisUser, acl_file, passwords_in
from quaymaster.store.transactions import Transaction, perform
from quaymaster.subjects import OperationSubject
from testing.engines.valkey import ValkeyServer
from tests.readme import ROOT

PROGRAMS = tuple(user for user in RedisUser if user is not RedisUser.ADMIN)
WORKERS = (RedisUser.WORKER, RedisUser.WORKER_HOST, RedisUser.WORKER_REGISTRY)
PASSWORDS = {user: f"made-up-password-of-{user}".ljust(32, "-") for user in RedisUser}

ADMINISTRATORS = (
    *("FLUSHALL", "FLUSHDB", "CONFIG SET dir /tmp", "CONFIG REWRITE", "KEYS *", "SCAN 0"),
    *("SCRIPT FLUSH", "SCRIPT KILL", "FUNCTION LOAD x", "FUNCTION FLUSH", "DEBUG SLEEP 0"),
    *("SHUTDOWN", "ACL LIST", "ACL SETUSER bot +@all", "ACL WHOAMI", "MONITOR", "CLIENT LIST"),
    *("CLIENT KILL TYPE normal", "REPLICAOF made-up 1", "SAVE", "BGSAVE", "BGREWRITEAOF"),
    *("MODULE LIST", "SWAPDB 0 1", "SELECT 1", "RANDOMKEY", "DUMP quaymaster:audit", "DBSIZE"),
    *("PUBLISH rq:pubsub:made-up x", "SUBSCRIBE made-up", "RENAME rq:queues rq:job:1", "SORT rq:x"),
    *(
        "COPY rq:queues rq:job:1",
        "UNLINK rq:queues",
        "LATENCY RESET",
        "SLOWLOG GET",
        "CLUSTER INFO",
    ),
)
KEY_SPECIMENS = {
    "operation_id": 1042,
    "subject": OperationSubject(1042),
    "delivery_id": "delivery",
    "name": "scan",
    "team": "T0SHOP",
    "user": "U024BE7LH",
    "environment": "production",
    "service": "web",
    "digest": "sha256:4f1a",
    "database": "2",
    "repository": "registry.example.com/shop/web",
    "job_id": "operation-1042-3",
    "order_id": "1042-2",
    "host": "build1",
    "image_id": "sha256:4f1a",
    "execution_id": "7f",
}


@pytest.mark.parametrize("user", PROGRAMS)
@pytest.mark.engine
def test_no_program_may_what_only_an_administrator_needs(
    valkey_server: ValkeyServer, valkey: redis.Redis, user: RedisUser
) -> None:
    with redis.Redis.from_url(valkey_server.url_of(user)) as client:
        for command in ADMINISTRATORS:
            words = command.split()
            answer = valkey.acl_dryrun(user.value, *words)
            assert b"no permissions" in answer, command
            # DEBUG, and some in a script, are refused to everybody, in other words.
            with pytest.raises(redis.ResponseError):
                client.execute_command(*words)
            script = ", ".join(f"'{word}'" for word in words)
            with pytest.raises(redis.ResponseError):
                client.eval(f"return redis.call({script})", 0)
        assert client.config_get("requirepass") == {"requirepass": ""}


NOT_ITS_OWN = {
    RedisUser.BOT: (
        *("RPUSH quaymaster:releases:production/web x", "SET quaymaster:report:sha256:4f:2 x"),
        *("RPUSH quaymaster:audit x", "LTRIM quaymaster:audit 1 0", "DEL quaymaster:audit"),
        *("LTRIM quaymaster:releases:production/web 1 0", "SET quaymaster:releases:a/b x"),
        *("HSET quaymaster:bad:production/web x x", "SET quaymaster:lease:courier x"),
        *("GET quaymaster:scan-order:1", "SET quaymaster:local-report:build1:sha256:4f:2 x"),
        *("SET quaymaster:scan-answer:1 x", "LRANGE rq:queue:scan 0 -1", "DEL rq:job:1"),
        *("SET quaymaster:made-up x", "GET made-up", "SET audit x"),
    ),
    RedisUser.WORKER_REGISTRY: (
        *("RPUSH quaymaster:releases:production/web x", "SET quaymaster:lease:service:a/b x"),
        *("HSET quaymaster:bad:production/web x x", "INCR quaymaster:next-id"),
        *("SET quaymaster:delivery:x 1", "SET made-up x"),
    ),
    RedisUser.WORKER_HOST: (
        *("SET quaymaster:report:sha256:4f:2 x", "SET quaymaster:scan-answer:1 x"),
        *("SET quaymaster:delivery:x 1", "INCR quaymaster:next-id", "SET made-up x"),
    ),
    RedisUser.WORKER: ("SET quaymaster:delivery:x 1", "INCR quaymaster:next-id", "SET made-up x"),
    RedisUser.SCANNER: (
        *("HGET quaymaster:operation:1 record", "HMGET quaymaster:operation:1 record"),
        *("HSET quaymaster:operation:1 state x", "LRANGE quaymaster:releases:production/web 0 -1"),
        *("RPUSH quaymaster:releases:production/web x", "LINDEX quaymaster:audit -1"),
        *(
            "RPUSH quaymaster:audit x",
            "RPUSH quaymaster:journal x",
            "SET quaymaster:lease:courier x",
        ),
        *(
            "SET quaymaster:scan-order:1 x",
            "GET quaymaster:scan-answer:1",
            "LPOP rq:queue:host:app1",
        ),
        *(
            "GET quaymaster:local-report:build1:sha256:4f:2",
            "SMEMBERS quaymaster:operations:open",
            "SET made-up x",
        ),
    ),
}


@pytest.mark.parametrize("user", PROGRAMS)
@pytest.mark.engine
def test_a_program_cannot_touch_what_is_not_its_own(
    valkey_server: ValkeyServer, user: RedisUser
) -> None:
    with redis.Redis.from_url(valkey_server.url_of(user)) as client:
        for command in NOT_ITS_OWN[user]:
            with pytest.raises(NoPermissionError):
                client.execute_command(*command.split())
            # Nor through the script that it does everything with.
            act = Transaction((tuple(command.split()),), lambda replies: replies, lambda _: [])
            with pytest.raises(Unavailable, match="ACL"):
                perform(client, act)


@pytest.mark.engine
def test_a_scanner_reads_its_orders_and_leaves_reports_and_answers(
    valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    valkey.set("quaymaster:scan-order:1", "order")
    with redis.Redis.from_url(valkey_server.url_of(RedisUser.SCANNER)) as scanner:
        assert scanner.get("quaymaster:scan-order:1") == b"order"
        for command in (
            *("SET quaymaster:report:sha256:4f:2 x EX 60", "SET quaymaster:scan-answer:1 x"),
            *("SET quaymaster:lease:scan:sha256:4f:2 x PX 9000", "HSET rq:job:1 status queued"),
            *(
                "PEXPIRE quaymaster:lease:scan:sha256:4f:2 9000",
                "SADD rq:queues rq:queue:host:app1",
            ),
            *("DEL quaymaster:lease:scan:sha256:4f:2", "RPUSH rq:queue:host:app1 1"),
        ):
            act = Transaction((tuple(command.split()),), lambda replies: replies, lambda _: [])
            assert perform(scanner, act)


def our_keys() -> Iterator[str]:
    """Each key that there is, with made-up ids in it."""
    for name, found in vars(keys).items():
        if name.isupper() and name != "PREFIX":
            yield found
        elif inspect.isfunction(found):
            yield found(*(KEY_SPECIMENS[one] for one in inspect.signature(found).parameters))


@pytest.mark.engine
def test_every_key_can_be_written_by_a_program(valkey: redis.Redis) -> None:
    """A key without a line in the table would be found out by whoever uses it first."""
    for key in our_keys():
        answers = [valkey.acl_dryrun(user.value, "SET", key, "x") for user in PROGRAMS]
        assert b"OK" in answers, (key, answers)


def test_the_file_holds_hashes_and_no_password() -> None:
    text = acl_file(PASSWORDS)
    lines = text.splitlines()
    assert [line.split()[1] for line in lines] == [user.value for user in RedisUser]
    for line, password in zip(lines, PASSWORDS.values(), strict=True):
        assert f" on #{hashlib.sha256(password.encode()).hexdigest()} " in line
        assert password not in text
    assert "nopass" not in text


def test_without_a_password_of_its_own_the_default_user_is_nobody() -> None:
    lines = acl_file({RedisUser.BOT: PASSWORDS[RedisUser.BOT]}).splitlines()
    assert lines[0] == "user default reset"
    assert [line.split()[1] for line in lines] == ["default", "bot"]


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 31, "x" * 32 + "@", "ü" * 32, "x" * 32 + "\n"]
)
def test_a_password_that_is_too_short_or_breaks_a_url_is_refused(password: str) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_PASSWORD_BOT has to have") as error:
        acl_file({RedisUser.BOT: password})
    assert not password or password not in str(error.value)


def test_no_two_users_have_one_password() -> None:
    with pytest.raises(ConfigurationError, match="the same password"):
        acl_file({RedisUser.BOT: "x" * 32, RedisUser.SCANNER: "x" * 32})


def printed(**environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "programs.cli", "redis-users"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_prints_the_file_for_the_passwords_that_are_set() -> None:
    given = {user.password_variable: PASSWORDS[user] for user in (RedisUser.BOT, *WORKERS)}
    done = printed(**given, REDIS_PASSWORD_SCANNER="")
    assert done.returncode == 0, done.stderr
    assert done.stdout == acl_file(passwords_in(given))


def test_the_command_says_which_passwords_it_needs() -> None:
    done = printed()
    assert done.returncode == 2
    assert "REDIS_PASSWORD_WORKER_HOST" in done.stderr
    assert not done.stdout
