"""A slow disk under Redis is no reason to refuse anybody (G1), and nothing is done twice (G2)."""

import pytest

from testing.engines.slow_disk import SlowDiskServer
from testing.engines.waiting import until
from tests.bot.bursts import PUSH, answer
from tests.bot.conftest import Running
from tests.people import ALICE

pytestmark = pytest.mark.engine

FSYNC_SECONDS = 0.7
ANSWERED_WITHIN = 2.5


@pytest.fixture
def valkey_server(slow_disk_server: SlowDiskServer) -> SlowDiskServer:
    """The server of the bot in these tests."""
    return slow_disk_server


@pytest.mark.deadline
async def test_fifty_commands_at_once_are_all_accepted(
    bot: Running, slow_disk_server: SlowDiskServer
) -> None:
    await bot.person(ALICE).command("C0SHOP", PUSH)
    await until(lambda: len(bot.jobs("host:build1")) == 1, "the first job")
    slow_disk_server.slow_down(FSYNC_SECONDS)
    plan = bot.person(ALICE).plan.command("C0SHOP", PUSH)
    outcomes = await bot.workspace.act(*[plan] * 50)
    slow_disk_server.slow_down(0)
    assert [answer(outcome) for outcome in outcomes if "Started #" not in answer(outcome)] == []
    assert max(outcome.seconds for outcome in outcomes) < ANSWERED_WITHIN
    assert len(bot.operations()) == 51
    assert len(set(bot.jobs("host:build1"))) == 51


@pytest.mark.deadline
async def test_fifty_commands_of_somebody_new_are_all_accepted(
    bot: Running, slow_disk_server: SlowDiskServer
) -> None:
    """Their operations are moved on beside the acceptance of the others."""
    slow_disk_server.slow_down(FSYNC_SECONDS)
    plan = bot.person(ALICE).plan.command("C0SHOP", PUSH)
    outcomes = await bot.workspace.act(*[plan] * 50)
    slow_disk_server.slow_down(0)
    assert all("Started #" in answer(outcome) for outcome in outcomes)
    assert max(outcome.seconds for outcome in outcomes) < ANSWERED_WITHIN
    await until(lambda: len(set(bot.jobs("host:build1"))) == 50, "their jobs")
