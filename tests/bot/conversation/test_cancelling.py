"""Cancelling: at once, at the next step, or not any more."""

from typing import Any

import pytest

from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended
from quaymaster.store import keys
from quaymaster.store.operation_fields import cancellation_of
from testing.keys import BOT_KEY
from tests.bot.conftest import Running, card, deploy_to_approve
from tests.people import ALICE, BOB, EVE

pytestmark = pytest.mark.engine


def deploy(bot: Running, **changes: Any) -> Operation:
    """A deploy by Alice in some state."""
    return deploy_to_approve(bot, **changes)


@pytest.mark.parametrize("state", [State.QUEUED, State.AWAITING_APPROVAL])
@pytest.mark.parametrize("way", ["button", "text"])
async def test_what_does_not_run_is_cancelled_at_once(bot: Running, state: State, way: str) -> None:
    operation = deploy(bot, state=state)
    if way == "button":
        message = await card(bot, operation, "cancel")
        await bot.person(ALICE).click(message, "cancel")
    else:
        await bot.person(ALICE).command("C0SHOP", f"cancel {operation.id}")
    await bot.person(ALICE).sees("is cancelled")
    after = bot.operation(operation.id)
    assert after.state is State.CANCELLED
    assert isinstance(after.outcome, Ended)
    assert after.outcome.by == ALICE


async def test_a_running_job_is_asked_to_stop_once(bot: Running) -> None:
    operation = deploy(bot, state=State.RUNNING, stage=Stage.APPLY)
    await bot.person(ALICE).command("C0SHOP", f"cancel {operation.id}")
    await bot.person(ALICE).sees("will stop at its next step")
    after = bot.operation(operation.id)
    assert (after.state, after.cancel_asked_by) == (State.RUNNING, ALICE)
    await bot.person(ALICE).command("C0SHOP", f"cancel {operation.id}")
    await bot.person(ALICE).sees("is already stopping")


async def test_who_asked_while_it_ran_may_ask_again_when_it_waits(bot: Running) -> None:
    """As an earlier version may have left it, which let a job go on to its approval."""
    operation = deploy(bot)
    asked = cancellation_of(operation, ALICE, operation.changed_at, BOT_KEY)
    bot.connection.hset(keys.operation(operation.id), "cancel", asked)
    await bot.person(ALICE).command("C0SHOP", f"cancel {operation.id}")
    await bot.person(ALICE).sees("is cancelled")
    assert bot.operation(operation.id).state is State.CANCELLED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": State.BAKING, "stage": Stage.VERIFY}, "is already live"),
        ({"state": State.QUEUED, "stage": Stage.VERIFY}, "is already live"),
        ({"state": State.RUNNING, "stage": Stage.VERIFY}, "/image rollback production/web"),
        ({"state": State.QUEUED, "stage": Stage.RECOVER}, "its job was interrupted"),
        ({"state": State.SUCCEEDED}, "it has ended"),
    ],
)
async def test_too_late_is_said_with_the_reason(
    bot: Running, changes: dict[str, Any], words: str
) -> None:
    operation = deploy(bot, **changes)
    await bot.person(ALICE).command("C0SHOP", f"cancel {operation.id}")
    await bot.person(ALICE).sees(words)
    after = bot.operation(operation.id)
    assert (after.state, after.cancel_asked_by) == (operation.state, None)


async def test_from_the_switch_on_nobody_can_cancel(bot: Running) -> None:
    operation = deploy(bot, state=State.RUNNING, stage=Stage.APPLY)
    bot.connection.hset(keys.operation(operation.id), "past_return", 1)
    await bot.person(ALICE).command("C0SHOP", f"cancel {operation.id}")
    await bot.person(ALICE).sees("it is switching")
    assert bot.operation(operation.id).cancel_asked_by is None


@pytest.mark.parametrize("user", [BOB, EVE, "U0GUEST"])
async def test_others_may_not_cancel(bot: Running, user: str) -> None:
    operation = deploy(bot)
    await bot.person(user).command("C0SHOP", f"cancel {operation.id}")
    message = await bot.workspace.until(lambda one: one.only_for == user)
    assert "can cancel this operation" in message.words or "full members" in message.words
    assert bot.operation(operation.id).state is State.AWAITING_APPROVAL
