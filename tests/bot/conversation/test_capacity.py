"""A Redis that is nearly full: new work is refused, everything else goes on."""

import pytest

from quaymaster.operations import State
from testing.engines.valkey import fill
from testing.engines.waiting import until
from tests.bot.bursts import PUSH, answer
from tests.bot.conftest import Running
from tests.people import ALICE, BOB, CAROL

pytestmark = pytest.mark.engine

NEARLY_FULL = "nearly full, so nothing was started"


async def asked(bot: Running, text: str = PUSH, user: str = ALICE) -> str:
    """The private answer to a command."""
    outcome = await bot.person(user).command("C0SHOP", text)
    assert outcome.acknowledged
    return answer(outcome)


async def is_refused(bot: Running) -> bool:
    """Somebody asks who asks for nothing else: nobody may ask too often."""
    return NEARLY_FULL in await asked(bot, user=BOB)


async def is_accepted(bot: Running) -> bool:
    return "Started #" in await asked(bot, user=CAROL)


async def test_new_work_is_refused_at_nine_tenths_and_taken_again_when_there_is_room(
    bot: Running,
) -> None:
    assert "Started #" in await asked(bot)
    fill(bot.connection, 0.95)
    await until(lambda: is_refused(bot), "the bot to notice", every=0.1)
    recorded = len(bot.operations())
    said = await asked(bot)
    assert " MB of the " in said
    assert "can give Redis more memory" in said
    assert len(bot.operations()) == recorded

    first = bot.operations()[0]
    await until(lambda: bot.operation(first.id).state is State.QUEUED, "admission")
    await bot.person(ALICE).command("C0SHOP", "jobs")
    await bot.person(ALICE).sees(f"#{first.id}")
    assert "Stop an operation" in await asked(bot, "help")
    await bot.person(ALICE).command("C0SHOP", f"cancel {first.id}")
    await until(lambda: bot.operation(first.id).state is State.CANCELLED, "the end")

    bot.connection.delete("filler")
    await until(lambda: is_accepted(bot), "room", every=0.1)


async def test_without_a_limit_there_is_always_room(bot: Running) -> None:
    fill(bot.connection, 0.95)
    await until(lambda: is_refused(bot), "the bot to notice", every=0.1)
    bot.connection.config_set("maxmemory", 0)
    await until(lambda: is_accepted(bot), "the bot to notice", every=0.1)
