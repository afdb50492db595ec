"""Nobody waits longer than told, and what was refused does not happen later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import redis

from bot.database.database import ANSWER_SECONDS, AT_ONCE, Breaker, Database, Deadline
from quaymaster.errors import Conflict, Unavailable
from quaymaster.store.transactions import Absent, GuardFailure, Transaction
from testing.engines.valkey import ValkeyServer
from tests.bot.wire import Wire
from tests.deadlines import promised, seconds_from_now


class Clock:
    """A clock to set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_after_a_time_out_it_is_open_for_a_second_and_then_one_may_look() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    began = breaker.begin()
    clock.now += 2.2
    breaker.timed_out(began)
    with pytest.raises(Unavailable):
        breaker.begin()
    clock.now += 1.1
    breaker.begin()
    with pytest.raises(Unavailable):
        breaker.begin()
    breaker.answered()
    breaker.begin()


def test_a_command_that_came_to_its_turn_late_breaks_nothing() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    late = breaker.begin()
    clock.now += 0.5
    breaker.timed_out(late)
    breaker.begin()


def test_one_late_command_breaks_nothing_while_others_are_answered() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    late = breaker.begin()
    clock.now += 1.4
    breaker.answered()
    clock.now += 0.8
    breaker.timed_out(late)
    breaker.begin()


@pytest.fixture
async def database(valkey_server: ValkeyServer) -> AsyncIterator[Database]:
    """A database that knows the clock of its server."""
    database = Database(valkey_server.url)
    await database.read_clock()
    yield database
    await database.close()


def setting(key: str) -> Transaction[str]:
    def refused(refusal: GuardFailure) -> str:
        raise Conflict(f"{key} is {refusal.actual}")

    return Transaction((("SET", key, "1"),), lambda _: "done", refused, (Absent(key),))


@pytest.mark.engine
async def test_it_performs_and_refuses(database: Database) -> None:
    assert await database.perform(setting("a")) == "done"
    with pytest.raises(Conflict, match="a is 1"):
        await database.perform(setting("a"))


@pytest.mark.deadline
@pytest.mark.engine
async def test_what_a_frozen_server_was_sent_does_not_happen_when_it_thaws(
    database: Database, valkey_server: ValkeyServer, valkey: redis.Redis
) -> None:
    await asyncio.gather(*(database.perform(setting(f"before-{n}")) for n in range(20)))
    database._breaker = Breaker(clock := Clock())
    valkey_server.freeze()
    with promised(2.5, "G1 where Redis does not reply"):
        asking = [asyncio.create_task(database.perform(setting(f"key-{n}"))) for n in range(100)]
        await asyncio.sleep(0)  # They begin.
        clock.now += ANSWER_SECONDS
        answers = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert_answered_without_asking(database, Unavailable)
    valkey_server.thaw()
    assert valkey.ping()
    assert valkey.keys("key-*") == []
    # The same commands are in time when the server answers.
    clock.now += 1.1
    assert await database.perform(setting("key-1")) == "done"


def assert_answered_without_asking(database: Database, error: type[Exception]) -> None:
    """Nothing is awaited: whoever comes now is refused before Redis is asked."""
    with pytest.raises(error):
        database.perform(setting("one more")).send(None)


@pytest.mark.deadline
@pytest.mark.engine
async def test_a_server_that_is_down_is_noticed_at_once_and_used_again_when_it_is_back(
    database: Database, valkey_server: ValkeyServer
) -> None:
    valkey_server.kill()
    with promised(1, "G1 where Redis refuses connections"), pytest.raises(Unavailable):
        await database.perform(setting("a"))
    valkey_server.start()
    assert await database.perform(setting("a")) == "done"


@pytest.mark.engine
async def test_a_server_that_takes_no_writes_is_said_to(
    database: Database, valkey: redis.Redis
) -> None:
    valkey.config_set("maxmemory", 1)
    with pytest.raises(Unavailable, match="refuses changes"):
        await database.perform(setting("a"))


@pytest.mark.deadline
@pytest.mark.engine
async def test_while_redis_is_merely_busy_nobody_waits_longer_than_slack_does(
    valkey_server: ValkeyServer,
) -> None:
    async with Wire.to(valkey_server) as wire:
        database = Database(wire.url)
        await asyncio.gather(*(database.perform(setting(f"before-{n}")) for n in range(20)))
        wire.delay_seconds = 0.8

        async def asked(number: int) -> None:
            with promised(2.5, "G1 where Redis is slow"), suppress(Unavailable):
                await database.perform(setting(f"key-{number}"))

        await asyncio.gather(*(asked(number) for number in range(250)))
        await database.close()


@pytest.mark.engine
async def test_whoever_has_waited_already_does_not_wait_longer_for_a_turn(
    database: Database, valkey_server: ValkeyServer
) -> None:
    await database.warm_up()
    valkey_server.freeze()
    patient = Deadline(seconds_from_now(600))
    asked = [database.perform(setting(f"{n}"), patient) for n in range(AT_ONCE)]
    others = [asyncio.create_task(one) for one in asked]
    await asyncio.sleep(0)  # They begin.
    async with asyncio.timeout(30):
        with pytest.raises(Unavailable):
            await database.perform(setting("late"), Deadline(seconds_from_now(0.3)))
    assert not any(one.done() for one in others)
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.mark.engine
async def test_a_change_is_not_asked_for_twice(valkey_server: ValkeyServer) -> None:
    """It would find itself, and be reported as what somebody else did."""
    async with Wire.to(valkey_server) as wire:
        database = Database(wire.url)
        assert await database.perform(setting("a")) == "done"
        wire.silenced_by = b"SET"
        with pytest.raises(Unavailable):
            await database.perform(setting("b"))
        await database.close()


@pytest.mark.engine
async def test_what_may_be_asked_twice_is(valkey_server: ValkeyServer) -> None:
    async with Wire.to(valkey_server) as wire:
        database = Database(wire.url)
        assert await database.perform(setting("a")) == "done"
        wire.silenced_by = b"SET"
        with pytest.raises(Conflict, match="b is 1"):
            await database.insist(setting("b"), Deadline(seconds_from_now(60)))
        wire.silenced_by = b"TIME"
        await database.read_clock()
        await database.close()


@pytest.mark.engine
async def test_a_late_reply_to_the_first_attempt_counts(valkey_server: ValkeyServer) -> None:
    async with Wire.to(valkey_server) as wire:
        database = Database(wire.url)
        await database.warm_up()
        wire.delay_seconds = 1.5  # longer than until it is asked again
        patient = Deadline(seconds_from_now(60))
        assert await database.insist(setting("a"), patient) == "done"
        await database.close()


@pytest.mark.engine
async def test_the_connections_of_a_burst_are_opened_before_and_once(
    database: Database, valkey: redis.Redis
) -> None:
    def connections() -> int:
        return int(valkey.info("stats")["total_connections_received"])

    await database.warm_up()
    before = connections()
    await database.warm_up()
    await asyncio.gather(*(database.perform(setting(f"{n}")) for n in range(50)))
    assert connections() == before
    assert "errorstat_NOSCRIPT" not in valkey.info("errorstats")
