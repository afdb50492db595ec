"""Votes: by button and by text the same, sealed, counted once, and only of those who may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_slack import Fault, FaultKind
from quaymaster.approvals import Approval
from quaymaster.operations import Stage, State
from quaymaster.outcomes import Ended
from quaymaster.store import keys
from tests.bot.conftest import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    EVE,
    Running,
    card,
    deploy_to_approve,
    until,
)
from tests.samples import SEALER, vote

pytestmark = pytest.mark.engine


def approval(bot: Running, operation_id: int) -> Approval:
    """The approval as it is recorded."""
    found = bot.operation(operation_id).approval
    assert found is not None
    return found


async def test_two_approvals_by_text_start_one_deploy(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    await bot.person(CAROL).command("C0SHOP", f"approve {operation.id}")
    await bot.person(CAROL).sees("1 more approval is needed")
    assert bot.operation(operation.id).state is State.AWAITING_APPROVAL
    await bot.person(EVE).command("C0SHOP", f"approve {operation.id}")
    await bot.person(EVE).sees("It is complete")
    after = bot.operation(operation.id)
    assert (after.state, after.stage, after.queue) == (State.QUEUED, Stage.APPLY, "host:app1")
    assert bot.jobs("host:app1") == [after.job_id]
    approval(bot, operation.id).check_seals(SEALER, operation.id)
    assert approval(bot, operation.id).approvers == (CAROL, EVE)


async def test_a_double_click_counts_once(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    click = bot.person(CAROL).plan.click(message, "approve")
    outcomes = await bot.workspace.act(click, click)
    assert all(outcome.acknowledged for outcome in outcomes)
    await bot.person(CAROL).sees("1 more approval is needed")
    await bot.person(CAROL).sees("You have voted already")
    assert approval(bot, operation.id).approvers == (CAROL,)


async def test_two_people_at_the_same_moment_both_count_and_start_one_deploy(
    bot: Running,
) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    clicks = [bot.person(user).plan.click(message, "approve") for user in (CAROL, EVE, CAROL, EVE)]
    await bot.workspace.act(*clicks)
    await until(lambda: bot.jobs("host:app1"), "the deploy")
    await bot.person(CAROL).sees("You have voted already")
    await bot.person(EVE).sees("You have voted already")
    assert len(bot.jobs("host:app1")) == 1
    assert set(approval(bot, operation.id).approvers) == {CAROL, EVE}


async def test_where_one_is_needed_two_people_at_the_same_moment_start_one_deploy(
    bot: Running,
) -> None:
    operation = deploy_to_approve(bot, needed=1, environment="staging")
    message = await card(bot, operation, "approve")
    clicks = [bot.person(user).plan.click(message, "approve") for user in (CAROL, EVE, DAVE)]
    await bot.workspace.act(*clicks)
    await until(lambda: bot.jobs("host:app1"), "the deploy")
    for _ in range(2):
        await bot.workspace.until(lambda one: "nothing to vote on" in one.words)
    assert len(bot.jobs("host:app1")) == 1
    assert len(approval(bot, operation.id).approvers) == 1


async def test_the_same_click_delivered_again_is_answered_once(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    await bot.person(CAROL).click(message, "approve", repeat=3)
    await bot.person(CAROL).sees("1 more approval is needed")
    seen = await bot.workspace.messages("C0SHOP", user=CAROL)
    assert not [one for one in seen if "voted already" in one.words]


async def test_who_approved_and_rejects_is_told_what_is_left_to_do(bot: Running) -> None:
    rule = approval(bot, deploy_to_approve(bot).id)
    voted = replace(rule, votes=(vote(EVE),))
    for requester, may_cancel in ((EVE, True), (ALICE, False)):
        operation = deploy_to_approve(bot, requester=requester, approval=voted)
        await bot.person(EVE).command("C0SHOP", f"reject {operation.id}")
        told = await bot.person(EVE).sees(f"you approved #{operation.id} (Deploy")
        assert (f"/image cancel {operation.id}" in told.words) is may_cancel


@pytest.mark.parametrize("way", ["button", "text"])
async def test_one_rejection_ends_it(bot: Running, way: str) -> None:
    operation = deploy_to_approve(bot)
    if way == "button":
        message = await card(bot, operation, "reject")
        await bot.person(EVE).click(message, "reject")
    else:
        await bot.person(EVE).command("C0SHOP", f"reject {operation.id}")
    await bot.person(EVE).sees("You rejected")
    after = bot.operation(operation.id)
    assert after.state is State.REJECTED
    assert isinstance(after.outcome, Ended)
    assert after.outcome.by == EVE
    assert bot.jobs("host:app1") == []


async def test_the_requester_may_withdraw_but_not_approve(bot: Running) -> None:
    operation = deploy_to_approve(bot, requester=EVE)
    await bot.person(EVE).command("C0SHOP", f"approve {operation.id}")
    await bot.person(EVE).sees("your own approval does not count")
    await bot.person(EVE).command("C0SHOP", f"reject {operation.id}")
    await bot.person(EVE).sees("You withdrew")
    assert bot.operation(operation.id).state is State.REJECTED


@pytest.mark.parametrize("user", [BOB, "U0GUEST", "U0GONE", "U0OTHERBOT", "U0STRANGER"])
@pytest.mark.parametrize("choice", ["approve", "reject"])
async def test_the_vote_of_who_may_not_is_refused(bot: Running, user: str, choice: str) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, choice)
    outcome = await bot.person(user).click(message, choice)
    assert outcome.acknowledged
    told = await bot.workspace.until(lambda one: one.only_for == user, within=10)
    assert "You cannot vote" in told.words or "full members" in told.words
    assert approval(bot, operation.id).votes == ()


@pytest.mark.parametrize(("user", "words"), [("U0GUEST", "full members"), (BOB, "cannot vote")])
async def test_how_an_operation_stands_is_not_told_to_who_may_not_vote(
    bot: Running, user: str, words: str
) -> None:
    operation = deploy_to_approve(bot, state=State.FAILED)
    await bot.person(user).command("C0SHOP", f"approve {operation.id}")
    told = await bot.person(user).sees(words)
    assert "failed" not in told.words


async def test_a_guest_does_not_learn_which_operations_there_are(bot: Running) -> None:
    for verb in ("approve", "reject", "cancel"):
        await bot.person("U0GUEST").command("C0SHOP", f"{verb} 4711")
        await bot.person("U0GUEST").sees("full members")
    seen = await bot.workspace.messages("C0SHOP", user="U0GUEST")
    assert not [one for one in seen if "no operation" in one.words]


async def test_a_role_is_looked_up_again_at_the_click(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    await bot.person(CAROL).command("C0SHOP", "status")
    await bot.person(CAROL).sees("nothing released yet")
    await bot.workspace.set_membership(CAROL, "guest")
    message = await card(bot, operation, "approve")
    await bot.person(CAROL).click(message, "approve")
    await bot.person(CAROL).sees("full members")
    assert approval(bot, operation.id).votes == ()


async def test_a_look_up_that_fails_refuses_the_vote_and_says_so(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    await bot.workspace.fault(Fault(FaultKind.SERVER_ERROR, "users.info"))
    message = await card(bot, operation, "approve")
    await bot.person(EVE).click(message, "approve")
    await bot.person(EVE).sees("could not find out who you are")
    assert approval(bot, operation.id).votes == ()


async def test_a_late_vote_is_refused_and_the_approval_expires(bot: Running) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    operation = deploy_to_approve(bot)
    stored = bot.operation(operation.id)
    assert stored.approval is not None
    late = deploy_to_approve(bot, approval=replace(stored.approval, expires_at=past))
    await bot.person(EVE).command("C0SHOP", f"approve {late.id}")
    await bot.person(EVE).sees("has expired")
    assert bot.operation(late.id).state is State.EXPIRED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": State.SUPERSEDED}, "a new operation was opened"),
        ({"state": State.RUNNING, "approval": None}, "no plan to vote on yet"),
        ({"state": State.SUCCEEDED}, "has succeeded"),
        ({"state": State.EXPIRED}, "has expired"),
    ],
)
async def test_an_old_button_says_why_it_no_longer_counts(
    bot: Running, changes: dict[str, object], words: str
) -> None:
    operation = deploy_to_approve(bot, **changes)  # type: ignore[arg-type]
    message = await card(bot, operation, "approve")
    await bot.person(EVE).click(message, "approve")
    await bot.person(EVE).sees(words)


async def test_a_button_of_an_operation_that_is_not_there_says_so(bot: Running) -> None:
    operation = replace(deploy_to_approve(bot), id=4711)
    message = await card(bot, operation, "approve")
    await bot.person(EVE).click(message, "approve")
    await bot.person(EVE).sees("There is no operation #4711")


async def test_nobody_can_approve_a_plan_that_was_changed_in_redis(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    key = keys.operation(operation.id)
    record: Any = bot.connection.hget(key, "record")
    bot.connection.hset(key, "record", record.replace(b"a1a1a1", b"a2a2a2"))
    await bot.person(EVE).command("C0SHOP", f"approve {operation.id}")
    await bot.person(EVE).sees("does not carry a valid seal")
    assert bot.operation(operation.id).state is State.AWAITING_APPROVAL


@pytest.mark.parametrize(
    "rule", [{"needed": 1}, {"own_request_counts": True}, {"requester": "U0SOMEBODY"}]
)
async def test_nobody_can_approve_by_a_rule_that_was_changed_in_redis(
    bot: Running, rule: dict[str, object]
) -> None:
    operation = deploy_to_approve(bot)
    assert operation.approval is not None
    changed = replace(operation.approval, **rule)  # type: ignore[arg-type]
    forged = deploy_to_approve(bot, approval=changed)
    await bot.person(EVE).command("C0SHOP", f"approve {forged.id}")
    await bot.person(EVE).sees("belong")
    assert bot.operation(forged.id).state is State.AWAITING_APPROVAL


async def test_what_needs_no_approval_cannot_be_voted_on(bot: Running) -> None:
    await bot.person(ALICE).command("C0SHOP", "push shop/web:1.4 from build1")
    (operation,) = bot.operations()
    await bot.person(EVE).command("C0SHOP", f"approve {operation.id}")
    await bot.person(EVE).sees("nothing to vote on")


async def test_a_record_that_cannot_be_read_is_said_to_be_forged(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    bot.connection.hset(keys.operation(operation.id), "record", "{")
    message = await card(bot, operation, "approve")
    await bot.person(EVE).click(message, "approve")
    await bot.person(EVE).sees("Something other than Quaymaster wrote to its database")


async def test_without_redis_a_vote_is_answered_too(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    bot.valkey.kill()
    outcome = await bot.person(EVE).click(message, "approve")
    assert outcome.acknowledged
    await bot.person(EVE).sees("cannot reach its database")


async def test_a_click_is_acknowledged_before_anything_slow_is_asked(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    await bot.workspace.fault(Fault(FaultKind.SLOW, delay=2.0))
    outcome = await bot.person(EVE).click(message, "approve")
    assert outcome.acknowledged
    assert outcome.seconds < 1.0


async def test_nobody_can_approve_a_plan_of_another_configuration(bot: Running) -> None:
    operation = deploy_to_approve(bot, configuration_revision="another")
    await bot.person(EVE).command("C0SHOP", f"approve {operation.id}")
    await bot.person(EVE).sees("configuration was changed since")
    assert approval(bot, operation.id).votes == ()
