"""Votes: about the plan that was shown, signed, counted once, and only of those who may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.views.buttons import Pointer
from local_slack import Fault, FaultKind, Message
from quaymaster.approvals import Approval
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended
from quaymaster.plans import Plan
from quaymaster.store import cards, keys
from quaymaster.store.cards import Posting
from quaymaster.store.transactions import ask, perform
from testing.engines.waiting import until
from testing.keys import BOT_KEY
from testing.planned import the_change, varied
from testing.samples import having, mover, vote
from tests.bot.conftest import Running, card, deploy_to_approve
from tests.people import ALICE, BOB, CAROL, DAVE, EVE
from tests.tampering import altered, as_newer_record

pytestmark = pytest.mark.engine


def approval(bot: Running, operation_id: int) -> Approval:
    """The approval as it is recorded."""
    operation = bot.operation(operation_id).approval
    assert operation is not None
    return operation


async def approve(bot: Running, user: str, operation: Operation, way: str = "button") -> None:
    """Press Approve, or type it."""
    if way == "text":
        await bot.person(user).command("C0SHOP", f"approve {operation.id}")
        return
    message = await card(bot, operation, "approve")
    await bot.person(user).click(message, "approve")


async def plan_for(bot: Running, user: str, operation: Operation) -> Message:
    """What somebody is shown who types that they approve."""
    await approve(bot, user, operation, "text")
    return await bot.workspace.until(lambda one: one.only_for == user and "approve" in one.buttons)


def plan_of(operation: Operation) -> Plan:
    """The plan that is voted on."""
    assert operation.plan is not None
    return operation.plan


def plan_hash(operation: Operation) -> str:
    """The hash that its buttons carry."""
    assert operation.signed_plan is not None
    return operation.signed_plan.digest


async def test_two_approvals_start_one_deploy(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    await approve(bot, CAROL, operation)
    await bot.person(CAROL).sees("needs 1 more approval")
    assert bot.operation(operation.id).state is State.AWAITING_APPROVAL
    await approve(bot, EVE, operation)
    await bot.person(EVE).sees("is starting")
    after = bot.operation(operation.id)
    assert (after.state, after.stage, after.queue) == (State.QUEUED, Stage.APPLY, "host:app1")
    assert bot.jobs("host:app1") == [after.job_id]
    votes = approval(bot, operation.id).signed_votes
    assert {vote.key for vote in votes} == {BOT_KEY.id}
    assert {vote.value.plan for vote in votes} == {plan_hash(operation)}
    assert approval(bot, operation.id).approvers == (CAROL, EVE)


async def test_a_double_click_counts_once(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    click = bot.person(CAROL).plan.click(message, "approve")
    outcomes = await bot.workspace.act(click, click)
    assert all(outcome.acknowledged for outcome in outcomes)
    await bot.person(CAROL).sees("needs 1 more approval")
    await bot.person(CAROL).sees("You already ")
    assert approval(bot, operation.id).approvers == (CAROL,)


async def test_two_people_at_the_same_moment_both_count_and_start_one_deploy(
    bot: Running,
) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    clicks = [bot.person(user).plan.click(message, "approve") for user in (CAROL, EVE, CAROL, EVE)]
    await bot.workspace.act(*clicks)
    await until(lambda: bot.jobs("host:app1"), "the deploy")
    await bot.person(CAROL).sees("You already ")
    await bot.person(EVE).sees("You already ")
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
    await bot.person(CAROL).sees("needs 1 more approval")
    messages = await bot.workspace.messages("C0SHOP", user=CAROL)
    assert not [one for one in messages if "You already " in one.words]


async def test_who_approved_and_rejects_is_told_what_is_left_to_do(bot: Running) -> None:
    for requester, may_cancel in ((EVE, True), (ALICE, False)):
        operation = deploy_to_approve(bot, requester=requester, votes=(vote(EVE),))
        await bot.person(EVE).command("C0SHOP", f"reject {operation.id}")
        told = await bot.person(EVE).sees(f"You already approved #{operation.id} (Deploy")
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
    told = await bot.workspace.until(lambda one: one.only_for == user)
    assert "can vote on a deploy" in told.words or "full members" in told.words
    assert approval(bot, operation.id).votes == ()


@pytest.mark.parametrize("way", ["button", "text"])
@pytest.mark.parametrize(
    ("user", "words"), [("U0GUEST", "full members"), (BOB, "can vote on a deploy")]
)
async def test_how_an_operation_stands_is_not_told_to_who_may_not_vote(
    bot: Running, user: str, words: str, way: str
) -> None:
    operation = deploy_to_approve(bot, state=State.FAILED)
    await approve(bot, user, operation, way)
    told = await bot.person(user).sees(words)
    assert "failed" not in told.words


async def test_a_guest_does_not_learn_which_operations_there_are(bot: Running) -> None:
    for verb in ("approve", "reject", "cancel"):
        await bot.person("U0GUEST").command("C0SHOP", f"{verb} 4711")
        await bot.person("U0GUEST").sees("full members")
    messages = await bot.workspace.messages("C0SHOP", user="U0GUEST")
    assert not [one for one in messages if "no operation" in one.words]


async def test_a_role_is_looked_up_again_at_the_click(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    await bot.person(CAROL).command("C0SHOP", "status")
    await bot.person(CAROL).sees("nothing released yet")
    await bot.workspace.set_membership(CAROL, "guest")
    message = await card(bot, operation, "approve")
    await bot.person(CAROL).click(message, "approve")
    await bot.person(CAROL).sees("full members")
    assert approval(bot, operation.id).votes == ()


@pytest.mark.parametrize("is_known", [False, True])
async def test_a_look_up_that_fails_refuses_the_vote_and_says_so(
    bot: Running, is_known: bool
) -> None:
    operation = deploy_to_approve(bot)
    if is_known:
        await bot.person(EVE).command("C0SHOP", "status")
        await bot.person(EVE).sees("nothing released yet")
    await bot.workspace.fault(Fault(FaultKind.SERVER_ERROR, "users.info"))
    message = await card(bot, operation, "approve")
    await bot.person(EVE).click(message, "approve")
    await bot.person(EVE).sees("could not find out who you are")
    assert approval(bot, operation.id).votes == ()


async def test_a_late_vote_is_refused_and_the_approval_expires(bot: Running) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    genuine = approval(bot, deploy_to_approve(bot).id).rule
    late = deploy_to_approve(bot, rule=replace(genuine, expires_at=past))
    await approve(bot, EVE, late, "text")
    await bot.person(EVE).sees("has expired")
    await approve(bot, CAROL, late)
    await bot.person(CAROL).sees("has expired")
    assert bot.operation(late.id).state is State.EXPIRED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": State.SUPERSEDED, "outcome": Ended("#1050 replaces it.")}, "#1050 replaces"),
        ({"state": State.RUNNING, "plan": None}, "no plan to vote on yet"),
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
    operation = having(deploy_to_approve(bot), id=4711)
    message = await card(bot, operation, "approve")
    await bot.person(EVE).click(message, "approve")
    await bot.person(EVE).sees("There is no operation #4711")


@pytest.mark.parametrize("way", ["button", "text"])
async def test_nobody_can_approve_a_plan_that_was_changed_in_redis(bot: Running, way: str) -> None:
    operation = deploy_to_approve(bot)
    where = keys.operation(operation.id)
    plan: Any = bot.connection.hget(where, "plan")
    bot.connection.hset(where, "plan", plan.replace(b"a1a1a1", b"a2a2a2"))
    await approve(bot, EVE, operation, way)
    await bot.person(EVE).sees("its signature does not fit")
    assert bot.connection.hmget(where, "state", "votes") == [b"awaiting_approval", None]


@pytest.mark.parametrize("way", ["button", "text"])
@pytest.mark.parametrize(
    "changes", [{"needed": 1}, {"own_request_counts": True}, {"requester": "U0SOMEBODY"}]
)
async def test_nobody_can_approve_by_a_rule_that_is_not_configured(
    bot: Running, changes: dict[str, object], way: str
) -> None:
    """A worker that was taken over signs plans with whatever rule."""
    genuine = approval(bot, deploy_to_approve(bot).id).rule
    forged = deploy_to_approve(bot, rule=replace(genuine, **changes))  # type: ignore[arg-type]
    await approve(bot, EVE, forged, way)
    await bot.person(EVE).sees("do not match")
    assert approval(bot, forged.id).votes == ()
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
    await bot.person(EVE).sees("something other than Quaymaster wrote it")


async def test_without_redis_a_vote_is_answered_too(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    bot.valkey.kill()
    outcome = await bot.person(EVE).click(message, "approve")
    assert outcome.acknowledged
    await bot.person(EVE).sees("cannot reach its database")


@pytest.mark.deadline
async def test_a_click_is_acknowledged_before_anything_slow_is_asked(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    message = await card(bot, operation, "approve")
    await bot.workspace.fault(Fault(FaultKind.SLOW, delay=2.0))
    outcome = await bot.person(EVE).click(message, "approve")
    assert outcome.acknowledged
    assert outcome.seconds < 1.0


@pytest.mark.parametrize("way", ["button", "text"])
async def test_nobody_can_approve_a_plan_of_another_configuration(bot: Running, way: str) -> None:
    operation = deploy_to_approve(bot, configuration_revision="another")
    await approve(bot, EVE, operation, way)
    await bot.person(EVE).sees("configuration of production changed since")
    assert approval(bot, operation.id).votes == ()


class TestAButton:
    @pytest.mark.parametrize("choice", ["approve", "reject"])
    async def test_of_another_plan_does_not_vote_and_the_card_is_drawn_again(
        self, bot: Running, choice: str
    ) -> None:
        operation = deploy_to_approve(bot)
        shown = Posting("C0SHOP", "1.000001", "what it shows", 1.0)
        perform(bot.connection, cards.note_posting(operation.subject, "card", shown))
        old = having(operation, plan=varied(plan_of(operation), turn=6))
        assert plan_hash(old) != plan_hash(operation)
        await bot.person(EVE).click(await card(bot, old, choice), choice)
        told = await bot.person(EVE).sees("The plan has changed since this card was posted")
        assert "your vote was not counted" in told.words
        assert approval(bot, operation.id).votes == ()
        assert bot.operation(operation.id).state is State.AWAITING_APPROVAL
        assert bot.connection.hget(keys.operation(operation.id), "revision") == b"2"
        assert list(ask(bot.connection, cards.stale(9)).subjects) == [operation.subject]
        noted = ask(bot.connection, cards.postings(operation.subject))["card"]
        assert noted == replace(shown, shows="")

    @pytest.mark.parametrize("plan", ["0" * 64, "f" * 64])
    async def test_of_a_plan_that_never_was_does_not_vote(self, bot: Running, plan: str) -> None:
        operation = deploy_to_approve(bot)
        message = await card(bot, operation, "approve", pointer=Pointer(operation.subject, plan))
        await bot.person(EVE).click(message, "approve")
        await bot.person(EVE).sees("your vote was not counted")
        assert approval(bot, operation.id).votes == ()

    async def test_of_before_there_were_hashes_shows_the_plan_and_does_not_vote(
        self, bot: Running
    ) -> None:
        operation = deploy_to_approve(bot)
        message = await card(bot, operation, "approve", pointer=Pointer(operation.subject))
        await bot.person(EVE).click(message, "approve")
        shown = await bot.workspace.until(
            lambda one: one.only_for == EVE and "approve" in one.buttons
        )
        assert approval(bot, operation.id).votes == ()
        await bot.person(EVE).click(shown, "approve")
        await bot.person(EVE).sees("needs 1 more approval")
        assert approval(bot, operation.id).approvers == (EVE,)


class TestTyped:
    async def test_approve_shows_the_plan_to_who_typed_it_and_does_not_vote(
        self, bot: Running
    ) -> None:
        operation = deploy_to_approve(bot)
        shown = await plan_for(bot, EVE, operation)
        assert f"#{operation.id}" in shown.text
        assert the_change(operation.plan).digest.short in shown.words
        assert approval(bot, operation.id).votes == ()

    @pytest.mark.parametrize(
        ("choice", "words", "state"),
        [
            ("approve", "needs 1 more approval", State.AWAITING_APPROVAL),
            ("reject", "You rejected", State.REJECTED),
        ],
    )
    async def test_approve_brings_buttons_that_vote(
        self, bot: Running, choice: str, words: str, state: State
    ) -> None:
        operation = deploy_to_approve(bot)
        shown = await plan_for(bot, EVE, operation)
        await bot.person(EVE).click(shown, choice)
        await bot.person(EVE).sees(words)
        assert bot.operation(operation.id).state is state
        (vote,) = approval(bot, operation.id).votes
        assert (vote.voter, vote.choice, vote.plan) == (EVE, choice, plan_hash(operation))

    @pytest.mark.parametrize("user", [BOB, "U0GUEST", "U0GONE", "U0STRANGER"])
    async def test_approve_shows_no_plan_to_who_may_not_vote(self, bot: Running, user: str) -> None:
        operation = deploy_to_approve(bot)
        await approve(bot, user, operation, "text")
        message = await bot.workspace.until(lambda one: one.only_for == user)
        assert "can vote on a deploy" in message.words or "full members" in message.words
        assert the_change(operation.plan).digest.short not in message.words
        assert message.buttons == ()

    async def test_approve_after_one_has_voted_says_so(self, bot: Running) -> None:
        operation = deploy_to_approve(bot, votes=(vote(EVE),))
        await approve(bot, EVE, operation, "text")
        told = await bot.person(EVE).sees("You already ")
        assert told.buttons == ()


class TestARecord:
    @pytest.mark.parametrize("way", ["button", "text"])
    async def test_that_is_forged_takes_no_vote_and_says_so(self, bot: Running, way: str) -> None:
        operation = deploy_to_approve(bot)
        where = keys.operation(operation.id)
        forged = altered(bot.connection.hget(where, "record"))
        bot.connection.hset(where, "record", forged)
        await approve(bot, EVE, operation, way)
        told = await bot.person(EVE).sees("its signature does not fit")
        assert "by something other than Quaymaster" in told.words
        assert bot.connection.hmget(where, "record", "votes") == [forged, None]

    @pytest.mark.parametrize("way", ["button", "text"])
    async def test_of_a_newer_quaymaster_takes_no_vote_and_is_not_called_forged(
        self, bot: Running, way: str
    ) -> None:
        operation = deploy_to_approve(bot)
        where = keys.operation(operation.id)
        genuine: Any = bot.connection.hget(where, "record")
        newer = as_newer_record(genuine, operation.id, mover(operation))
        bot.connection.hset(where, "record", newer)
        await approve(bot, EVE, operation, way)
        told = await bot.person(EVE).sees("was written by a newer Quaymaster")
        assert "is ignored" not in told.words
        assert bot.connection.hmget(where, "record", "votes") == [newer.encode(), None]
