"""Answered and once: G1 and G2 of every command."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local_slack import Fault, FaultKind
from quaymaster.actors import SlackUser
from quaymaster.audit.links import read_event
from quaymaster.operations import State
from quaymaster.store import keys
from testing.engines.waiting import until
from testing.keys import BOT_KEY, RING
from tests.bot.bursts import answer, assert_a_burst_is_accepted
from tests.bot.conftest import Running
from tests.people import ALICE, BOB

pytestmark = pytest.mark.engine

PUSH = "push shop/web:1.4 from build1"


async def test_a_command_is_acknowledged_recorded_and_queued(bot: Running) -> None:
    outcome = await bot.person(ALICE).command("C0SHOP", PUSH)
    assert outcome.acknowledged
    (operation,) = bot.operations()
    assert f"Started #{operation.id}: Push shop/web:1.4 from build1." in outcome.words
    await until(lambda: bot.operation(operation.id).state is State.QUEUED, "admission")
    assert bot.jobs("host:build1") == [operation.job_id]
    assert operation.submission.key == BOT_KEY.id
    assert operation.actor == SlackUser("T0SHOP", ALICE)


async def test_the_same_delivery_three_times_is_one_operation_and_one_answer(bot: Running) -> None:
    outcome = await bot.person(ALICE).command("C0SHOP", PUSH, repeat=3)
    assert outcome.acknowledged
    (operation,) = bot.operations()
    answers = {json.dumps(delivery.body) for delivery in outcome.deliveries}
    assert len(answers) == 1
    assert f"#{operation.id}:" in answers.pop()
    await until(lambda: bot.jobs("host:build1"), "the job")
    assert bot.jobs("host:build1") == [operation.job_id]


async def test_a_delivery_that_comes_again_later_is_recognised(bot: Running) -> None:
    await bot.person(ALICE).command("C0SHOP", PUSH)
    outcome = await bot.person(ALICE).command("C0SHOP", PUSH, repeat=2, gap=0.3)
    assert len(bot.operations()) == 2
    assert len({json.dumps(delivery.body) for delivery in outcome.deliveries}) == 1


async def test_who_was_looked_up_a_moment_ago_is_queued_in_the_same_round_trip(
    bot: Running,
) -> None:
    await bot.person(ALICE).command("C0SHOP", PUSH)
    await until(lambda: len(bot.jobs("host:build1")) == 1, "the first job")
    before = len((await bot.workspace.calls("users.info")).calls)
    await bot.person(ALICE).command("C0SHOP", "pull shop/web:1.4 on app1")
    assert bot.jobs("host:app1") == [bot.operations()[-1].job_id]
    assert len((await bot.workspace.calls("users.info")).calls) == before


@pytest.mark.deadline
async def test_fifty_commands_at_once_are_all_acknowledged_and_queued(bot: Running) -> None:
    await assert_a_burst_is_accepted(bot)
    await until(lambda: len(bot.jobs("host:build1")) == 50, "their jobs")


@pytest.mark.deadline
async def test_nothing_slow_is_asked_before_the_acknowledgement(bot: Running) -> None:
    await bot.workspace.fault(Fault(FaultKind.SLOW, delay=60))
    assert (await bot.person(ALICE).command("C0SHOP", PUSH)).acknowledged


@pytest.mark.deadline
@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize(("trouble", "within"), [("down", 1.0), ("frozen", 2.5)])
async def test_without_redis_everybody_gets_a_clear_private_answer_in_time(
    bot: Running, trouble: str, within: float, count: int
) -> None:
    await bot.person(ALICE).command("C0SHOP", PUSH)
    await until(lambda: len(bot.jobs("host:build1")) == 1, "the first job")
    (bot.valkey.kill if trouble == "down" else bot.valkey.freeze)()
    plans = [bot.person(BOB).plan.command("C0SHOP", PUSH) for _ in range(count)]
    outcomes = await bot.workspace.act(*plans)
    for outcome in outcomes:
        assert outcome.acknowledged
        assert outcome.seconds < within
        assert "cannot reach its database, so nothing was started" in answer(outcome)
    if trouble == "down":
        bot.valkey.start()
    else:
        bot.valkey.thaw()
    await _answers_again(bot)
    assert len([one for one in bot.operations() if one.requester == BOB]) == 0
    assert len(bot.jobs("host:build1")) == 1


async def _answers_again(bot: Running) -> None:
    """Until a command of Alice is accepted again."""

    async def is_accepted() -> bool:
        outcome = await bot.person(ALICE).command("C0SHOP", "pull shop/web:1.4 on app1")
        return "Started #" in outcome.words

    await until(is_accepted, "Redis to be used again")
    await until(lambda: bot.jobs("host:app1"), "the job")


async def test_help_and_mistakes_need_no_redis(bot: Running) -> None:
    bot.valkey.kill()
    helped = await bot.person(ALICE).command("C0SHOP", "help deploy")
    assert "/image deploy REF to ENVIRONMENT" in helped.words
    mistaken = await bot.person(ALICE).command("C0SHOP", "pussh shop/web:1.4")
    assert "Did you mean" in mistaken.words
    assert (await bot.person(ALICE).command("C0SHOP", "")).acknowledged


@pytest.mark.parametrize(
    "text",
    [
        "push <!channel>",
        "push `*_~<@U0BOB>`",
        "x" * 10_000,
        "push \u202eshop/web:1.4",
        "push \x00\x07\x1b[31m",
        "💥" * 300,
        "deploy 'never closed",
        "approve 99999999999999999999999999",
        "cancel -1",
        "push &lt;script&gt; from build1",
    ],
)
async def test_hostile_text_is_answered_privately_and_pings_nobody(bot: Running, text: str) -> None:
    outcome = await bot.person(ALICE).command("C0SHOP", text, raw=True)
    assert outcome.acknowledged
    body = outcome.deliveries[0].body
    assert isinstance(body, dict)
    assert body["response_type"] == "ephemeral"
    assert "<!" not in body["text"]
    assert "<@" not in body["text"]
    assert bot.operations() == []


async def test_a_mention_takes_the_same_words_once(bot: Running) -> None:
    outcome = await bot.person(ALICE).mention("C0SHOP", "images on build1", repeat=3)
    assert outcome.acknowledged
    (operation,) = bot.operations()
    assert operation.request.verb == "images"
    await until(lambda: bot.jobs("host:build1") == [operation.job_id], "the job")


async def test_a_mistake_in_a_mention_is_told_to_one_person_alone(bot: Running) -> None:
    await bot.person(ALICE).mention("C0SHOP", "pussh shop/web:1.4", repeat=2)
    message = await bot.person(ALICE).sees("is not a command")
    assert message.only_for == ALICE
    messages = await bot.workspace.messages("C0SHOP", user=ALICE)
    assert len([one for one in messages if "is not a command" in one.words]) == 1


async def test_a_refusal_by_policy_is_private_and_in_the_audit(bot: Running) -> None:
    await bot.person(BOB).command("C0SHOP", PUSH)
    await until(lambda: len(bot.jobs("host:build1")) == 1, "Bob to be known")
    outcome = await bot.person(BOB).command("C0SHOP", "rollback production/web")
    assert "Only release-managers can roll back production/web." in outcome.words
    assert len(bot.operations()) == 1

    def noted() -> bool:
        journal: Any = bot.connection.lrange(keys.JOURNAL, 0, -1)
        events = [read_event(one.decode(), RING, datetime.now(UTC)) for one in journal]
        return any(event.what == "refused" and event.actor == BOB for event in events)

    await until(noted, "the refusal in the journal")
