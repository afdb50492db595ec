"""Nobody silences anybody: Slack answers so often a minute, and everybody shares that."""

from functools import partial

import pytest

from bot.conversation.allowance import BURST, DECISIONS
from local_slack import LocalSlack
from quaymaster.operations import Operation, State
from testing.engines.waiting import until
from tests.bot.bursts import PUSH, answer
from tests.bot.conftest import Running, card, deploy_to_approve
from tests.people import ALICE, BOB, CAROL, EVE

pytestmark = pytest.mark.engine

GROUPS = "usergroups.users.list"


async def calls(slack: LocalSlack, method: str) -> int:
    async with slack.workspace() as workspace:
        return len((await workspace.calls(method)).calls)


async def is_answered(bot: Running, times: int) -> bool:
    """Whether Bob was told so often that he may not."""
    messages = await bot.workspace.messages("C0SHOP", user=BOB)
    return len([one for one in messages if one.only_for == BOB]) >= times


@pytest.mark.parametrize("verb", ["approve", "reject", "cancel"])
async def test_who_may_not_decide_keeps_nobody_from_deciding(bot: Running, verb: str) -> None:
    """Slack lists the members of a group twenty times a minute, and no more often."""
    operation = deploy_to_approve(bot)
    before = await calls(bot.slack, GROUPS)
    looked_up = await calls(bot.slack, "users.info")
    for number in range(25):
        await bot.person(BOB).command("C0SHOP", f"{verb} {operation.id}")
        await until(partial(is_answered, bot, number + 1), "the answer")
    assert await calls(bot.slack, "users.info") - looked_up <= DECISIONS + 6
    message = await card(bot, operation, "approve")
    await bot.person(CAROL).click(message, "approve")
    await bot.person(CAROL).sees("needs 1 more approval")
    assert await calls(bot.slack, GROUPS) - before <= 3


@pytest.mark.parametrize("verb", ["reject", "cancel"])
async def test_a_refusal_rests_on_nothing_old(bot: Running, verb: str) -> None:
    """Somebody who was a guest until a moment ago, and asked too soon."""
    operation = deploy_to_approve(bot, requester=CAROL)
    await bot.workspace.set_membership(CAROL, "guest")
    await bot.person(CAROL).command("C0SHOP", f"{verb} {operation.id}")
    await bot.person(CAROL).sees("full members")
    await bot.workspace.set_membership(CAROL, "full")
    await bot.person(CAROL).command("C0SHOP", f"{verb} {operation.id}")
    await bot.person(CAROL).sees("Nothing was changed")


async def test_who_clicks_again_and_again_asks_slack_once(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    await bot.person(CAROL).click(message, "approve")
    await bot.person(CAROL).sees("needs 1 more approval")
    before = await calls(bot.slack, "users.info")
    click = bot.person(CAROL).plan.click(message, "approve")
    await bot.workspace.act(*[click] * 20)
    await bot.person(CAROL).sees("You already ")
    assert await calls(bot.slack, "users.info") == before


async def test_what_one_person_sends_too_fast_is_refused_privately_and_nobody_elses_is(
    bot: Running,
) -> None:
    plan = bot.person(ALICE).plan.command("C0SHOP", PUSH)
    outcomes = await bot.workspace.act(*[plan] * (BURST + 10))
    assert all(one.acknowledged for one in outcomes)
    refused = [one for one in outcomes if "Too many requests at once" in answer(one)]
    assert 1 <= len(refused) <= 10
    assert all("was not accepted" in answer(one) for one in refused)
    assert len(bot.operations()) == BURST + 10 - len(refused)
    other = await bot.person(BOB).command("C0SHOP", PUSH)
    assert "Started #" in answer(other)


async def test_too_many_clicks_are_refused_once(bot: Running) -> None:
    operation = deploy_to_approve(bot, state=State.AWAITING_APPROVAL)
    message = await card(bot, operation, "approve")
    click = bot.person(EVE).plan.click(message, "approve")
    outcomes = await bot.workspace.act(*[click] * (BURST + 10))
    assert all(one.acknowledged for one in outcomes)
    await bot.person(EVE).sees("was not accepted")
    messages = await bot.workspace.messages("C0SHOP", user=EVE)
    assert len([one for one in messages if "was not accepted" in one.words]) == 1


async def test_who_decides_very_often_is_refused_and_others_are_not(bot: Running) -> None:
    waiting = [deploy_to_approve(bot) for _ in range(DECISIONS + 2)]
    carol = bot.person(CAROL)
    await bot.workspace.act(*[carol.plan.command("C0SHOP", f"reject {one.id}") for one in waiting])

    def left() -> list[Operation]:
        states = [bot.operation(one.id) for one in waiting]
        return [one for one in states if one.state is State.AWAITING_APPROVAL]

    async def all_are_answered() -> bool:
        messages = await bot.workspace.messages("C0SHOP", user=CAROL)
        refused = [one for one in messages if "Too many votes and cancels" in one.words]
        return len(refused) == len(left()) > 0

    await until(all_are_answered, "every answer", within=30)
    await bot.person(EVE).command("C0SHOP", f"reject {left()[-1].id}")
    await bot.person(EVE).sees("Nothing was changed")
