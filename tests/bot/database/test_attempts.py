"""The first answer counts, whichever attempt it comes from."""

import asyncio

import pytest

from bot.database.attempts import Attempt, first_answer


class NoAnswer(Exception):
    """Nobody answered."""


class Refused(Exception):
    """An answer that says no."""


class Attempts:
    """What each attempt does, in turn; which of them were cancelled."""

    def __init__(self, *each: Attempt[str]) -> None:
        self._each = list(each)
        self.made = 0
        self.cancelled: list[int] = []

    async def __call__(self) -> str:
        number = self.made
        self.made += 1
        try:
            return await self._each[number]()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise


async def answers() -> str:
    return "answer"


async def never() -> str:
    await asyncio.Event().wait()
    raise AssertionError


async def breaks() -> str:
    raise NoAnswer


async def refuses() -> str:
    raise Refused


async def asked(attempts: Attempts, within: float = 20, again_after: float = 0) -> str:
    return await first_answer(
        attempts, within=within, again_after=again_after, no_answer=(NoAnswer,)
    )


async def test_an_answer_in_time_needs_no_second_attempt() -> None:
    attempts = Attempts(answers)
    assert await asked(attempts) == "answer"
    assert attempts.made == 1


async def test_what_takes_long_is_asked_again_and_the_first_answer_counts() -> None:
    attempts = Attempts(never, answers)
    assert await asked(attempts) == "answer"
    assert attempts.cancelled == [0]


async def test_a_late_attempt_goes_on_beside_the_next_one() -> None:
    second_began = asyncio.Event()

    async def late() -> str:
        await second_began.wait()
        return "late"

    async def second() -> str:
        second_began.set()
        return await never()

    attempts = Attempts(late, second)
    assert await asked(attempts) == "late"
    assert attempts.cancelled == [1]


async def test_an_attempt_that_breaks_is_made_again_at_once() -> None:
    attempts = Attempts(breaks, answers)
    assert await asked(attempts, again_after=20) == "answer"


async def test_a_second_attempt_that_breaks_ends_nothing() -> None:
    second_broke = asyncio.Event()

    async def late() -> str:
        await second_broke.wait()
        return "late"

    async def second() -> str:
        second_broke.set()
        raise NoAnswer

    assert await asked(Attempts(late, second)) == "late"


async def test_a_refusal_is_an_answer() -> None:
    attempts = Attempts(refuses)
    with pytest.raises(Refused):
        await asked(attempts)
    with pytest.raises(Refused):
        await asked(Attempts(never, refuses))
    assert attempts.made == 1


async def test_when_both_break_that_is_what_is_said() -> None:
    with pytest.raises(NoAnswer):
        await asked(Attempts(breaks, breaks), again_after=20)


async def test_nobody_waits_longer_than_allowed_and_nothing_goes_on_afterwards() -> None:
    attempts = Attempts(never, never)
    with pytest.raises(TimeoutError):
        await asked(attempts, within=0.05)
    assert sorted(attempts.cancelled) == [0, 1]


async def test_whoever_is_cancelled_leaves_no_attempt_behind() -> None:
    both = asyncio.Event()

    async def second() -> str:
        both.set()
        return await never()

    attempts = Attempts(never, second)
    asking = asyncio.ensure_future(asked(attempts))
    await both.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert sorted(attempts.cancelled) == [0, 1]
