"""The Home tab: drawn when it is opened, and as good a place for a vote as the card."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.conversation.home import waits_for
from local_slack import Fault, FaultKind
from local_slack.blocks import texts
from quaymaster.approvals import ApprovalRule, Vote
from quaymaster.operations import State
from quaymaster.policy import Membership, Person
from quaymaster.releases import Release
from quaymaster.requests import PushRequest
from quaymaster.store import releases
from quaymaster.store.transactions import Transaction, perform
from testing import samples
from testing.configurations import SHOP
from testing.engines.waiting import until
from testing.keys import WORKER_KEY
from testing.planned import the_change
from tests.bot.conftest import TEAM, Running, card, deploy_to_approve
from tests.people import ALICE, BOB, CAROL, DAVE, EVE

NOW = samples.NOW
RITA = Person("U0RITA", TEAM)
PUBLISH = "views.publish"


async def home(bot: Running, user: str) -> dict[str, Any]:
    """The Home tab that somebody sees; nothing where none was published yet."""
    return next(iter(await bot.person(user).views()), {})


async def words(bot: Running, user: str) -> str:
    """What somebody reads on their Home tab."""
    return "\n".join(texts((await home(bot, user)).get("blocks", [])))


async def shows(bot: Running, user: str, text: str) -> str:
    """What somebody reads on their Home tab, as soon as this is in it."""

    async def is_shown() -> bool:
        return text in await words(bot, user)

    await until(is_shown, f"{text!r} on the Home tab of {user}")
    return await words(bot, user)


def awaiting(**changes: Any) -> Any:
    votes = changes.pop("votes", ())
    rule = ApprovalRule(2, NOW + timedelta(hours=1), "U0ALICE", ("release-managers",))
    return samples.awaiting(plan=samples.plan(rule=replace(rule, **changes)), votes=votes)


def record_release(bot: Running) -> None:
    """Release 1.3 to production, as a worker does."""
    release = Release(
        id=7,
        environment="production",
        service="web",
        image=samples.pinned(tag="1.3"),
        workload=the_change(samples.plan()).workload,
        released_by=ALICE,
        approved_by=(),
        released_at=datetime.now(UTC),
        turn=7,
    )
    done = Transaction(
        releases.record(release, WORKER_KEY), done=lambda _: None, refused=lambda _: None
    )
    perform(bot.connection, done)


def vote(voter: str) -> Vote:
    return samples.vote(voter)


def test_an_approval_waits_for_who_may_give_it() -> None:
    assert waits_for(RITA, awaiting(), SHOP, NOW)
    assert waits_for(RITA, awaiting(votes=(vote("U0RAJ"),)), SHOP, NOW)
    in_the_group = Person("U0SAM", TEAM, frozenset({"S0RELEASE"}))
    assert waits_for(in_the_group, awaiting(), SHOP, NOW)


@pytest.mark.parametrize(
    ("person", "changes"),
    [
        (Person("U0BOB", TEAM), {}),
        (Person("U0RITA", TEAM, membership=Membership.GUEST), {}),
        (RITA, {"votes": (vote("U0RITA"),)}),
        (RITA, {"requester": "U0RITA"}),
        (RITA, {"expires_at": NOW}),
    ],
    ids=["has-no-role", "guest", "has-voted", "own-request", "expired"],
)
def test_an_approval_does_not_wait_for_others(person: Person, changes: dict[str, Any]) -> None:
    assert not waits_for(person, awaiting(**changes), SHOP, NOW)


def test_an_own_request_waits_where_the_own_approval_counts() -> None:
    own = awaiting(requester="U0RITA", own_request_counts=True)
    assert waits_for(RITA, own, SHOP, NOW)


def test_what_is_decided_or_needs_no_vote_or_is_of_no_service_waits_for_nobody() -> None:
    assert not waits_for(RITA, replace(awaiting(), state=State.QUEUED), SHOP, NOW)
    assert not waits_for(RITA, samples.awaiting(plan=samples.plan(rule=None)), SHOP, NOW)
    push = samples.having(awaiting(), request=PushRequest(samples.image(), "build1"))
    assert not waits_for(RITA, push, SHOP, NOW)
    gone = awaiting()
    gone = samples.having(gone, request=replace(gone.request, service="gone"))
    assert not waits_for(RITA, gone, SHOP, NOW)


@pytest.mark.engine
class TestOpened:
    async def test_it_shows_what_waits_what_runs_and_what_is_under_way(self, bot: Running) -> None:
        record_release(bot)
        operation = deploy_to_approve(bot)
        outcome = await bot.person(EVE).open_home()
        assert outcome.acknowledged
        text = await shows(bot, EVE, "How to start")
        assert text.startswith("Waiting for your vote: 1\nDeploy shop/web:1.4 to production/web")
        for part in ("What runs where", "shop/web:1.3", "In progress: 1", f"#{operation.id} "):
            assert part in text

    async def test_what_waits_for_others_has_no_buttons(self, bot: Running) -> None:
        operation = deploy_to_approve(bot)
        await bot.person(BOB).open_home()
        text = await shows(bot, BOB, "Nothing is waiting for you")
        assert f"#{operation.id} Deploy shop/web:1.4 to production/web" in text
        assert "Approve" not in text

    async def test_what_one_has_voted_on_waits_no_more(self, bot: Running) -> None:
        operation = deploy_to_approve(bot)
        await bot.person(CAROL).click(await card(bot, operation, "approve"), "approve")
        await bot.person(CAROL).sees("needs 1 more approval")
        await bot.person(CAROL).open_home()
        await shows(bot, CAROL, "Nothing is waiting for you")
        await bot.person(DAVE).open_home()
        assert "Approved by " in await shows(bot, DAVE, "Waiting for your vote: 1")

    @pytest.mark.parametrize("user", ["U0GUEST", "U0STRANGER", "U0GONE", "U0OTHERBOT"])
    async def test_nobody_but_full_members_sees_anything(self, bot: Running, user: str) -> None:
        operation = deploy_to_approve(bot)
        await bot.person(user).open_home()
        text = await shows(bot, user, "full members of this workspace only")
        assert f"#{operation.id}" not in text
        assert "What runs where" not in text

    async def test_a_role_that_was_taken_away_counts_no_more(self, bot: Running) -> None:
        deploy_to_approve(bot)
        await bot.workspace.set_membership(CAROL, "guest")
        await bot.person(CAROL).open_home()
        assert "Approve" not in await shows(bot, CAROL, "full members")

    async def test_a_look_up_that_fails_shows_nothing_and_says_so(self, bot: Running) -> None:
        deploy_to_approve(bot)
        await bot.workspace.fault(Fault(FaultKind.SERVER_ERROR, "users.info"))
        await bot.person(EVE).open_home()
        assert "Approve" not in await shows(bot, EVE, "could not find out who you are")

    async def test_without_redis_it_says_so(self, bot: Running) -> None:
        bot.valkey.kill()
        outcome = await bot.person(EVE).open_home()
        assert outcome.acknowledged
        await shows(bot, EVE, "cannot reach its database")

    @pytest.mark.deadline
    async def test_it_is_acknowledged_before_anything_slow_is_asked(self, bot: Running) -> None:
        await bot.workspace.fault(Fault(FaultKind.SLOW, delay=2.0))
        outcome = await bot.person(EVE).open_home()
        assert outcome.acknowledged
        assert outcome.seconds < 1.0

    async def test_however_often_slack_repeats_it_it_is_published_once(self, bot: Running) -> None:
        await bot.person(EVE).open_home(repeat=3)
        await shows(bot, EVE, "Nothing is waiting for you")
        await bot.person(BOB).open_home()
        await shows(bot, BOB, "Nothing is waiting for you")
        assert len(await bot.workspace.calls(PUBLISH)) == 2

    async def test_a_slack_that_does_not_take_it_does_no_harm(self, bot: Running) -> None:
        await bot.workspace.fault(Fault(FaultKind.SERVER_ERROR, PUBLISH))
        await bot.person(EVE).open_home()

        async def is_given_up() -> bool:
            return len(await bot.workspace.calls(PUBLISH)) == 4

        await until(is_given_up, "the last try")
        assert await home(bot, EVE) == {}
        await bot.workspace.mend()
        await bot.person(EVE).open_home()
        await shows(bot, EVE, "Nothing is waiting for you")

    async def test_a_slack_that_stumbles_is_tried_again(self, bot: Running) -> None:
        await bot.workspace.fault(Fault(FaultKind.SERVER_ERROR, PUBLISH, calls=1))
        await bot.person(EVE).open_home()
        await shows(bot, EVE, "Nothing is waiting for you")

    async def test_over_socket_mode_it_is_the_same(self, socket_bot: Running) -> None:
        await socket_bot.person(EVE).open_home()
        await shows(socket_bot, EVE, "Nothing is waiting for you")


@pytest.mark.engine
class TestClicked:
    async def test_votes_count_and_the_tab_says_what_came_of_them(self, bot: Running) -> None:
        operation = deploy_to_approve(bot)
        for user, answer in ((CAROL, "needs 1 more approval"), (EVE, "is starting")):
            await bot.person(user).open_home()
            await shows(bot, user, "Waiting for your vote: 1")
            view = (await home(bot, user))["id"]
            outcome = await bot.person(user).click_in_view(view, "approve")
            assert outcome.acknowledged
            text = await shows(bot, user, answer)
            assert text.startswith("Approved. ")
            assert "Nothing is waiting for you" in text
        after = bot.operation(operation.id)
        assert after.state is State.QUEUED
        assert after.approval is not None
        assert after.approval.approvers == (CAROL, EVE)

    async def test_a_rejection_ends_it(self, bot: Running) -> None:
        operation = deploy_to_approve(bot)
        await bot.person(EVE).open_home()
        await shows(bot, EVE, "Waiting for your vote: 1")
        await bot.person(EVE).click_in_view((await home(bot, EVE))["id"], "reject")
        await shows(bot, EVE, "You rejected")
        assert bot.operation(operation.id).state is State.REJECTED

    async def test_the_same_click_delivered_again_counts_once(self, bot: Running) -> None:
        operation = deploy_to_approve(bot)
        await bot.person(CAROL).open_home()
        await shows(bot, CAROL, "Waiting for your vote: 1")
        view = (await home(bot, CAROL))["id"]
        await bot.person(CAROL).click_in_view(view, "approve", repeat=3)
        await shows(bot, CAROL, "needs 1 more approval")
        await bot.person(CAROL).open_home()
        await until_words_without(bot, CAROL, "Approved. ")
        approval = bot.operation(operation.id).approval
        assert approval is not None
        assert approval.approvers == (CAROL,)
        assert len(await bot.workspace.calls(PUBLISH)) == 3

    async def test_who_lost_their_role_since_is_refused(self, bot: Running) -> None:
        operation = deploy_to_approve(bot)
        await bot.person(CAROL).open_home()
        await shows(bot, CAROL, "Waiting for your vote: 1")
        await bot.workspace.set_membership(CAROL, "guest")
        await bot.person(CAROL).click_in_view((await home(bot, CAROL))["id"], "approve")
        text = await shows(bot, CAROL, "full members")
        assert text.count("full members of this workspace only") == 1
        assert "Approve" not in text
        approval = bot.operation(operation.id).approval
        assert approval is not None
        assert approval.votes == ()

    async def test_refresh_shows_how_it_is_now(self, bot: Running) -> None:
        await bot.person(EVE).open_home()
        await shows(bot, EVE, "Nothing is waiting for you")
        deploy_to_approve(bot)
        outcome = await bot.person(EVE).click_in_view((await home(bot, EVE))["id"], "refresh")
        assert outcome.acknowledged
        await shows(bot, EVE, "Waiting for your vote: 1")

    async def test_without_redis_a_vote_is_answered_too(self, bot: Running) -> None:
        deploy_to_approve(bot)
        await bot.person(EVE).open_home()
        await shows(bot, EVE, "Waiting for your vote: 1")
        bot.valkey.kill()
        await bot.person(EVE).click_in_view((await home(bot, EVE))["id"], "approve")
        assert (await shows(bot, EVE, "cannot reach its database")).count("cannot reach") == 1


async def until_words_without(bot: Running, user: str, text: str) -> None:
    async def is_gone() -> bool:
        return text not in await words(bot, user)

    await until(is_gone, f"{text!r} to be gone")
