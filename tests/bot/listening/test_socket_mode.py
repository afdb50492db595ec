"""The same over Socket Mode."""

import pytest

from quaymaster.operations import State
from testing.engines.waiting import until
from tests.bot.bursts import assert_a_burst_is_accepted
from tests.bot.conftest import Running, card, deploy_to_approve
from tests.people import ALICE, CAROL

pytestmark = pytest.mark.engine

PUSH = "push shop/web:1.4 from build1"


async def test_a_command_is_acknowledged_recorded_and_queued_once(socket_bot: Running) -> None:
    outcome = await socket_bot.person(ALICE).command("C0SHOP", PUSH, repeat=3)
    assert outcome.acknowledged
    (operation,) = socket_bot.operations()
    assert f"#{operation.id}:" in outcome.words
    await until(lambda: socket_bot.operation(operation.id).state is State.QUEUED, "admission")


@pytest.mark.deadline
async def test_fifty_at_once_are_acknowledged(socket_bot: Running) -> None:
    await assert_a_burst_is_accepted(socket_bot)


@pytest.mark.deadline
async def test_mistakes_and_troubles_are_acknowledged_with_words(socket_bot: Running) -> None:
    outcome = await socket_bot.person(ALICE).command("C0SHOP", "pussh")
    assert "is not a command" in outcome.words
    socket_bot.valkey.freeze()
    outcome = await socket_bot.person(ALICE).command("C0SHOP", PUSH)
    assert outcome.seconds < 2.5  # G1
    assert "cannot reach its database" in outcome.words


async def test_clicks_and_mentions_arrive(socket_bot: Running) -> None:
    operation = deploy_to_approve(socket_bot)
    message = await card(socket_bot, operation, "approve")
    assert (await socket_bot.person(CAROL).click(message, "approve")).acknowledged
    await socket_bot.person(CAROL).sees("needs 1 more approval")
    assert (await socket_bot.person(ALICE).mention("C0SHOP", PUSH)).acknowledged
    question = await socket_bot.person(ALICE).sees("Push shop/web:1.4 from build1?")
    assert len(socket_bot.operations()) == 1
    assert (await socket_bot.person(ALICE).click(question, "confirm")).acknowledged
    await until(lambda: len(socket_bot.operations()) == 2, "the push")


@pytest.mark.parametrize("how", ["dropped", "refreshed"])
async def test_a_connection_that_ends_is_opened_again(socket_bot: Running, how: str) -> None:
    if how == "dropped":
        await socket_bot.workspace.drop_sockets()
    else:
        await socket_bot.workspace.refresh_sockets()
    await socket_bot.workspace.connected(within=20)
    outcome = await socket_bot.person(ALICE).command("C0SHOP", PUSH)
    assert outcome.acknowledged
