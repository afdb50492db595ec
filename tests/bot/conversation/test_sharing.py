"""One question at a time, whoever asks."""

import asyncio
import itertools

import pytest

from bot.conversation.sharing import SharedLookups


class Oracle:
    """Answers with the number of the question, when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers: list[asyncio.Future[int]] = []

    async def __call__(self) -> int:
        self.asked += 1
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]


async def settled() -> None:
    """Let everything that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_who_comes_meanwhile_and_wants_it_newer_shares_the_next() -> None:
    times = itertools.count()
    shared: SharedLookups[int] = SharedLookups(lambda: next(times))
    oracle = Oracle()
    first = asyncio.ensure_future(shared.answer("a", -1, oracle))
    await settled()
    later = [asyncio.ensure_future(shared.answer("a", next(times), oracle)) for _ in range(20)]
    await settled()
    assert oracle.asked == 1
    oracle.answers[0].set_result(1)
    await settled()
    assert (await first, oracle.asked) == (1, 2)
    oracle.answers[1].set_result(2)
    assert await asyncio.gather(*later) == [2] * 20


async def test_who_is_content_with_the_one_under_way_shares_it() -> None:
    shared: SharedLookups[int] = SharedLookups(lambda: 10.0)
    oracle = Oracle()
    asking = [asyncio.ensure_future(shared.answer("a", 10.0, oracle)) for _ in range(20)]
    await settled()
    oracle.answers[0].set_result(1)
    assert await asyncio.gather(*asking) == [1] * 20
    assert oracle.asked == 1


async def test_another_question_waits_for_nothing() -> None:
    shared: SharedLookups[int] = SharedLookups(lambda: 10.0)
    hanging, quick = Oracle(), Oracle()
    waits = asyncio.ensure_future(shared.answer("a", 10.0, hanging))
    other = asyncio.ensure_future(shared.answer("b", 10.0, quick))
    await settled()
    quick.answers[0].set_result(2)
    assert await other == 2
    waits.cancel()
    hanging.answers[0].set_result(1)


async def test_who_stops_waiting_takes_the_answer_from_nobody() -> None:
    shared: SharedLookups[int] = SharedLookups(lambda: 10.0)
    oracle = Oracle()
    leaves, stays = (asyncio.ensure_future(shared.answer("a", 0, oracle)) for _ in range(2))
    await settled()
    leaves.cancel()
    await settled()
    oracle.answers[0].set_result(1)
    assert await stays == 1


async def test_a_failure_is_everybodys_who_shared_it_and_nobodys_who_waited_for_the_next() -> None:
    times = itertools.count()
    shared: SharedLookups[int] = SharedLookups(lambda: next(times))
    oracle = Oracle()
    first = asyncio.ensure_future(shared.answer("a", -1, oracle))
    await settled()
    second = asyncio.ensure_future(shared.answer("a", next(times), oracle))
    await settled()
    oracle.answers[0].set_exception(ValueError("no"))
    await settled()
    with pytest.raises(ValueError, match="no"):
        await first
    oracle.answers[1].set_result(2)
    assert await second == 2
