"""At the last vote it is asked again whether it may still happen."""

from datetime import UTC, datetime

import pytest

from local_slack import MemberKind
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Failed
from quaymaster.policy import Membership
from quaymaster.standings import lately
from quaymaster.store import releases
from testing.engines.waiting import until
from testing.keys import WORKER_KEY
from testing.planned import the_change
from tests.bot.conftest import Running, card, deploy_to_approve
from tests.people import ALICE, CAROL, EVE

pytestmark = pytest.mark.engine


async def approve(bot: Running, user: str, operation: Operation) -> None:
    """Press Approve."""
    await bot.person(user).click(await card(bot, operation, "approve"), "approve")


async def voted(bot: Running, user: str, operation: Operation) -> None:
    """Press Approve, and wait until it counts."""
    await approve(bot, user, operation)
    await until(lambda: bot.operation(operation.id).version > operation.version, "the vote")


def mark(bot: Running, operation: Operation) -> None:
    """Somebody rolls back from the digest that waits for votes."""
    change = the_change(operation.plan)
    (command,) = releases.mark_bad(
        change.service_ref, change.digest, 7, datetime.now(UTC), WORKER_KEY
    )
    bot.connection.hset(str(command[1]), str(command[2]), str(command[3]))


async def test_what_was_rolled_back_since_is_refused_with_its_last_vote(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    await voted(bot, EVE, operation)
    mark(bot, operation)
    await approve(bot, CAROL, operation)
    await bot.person(CAROL).sees("was rolled back from production/web")
    ended = bot.operation(operation.id)
    assert ended.state is State.REFUSED
    assert isinstance(ended.outcome, Failed)
    assert bot.jobs("host:app1") == []


@pytest.mark.parametrize(
    ("user", "words"), [(EVE, "Only 1 of 2 approvals still count"), (ALICE, "The requester")]
)
async def test_who_was_deactivated_since_is_noticed_at_the_last_vote(
    bot: Running, user: str, words: str
) -> None:
    operation = deploy_to_approve(bot)
    await voted(bot, EVE, operation)
    await bot.workspace.set_membership(user, MemberKind.DEACTIVATED.value)
    await approve(bot, CAROL, operation)
    told = await bot.person(CAROL).sees(words)
    assert "not a full member of this workspace (deactivated)" in told.words
    ended = bot.operation(operation.id)
    assert ended.state is State.REFUSED
    standings = {one.value.user: one.value.standing for one in ended.standings}
    assert standings[user] is Membership.DEACTIVATED


async def test_in_a_freeze_the_last_vote_is_not_counted_and_can_be_given_later(
    bot: Running,
) -> None:
    operation = deploy_to_approve(bot, needed=1, environment="frozen")
    await approve(bot, EVE, operation)
    told = await bot.person(EVE).sees("frozen is frozen")
    assert "Your vote was not counted" in told.words
    waiting = bot.operation(operation.id)
    assert (waiting.state, waiting.votes) == (State.AWAITING_APPROVAL, ())


async def test_with_the_last_vote_everybody_was_looked_up_just_now(bot: Running) -> None:
    operation = deploy_to_approve(bot)
    await voted(bot, EVE, operation)
    assert {one.value.user for one in bot.operation(operation.id).standings} == {EVE}
    await approve(bot, CAROL, operation)
    await until(lambda: bot.operation(operation.id).state is State.QUEUED, "the work")
    known = lately(bot.operation(operation.id).standings, datetime.now(UTC))
    assert known.keys() == {ALICE, EVE, CAROL}
    assert known[CAROL].groups == {"SAZ94GDB8"}
