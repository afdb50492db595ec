"""Calls to Slack are counted across couriers, and made by the one that holds the lease."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import redis.asyncio

from bot.courier.agenda import Agenda
from bot.courier.throttle import LEASE, LEASE_MILLISECONDS, NotTheCourier, NotYet, Throttle
from bot.slack.errors import Limited, Refusal, SlackFailed
from bot.slack.rates import POST, POST_SECONDS, POSTS_AT_ONCE, UPDATE, UPDATES_A_MINUTE, Call
from bot.slack.sender import Sender, Sent
from bot.views.messages import Drawing
from quaymaster.store import keys, leases
from quaymaster.store.transactions import ask_async, perform_async
from quaymaster.subjects import OperationSubject
from testing.engines.valkey import ValkeyServer

pytestmark = pytest.mark.engine

SENT = Sent("C0SHOP", "1.1")
CALL = Call(UPDATE, "C0SHOP", "ended")
NOTE = (("SET", "noted", "yes"),)


@dataclass
class Answering:
    """Stands where Slack's answer comes from, and counts."""

    answer: Sent | Refusal = SENT
    calls: int = 0

    async def __call__(self, _: Sender) -> Sent | Refusal:
        self.calls += 1
        return self.answer


@dataclass
class Now:
    """A clock that stands still until it is moved."""

    seconds: float = field(default=1_000_000.0)

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def connection(valkey_server: ValkeyServer) -> AsyncIterator["redis.asyncio.Redis"]:
    async with redis.asyncio.Redis.from_url(valkey_server.url) as client:
        yield client


async def throttle(
    connection: "redis.asyncio.Redis",
    now: Now,
    owner: str = "first",
    agenda: Agenda | None = None,
) -> Throttle:
    """The throttle of a courier that has taken the lease from whoever had it."""
    await connection.delete(keys.lease(LEASE))
    await perform_async(connection, leases.take(LEASE, owner, LEASE_MILLISECONDS))
    async with Sender.opened("xoxb-none", "http://127.0.0.1:9/api/") as sender:
        made = Throttle(connection, owner, now, agenda or Agenda(), sender, jitter=lambda: 1.0)
    await made.inherit()
    return made


async def test_what_is_about_to_happen_is_noted_before_it_happens(
    connection: "redis.asyncio.Redis",
) -> None:
    async def call(_: Sender) -> Sent:
        assert await connection.get("noted") == b"yes"
        return SENT

    assert await (await throttle(connection, Now())).call(CALL, call, NOTE) == SENT


async def test_a_courier_that_lost_the_lease_neither_notes_nor_calls(
    connection: "redis.asyncio.Redis",
) -> None:
    slack, now = Answering(), Now()
    old = await throttle(connection, now)
    await throttle(connection, now, "second")
    with pytest.raises(NotTheCourier):
        await old.call(CALL, slack, NOTE)
    assert slack.calls == 0
    assert await connection.get("noted") is None
    assert await ask_async(connection, leases.owner_of(LEASE)) == "second"


async def test_each_call_makes_the_lease_last_longer_than_itself(
    connection: "redis.asyncio.Redis",
) -> None:
    made = await throttle(connection, Now())
    await connection.pexpire(keys.lease(LEASE), 1_000)
    await made.call(CALL, Answering())
    assert await connection.pttl(keys.lease(LEASE)) > 6_000


async def test_the_next_courier_knows_what_this_one_has_used(
    connection: "redis.asyncio.Redis",
) -> None:
    slack, now = Answering(), Now()
    first = await throttle(connection, now)
    for _ in range(UPDATES_A_MINUTE):
        await first.call(CALL, slack)
    second = await throttle(connection, now, "second")
    with pytest.raises(NotYet):
        await second.call(CALL, slack)
    assert slack.calls == UPDATES_A_MINUTE
    now.seconds += 61
    await second.call(CALL, slack)


async def test_the_next_courier_leaves_a_method_alone_that_was_told_to_rest(
    connection: "redis.asyncio.Redis",
) -> None:
    slack, now = Answering(Limited(30.0)), Now()
    first = await throttle(connection, now)
    with pytest.raises(NotYet) as refused:
        await first.call(CALL, slack)
    assert refused.value.failed == "ratelimited"
    assert refused.value.nothing_happened
    now.seconds += 29
    second = await throttle(connection, now, "second")
    with pytest.raises(NotYet):
        await second.call(CALL, slack)
    assert slack.calls == 1
    await second.call(Call(POST, "C0SHOP"), Answering())


async def test_a_call_leaves_room_for_those_who_come_first(
    connection: "redis.asyncio.Redis",
) -> None:
    agenda, slack, now = Agenda(), Answering(), Now()
    cards = [OperationSubject(number) for number in (1, 2)]
    agenda.see({cards[0]: 1.0, cards[1]: 2.0}, now())
    made = await throttle(connection, now, agenda=agenda)
    first, second = (Call(POST, "C0SHOP", "ended", card) for card in cards)
    for _ in range(POSTS_AT_ONCE):
        await made.call(first, slack)
    for card, call in ((cards[1], second), (cards[0], first)):
        agenda.began(Drawing(card, (), has_ended=True))
        with pytest.raises(NotYet) as wait:
            await made.call(call, slack)
        agenda.waits(card, [wait.value], now())
    now.seconds += POST_SECONDS
    with pytest.raises(NotYet):
        await made.call(second, slack)
    await made.call(first, slack)
    now.seconds += POST_SECONDS
    await made.call(second, slack)
    assert slack.calls == POSTS_AT_ONCE + 2


@pytest.mark.parametrize("nothing_happened", [True, False])
async def test_a_failure_says_whether_the_work_may_be_done(
    connection: "redis.asyncio.Redis", nothing_happened: bool
) -> None:
    made = await throttle(connection, Now())
    with pytest.raises(NotYet) as refused:
        await made.call(CALL, Answering(SlackFailed("http_500", nothing_happened)))
    assert refused.value.nothing_happened is nothing_happened
    assert refused.value.until > Now().seconds
