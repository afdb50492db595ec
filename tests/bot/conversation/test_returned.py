"""What a worker hands back: people are looked up again, or a new operation is opened."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.conversation.acceptance import Acceptance
from bot.conversation.admission import Admission
from bot.conversation.background import Background
from bot.conversation.identity import Directory
from bot.conversation.metrics import Metrics
from bot.conversation.returned import Returned
from bot.database.database import Database
from local_slack import Fault, FaultKind, MemberKind
from quaymaster.actors import SlackUser
from quaymaster.approvals import Choice, Vote
from quaymaster.configuration.in_use import ConfigurationInUse
from quaymaster.image_ref import ImageRef
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Origin, Stage, State
from quaymaster.outcomes import Ended, Failed
from quaymaster.plans import Resolved
from quaymaster.platforms import Member
from quaymaster.policy import Membership
from quaymaster.requests import DeployRequest
from quaymaster.standings import lately
from quaymaster.store import records
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.transactions import perform
from testing.engines.waiting import until
from testing.keys import BOT as KEYS
from testing.keys import BOT_KEY, WORKER_KEY
from testing.samples import DIGEST, OTHER_DIGEST, WEB, having, image, pinned, plan
from tests.bot.conftest import TEAM, Running, deploy_to_approve, store
from tests.bot.conversation.test_admission import left_behind
from tests.people import ALICE, BOB, CAROL, EVE

pytestmark = pytest.mark.engine

END = Ended("The configuration was changed since the plan was made.", next_step="Ask for it again.")


def returned(bot: Running, **changes: Any) -> Operation:
    """An approved deploy that comes back, as a worker leaves it."""
    waiting = deploy_to_approve(bot)
    now = datetime.now(UTC)
    votes = tuple(Vote(waiting.id, "", user, Choice.APPROVE, now) for user in (EVE, CAROL))
    number = waiting.id + 1_000
    given = {
        "id": number,
        "origin": Origin("C0SHOP", f"returned-{number}"),
        "state": State.RETURNED,
        "stage": Stage.APPLY,
        "attempt": 4,
        "votes": votes,
        **changes,
    }
    return store(bot, having(waiting, **given))


async def test_people_are_looked_up_again_and_the_work_is_queued(bot: Running) -> None:
    operation = returned(bot)
    await until(lambda: bot.operation(operation.id).state is State.QUEUED, "the work")
    after = bot.operation(operation.id)
    assert after.stage is Stage.APPLY
    assert lately(after.standings, datetime.now(UTC)).keys() == {ALICE, EVE, CAROL}
    assert bot.jobs("host:app1") == [after.job_id]


async def test_what_slack_says_now_is_what_the_worker_gets(bot: Running) -> None:
    await bot.workspace.set_membership(EVE, MemberKind.DEACTIVATED.value)
    operation = returned(bot)
    await until(lambda: bot.operation(operation.id).state is State.QUEUED, "the work")
    known = lately(bot.operation(operation.id).standings, datetime.now(UTC))
    assert known[EVE].membership is Membership.DEACTIVATED


async def test_while_slack_does_not_say_it_waits(bot: Running) -> None:
    await bot.workspace.fault(Fault(FaultKind.SERVER_ERROR, "users.info", calls=3))
    operation = returned(bot)
    await until(lambda: bot.operation(operation.id).state is State.QUEUED, "the work")


async def test_what_comes_back_though_everybody_was_looked_up_just_now_does_not_go_round_for_ever(
    bot: Running,
) -> None:
    """A worker whose clock is wrong would hand it back again and again."""
    first = returned(bot)
    await until(lambda: bot.operation(first.id).state is State.QUEUED, "the work")
    queued = bot.operation(first.id)
    running = queued.moved(State.RUNNING, datetime.now(UTC))
    back = running.moved(State.RETURNED, datetime.now(UTC))
    for before, after in ((queued, running), (running, back)):
        perform(bot.connection, records.move(before, after, event_of(after), WORKER_KEY))
    await until(lambda: bot.operation(first.id).state is not State.RETURNED, "an answer")
    ended = bot.operation(first.id)
    assert ended.state is State.FAILED
    assert isinstance(ended.outcome, Failed)
    assert "The clock of the worker for app1 and that of the bot" in ended.outcome.trouble.what


async def test_it_does_not_wait_for_the_look_up_of_somebody_else(bot: Running) -> None:
    await bot.workspace.fault(Fault(FaultKind.SLOW, "users.info", calls=1, delay=60))
    other = left_behind(bot, actor=SlackUser(TEAM, BOB))

    async def is_asked() -> bool:
        return not await bot.workspace.faults()

    await until(is_asked, "the look-up of the other")
    operation = returned(bot)
    await until(lambda: bot.operation(operation.id).state is State.QUEUED, "the work")
    assert bot.operation(other.id).state is State.ACCEPTED


async def test_where_its_environment_is_not_configured_any_more_nothing_is_opened_for_it(
    bot: Running,
) -> None:
    """Bot and worker have read a file without it."""
    request = DeployRequest(image(), "gone", "web")
    operation = returned(bot, outcome=END, request=request, plan=plan(environment="gone"))
    await until(lambda: bot.operation(operation.id).state is State.SUPERSEDED, "the end")
    ended = bot.operation(operation.id)
    assert isinstance(ended.outcome, Ended)
    assert (ended.outcome.why, ended.outcome.next_step) == (
        END.why,
        "There is no environment called “gone”.",
    )
    assert [one for one in bot.operations() if one.origin.delivery.startswith("superseded-")] == []


async def test_a_plan_that_has_to_change_ends_and_a_new_operation_is_opened_for_it(
    bot: Running,
) -> None:
    operation = returned(bot, outcome=END, resolved=Resolved(pinned(DIGEST), 1))
    await until(lambda: bot.operation(operation.id).state is State.SUPERSEDED, "the end")
    ended = bot.operation(operation.id)
    (opened,) = [one for one in bot.operations() if one.origin.delivery.startswith("superseded-")]
    assert isinstance(ended.outcome, Ended)
    assert ended.outcome.why == f"{END.why} #{opened.id} replaces it."
    await until(lambda: bot.operation(opened.id).state is State.QUEUED, "its admission")
    assert opened.actor == operation.actor
    assert opened.request == DeployRequest(ImageRef(WEB, "1.4", DIGEST), "production", "web")
    assert (opened.origin.channel, opened.plan, opened.votes) == ("C0SHOP", None, ())


async def test_the_new_operation_is_about_the_index_that_the_name_meant(bot: Running) -> None:
    """Of its one image alone nobody could tell which index it is of: a mark on that, and its
    release for another platform, would not count.
    """
    member = Member(DIGEST, index=OTHER_DIGEST)
    operation = returned(bot, outcome=END, resolved=Resolved(pinned(), 1, member))
    await until(lambda: bot.operation(operation.id).state is State.SUPERSEDED, "the end")
    (opened,) = [one for one in bot.operations() if one.origin.delivery.startswith("superseded-")]
    assert opened.request == DeployRequest(ImageRef(WEB, "1.4", OTHER_DIGEST), "production", "web")


async def test_for_what_was_opened_so_no_other_one_is_opened(bot: Running) -> None:
    operation = returned(bot, outcome=END, origin=Origin("C0SHOP", "superseded-7"))
    await until(lambda: bot.operation(operation.id).state is State.SUPERSEDED, "the end")
    assert bot.operation(operation.id).outcome == END
    deliveries = [one.origin.delivery for one in bot.operations()]
    assert f"superseded-{operation.id}" not in deliveries


async def test_nothing_is_opened_for_what_somebody_cancelled_meanwhile(bot: Running) -> None:
    operation = returned(bot, outcome=END, state=State.QUEUED)
    seen = replace(operation, state=State.RETURNED)  # as a sweep has just loaded it
    after = operation.moved(State.CANCELLED, datetime.now(UTC), outcome=Ended("", by=ALICE))
    perform(bot.connection, records.move(operation, after, event_of(after), BOT_KEY))
    database = Database(bot.valkey.url_of(RedisUser.BOT))
    client = AsyncWebClient("xoxb-of-nobody")
    directory = Directory(client)
    in_use = ConfigurationInUse(bot.configuration)
    acceptance = Acceptance(database, in_use, KEYS, Metrics())
    background = Background()
    admission = Admission(database, directory, in_use, KEYS, Metrics(), background)
    try:
        await Returned(database, directory, acceptance, admission, KEYS, background)._answer(seen)
    finally:
        await database.close()
    deliveries = [one.origin.delivery for one in bot.operations()]
    assert f"superseded-{operation.id}" not in deliveries
    assert bot.operation(operation.id).state is State.CANCELLED
