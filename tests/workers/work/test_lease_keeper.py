"""Leases last as long as the work: whatever Redis answers, and whatever the work computes."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from quaymaster.store import leases
from quaymaster.store.connections import worker_connection
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.transactions import ask, perform
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import wait_until
from workers.work.lease_keeper import LeaseKeeper, kept_alive, kept_by

pytestmark = pytest.mark.engine

SHORT = 2_500
"""Milliseconds: longer than the pause between two renewals, shorter than what is computed."""


def held(connection: redis.Redis) -> str | None:
    """Who has the lease."""
    return ask(connection, leases.owner_of("work"))


def is_fresh(connection: redis.Redis) -> bool:
    """Whether it was renewed (or taken again) a moment ago."""
    return held(connection) == "me" and int(connection.pttl("quaymaster:lease:work")) > SHORT - 500


def last(connection: redis.Redis, lease: str = "work", times: int = 2) -> None:
    """Wait until the lease was renewed so often, which takes longer than it lasts by itself."""
    key, left = f"quaymaster:lease:{lease}", [0]

    def is_renewed() -> bool:
        assert connection.get(key) == b"me"
        left.append(int(connection.pttl(key)))
        return sum(after > before for before, after in pairwise(left)) > times

    wait_until(is_renewed, within=30, what="renewals")


def errors(server: redis.Redis) -> int:
    """How many commands it has refused so far."""
    return int(server.info("stats")["total_error_replies"])


def taken(connection: redis.Redis) -> list[tuple[str, str, int]]:
    """The lease, taken now."""
    assert perform(connection, leases.take("work", "me", SHORT))
    return [("work", "me", SHORT)]


@contextmanager
def forked(run: Callable[[], None]) -> Iterator[int]:
    """Another process that does this and ends; killed at the end."""
    pid = os.fork()
    if pid == 0:
        try:
            run()
        finally:
            os._exit(0)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.fixture
def keeper(valkey_server: ValkeyServer) -> Iterator[int]:
    """The process id of a keeper, which keeps what this process and those that it forks hold."""
    keeper = LeaseKeeper()
    kept_by(keeper)
    with closing(keeper), forked(lambda: keeper.run(worker_connection(valkey_server.url))) as pid:
        yield pid
    kept_by(None)


@pytest.fixture
def horse(valkey: redis.Redis, valkey_server: ValkeyServer, keeper: int) -> Iterator[int]:
    """A process that holds the lease for as long as it lives."""

    def work() -> None:
        own = worker_connection(valkey_server.url)
        with kept_alive(own, taken(own), takes_again=True):
            time.sleep(60)

    assert keeper
    with forked(work) as pid:
        wait_until(lambda: held(valkey) == "me", within=30, what="the lease to be taken")
        yield pid


def test_a_lease_lasts_as_long_as_the_work(valkey: redis.Redis) -> None:
    with kept_alive(valkey, taken(valkey)):
        last(valkey)


def test_a_computation_that_lets_no_thread_run_loses_no_lease(
    valkey: redis.Redis, keeper: int
) -> None:
    """As a regular expression over a long text does; a lease that ran out is not taken again."""
    assert keeper
    with kept_alive(valkey, taken(valkey)):
        ctypes.PyDLL(None).sleep(2 * SHORT // 1000)  # which keeps the interpreter's lock
        assert held(valkey) == "me"


def _no_replicas(server: redis.Redis) -> Callable[[], object]:
    server.config_set("min-replicas-to-write", 1)
    return lambda: server.config_set("min-replicas-to-write", 0)


def _read_only(server: redis.Redis) -> Callable[[], object]:
    server.replicaof("127.0.0.1", "1")
    return lambda: server.replicaof("NO", "ONE")


def _set_user(server: redis.Redis, *rules: str) -> None:
    cast("Any", server).execute_command("ACL", "SETUSER", RedisUser.WORKER.value, *rules)


def _cannot_save(server: redis.Redis) -> Callable[[], object]:
    """A snapshot fails where a directory has its name (MISCONF)."""
    where = Path(str(server.config_get("dir")["dir"]), "dump.rdb")
    where.mkdir()
    server.config_set("save", "3600 1")
    server.bgsave()
    failed = "rdb_last_bgsave_status"
    wait_until(lambda: server.info()[failed] == "err", within=30, what="the snapshot to fail")

    def heal() -> None:
        server.config_set("save", "")
        where.rmdir()

    return heal


def _rights_taken(server: redis.Redis) -> Callable[[], object]:
    _set_user(server, "-pexpire", "-set")
    return lambda: _set_user(server, "+pexpire", "+set")


def _password_changed(server: redis.Redis) -> Callable[[], object]:
    _set_user(server, "off")
    server.client_kill_filter(skipme=True)
    return lambda: _set_user(server, "on")


def _scripts_forgotten(server: redis.Redis) -> Callable[[], object]:
    server.script_flush()
    return lambda: None


@pytest.mark.parametrize(
    "trouble",
    [
        *(_no_replicas, _read_only, _cannot_save),
        *(_rights_taken, _password_changed, _scripts_forgotten),
    ],
)
def test_leases_are_renewed_when_redis_takes_changes_again(
    valkey: redis.Redis,
    valkey_server: ValkeyServer,
    trouble: Callable[[redis.Redis], Callable[[], object]],
) -> None:
    with worker_connection(valkey_server.url_of(RedisUser.WORKER)) as own:
        assert perform(own, leases.take("operation:1", "me", SHORT))
        with kept_alive(own, [("operation:1", "me", SHORT)], takes_again=True):
            before = errors(valkey)
            heal = trouble(valkey)
            wait_until(lambda: errors(valkey) > before, within=30, what="a refused renewal")
            heal()
            name = "quaymaster:lease:operation:1"
            wait_until(lambda: int(valkey.pttl(name)) > SHORT - 500, within=30, what="a renewal")


def test_a_redis_that_is_full_renews_leases(valkey: redis.Redis) -> None:
    lease = taken(valkey)
    valkey.config_set("maxmemory", 1)
    with kept_alive(valkey, lease):
        last(valkey)


def test_a_redis_that_a_script_keeps_busy_loses_no_renewal_for_good(
    valkey: redis.Redis, valkey_server: ValkeyServer
) -> None:
    valkey.config_set("busy-reply-threshold", 1)
    lease = taken(valkey)
    with kept_alive(valkey, lease, takes_again=True), closing(valkey_server.client()) as other:
        with forked(lambda: other.eval("while true do end", 0)):
            wait_until(lambda: _is_busy(valkey), within=30, what="the script to be at work")
            time.sleep(SHORT / 1000)
            with closing(valkey_server.client()) as third:
                third.script_kill()
        wait_until(lambda: not _is_busy(valkey), within=30, what="the script to end")
        wait_until(lambda: is_fresh(valkey), within=30, what="a renewal")


def test_leases_are_renewed_whatever_redis_answered(valkey: redis.Redis) -> None:
    """Also an error that nobody foresaw: here a key of another kind in the lease's place."""
    lease = taken(valkey)
    with kept_alive(valkey, lease, takes_again=True):
        valkey.delete("quaymaster:lease:work")
        before = errors(valkey)
        valkey.rpush("quaymaster:lease:work", "no lease")
        wait_until(lambda: errors(valkey) > before, within=30, what="a refused renewal")
        valkey.delete("quaymaster:lease:work")
        wait_until(lambda: is_fresh(valkey), within=30, what="a renewal")


def _is_busy(connection: redis.Redis) -> bool:
    try:
        connection.get("x")
    except redis.ResponseError:
        return True
    return False


def test_what_was_let_go_is_not_renewed(valkey: redis.Redis, keeper: int) -> None:
    """Nor taken again: whoever comes next has to get it."""
    assert keeper
    with kept_alive(valkey, taken(valkey), takes_again=True):
        pass
    assert perform(valkey, leases.give_back("work", "me"))
    assert perform(valkey, leases.take("other", "me", SHORT))
    with kept_alive(valkey, [("other", "me", SHORT)]):
        last(valkey, "other")
    assert held(valkey) is None


def test_the_leases_of_a_killed_process_run_out(valkey: redis.Redis, horse: int) -> None:
    os.kill(horse, signal.SIGKILL)
    wait_until(lambda: held(valkey) is None, within=30, what="the lease to run out")


def test_the_leases_of_a_paused_process_run_out(valkey: redis.Redis, horse: int) -> None:
    os.kill(horse, signal.SIGSTOP)
    wait_until(lambda: held(valkey) is None, within=30, what="the lease to run out")
    os.kill(horse, signal.SIGCONT)
    wait_until(lambda: held(valkey) == "me", within=30, what="it to be taken again")


def test_leases_last_when_their_keeper_is_killed(
    valkey: redis.Redis, horse: int, keeper: int
) -> None:
    os.kill(keeper, signal.SIGSTOP)
    os.kill(keeper, signal.SIGKILL)
    assert horse
    last(valkey)


def test_a_keeper_that_is_asked_to_stop_stays_until_nothing_is_held(
    valkey: redis.Redis, horse: int, keeper: int
) -> None:
    os.kill(keeper, signal.SIGTERM)
    last(valkey)
    os.kill(horse, signal.SIGKILL)
    ended: list[int] = []

    def has_ended() -> bool:
        ended.append(os.waitid(os.P_PID, keeper, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None)
        return bool(ended[-1])

    wait_until(has_ended, within=30, what="the keeper to end")
