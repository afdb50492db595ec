"""Looking people up: never more often than needed, never older than a minute."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.conversation.identity import FRESH_SECONDS, Directory, Workspace, membership_of
from local_slack import Fault, FaultKind, LocalSlack
from quaymaster.actors import SlackUser
from quaymaster.errors import OutsideFailure
from quaymaster.policy import Membership
from quaymaster.rights import Role
from testing.engines.waiting import until
from tests.bot.conftest import TEAM
from tests.people import BOB, CAROL, EVE

GROUP = "SAZ94GDB8"
OTHER_GROUP = "SZAPPROVER"
ROLES = (Role(frozenset({EVE}), frozenset({GROUP, "S0NOTTHERE"})),)


class Clock:
    """A clock to set."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def directory(slack: LocalSlack, clock: Clock) -> AsyncIterator[Directory]:
    """A directory that asks for one group that is there and one that is not."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            slack.world.app.bot_token,
            base_url=slack.api_url,
            session=session,
            retry_handlers=[],
        )
        yield Directory(client, ROLES, clock)


async def calls(slack: LocalSlack, method: str) -> int:
    async with slack.workspace() as workspace:
        return len((await workspace.calls(method)).calls)


async def test_a_member_comes_with_their_groups(directory: Directory) -> None:
    carol = await directory.look_up(SlackUser(TEAM, CAROL))
    assert (carol.membership, carol.groups) == (Membership.FULL_MEMBER, frozenset({GROUP}))
    bob = await directory.look_up(SlackUser(TEAM, BOB))
    assert bob.groups == frozenset()


async def test_fifty_look_ups_at_once_are_one(directory: Directory, slack: LocalSlack) -> None:
    people = await asyncio.gather(*(directory.look_up(SlackUser(TEAM, BOB)) for _ in range(50)))
    assert len(set(people)) == 1
    assert await calls(slack, "users.info") == 1


async def test_a_look_up_counts_for_a_minute_but_never_for_a_vote(
    directory: Directory, slack: LocalSlack, clock: Clock
) -> None:
    bob = SlackUser(TEAM, BOB)
    assert directory.known(bob) is None
    await directory.look_up(bob)
    clock.now += FRESH_SECONDS - 1
    assert directory.known(bob) is not None
    await directory.look_up_anew(bob)
    assert await calls(slack, "users.info") == 2
    assert await calls(slack, "usergroups.users.list") == 4
    clock.now += FRESH_SECONDS + 1
    assert directory.known(bob) is None


async def test_groups_that_were_asked_for_earlier_do_not_make_a_look_up_last_longer(
    directory: Directory, clock: Clock
) -> None:
    await directory.look_up(SlackUser(TEAM, BOB))
    clock.now += FRESH_SECONDS - 1
    await directory.look_up(SlackUser(TEAM, CAROL))
    clock.now += 2
    assert directory.known(SlackUser(TEAM, CAROL)) is None


async def test_the_same_user_id_of_another_workspace_is_somebody_else(
    directory: Directory,
) -> None:
    await directory.look_up(SlackUser(TEAM, BOB))
    elsewhere = SlackUser("T0PARTNER", BOB)
    assert directory.known(elsewhere) is None
    assert (await directory.look_up(elsewhere)).membership is Membership.OUTSIDER


async def test_somebody_whom_slack_does_not_know_is_refused(directory: Directory) -> None:
    with pytest.raises(OutsideFailure, match="does not know who you are"):
        await directory.look_up(SlackUser(TEAM, "U0NOBODY"))


async def test_while_slack_does_not_say_where_it_is_nobody_is_known(
    directory: Directory, slack: LocalSlack
) -> None:
    async with slack.workspace() as workspace:
        await workspace.fault(Fault(FaultKind.REFUSED, "auth.test"))
        with pytest.raises(OutsideFailure, match="could not find out who you are"):
            await directory.look_up(SlackUser(TEAM, BOB))
        await workspace.mend()
    assert (await directory.look_up(SlackUser(TEAM, BOB))).membership is Membership.FULL_MEMBER


HOME = Workspace("T0SHOP", "E0SHOP", "U0QUAYMASTER", "B0QUAYMASTER")


@pytest.mark.parametrize(
    ("user", "standing"),
    [
        ({}, Membership.FULL_MEMBER),
        ({"is_stranger": True}, Membership.OUTSIDER),
        ({"team_id": "T0PARTNER"}, Membership.OUTSIDER),
        ({"team_id": "E0SHOP", "enterprise_user": {"teams": ["T0SHOP"]}}, Membership.FULL_MEMBER),
        ({"team_id": "E0SHOP", "enterprise_user": {"teams": ["T0OTHER"]}}, Membership.OUTSIDER),
        ({"is_bot": True}, Membership.BOT),
        ({"is_workflow_bot": True}, Membership.BOT),
        ({"id": "USLACKBOT"}, Membership.BOT),
        ({"deleted": True}, Membership.DEACTIVATED),
        ({"is_restricted": True}, Membership.GUEST),
        ({"is_ultra_restricted": True}, Membership.GUEST),
    ],
)
def test_only_full_members_count_as_such(user: dict[str, Any], standing: Membership) -> None:
    assert membership_of({"id": BOB, "team_id": "T0SHOP", **user}, HOME) is standing


async def test_twenty_votes_at_once_ask_for_each_group_twice_at_most(
    directory: Directory, slack: LocalSlack
) -> None:
    actors = [SlackUser(TEAM, user) for user in (BOB, CAROL, EVE)] * 7
    people = await asyncio.gather(*(directory.look_up_anew(actor) for actor in actors))
    assert {one.user_id: one.groups for one in people}[CAROL] == {GROUP}
    assert await calls(slack, "users.info") <= 6
    assert await calls(slack, "usergroups.users.list") <= 6


async def test_what_was_looked_up_since_the_click_is_not_asked_again(
    directory: Directory, slack: LocalSlack, clock: Clock
) -> None:
    clicked_at = directory.moment()
    clock.now += 1
    await directory.look_up(SlackUser(TEAM, BOB))
    await directory.look_up_anew(SlackUser(TEAM, BOB), clicked_at)
    assert await calls(slack, "users.info") == 1
    clock.now += 1
    await directory.look_up_anew(SlackUser(TEAM, BOB))
    assert await calls(slack, "users.info") == 2


async def test_groups_that_were_listed_before_the_click_are_listed_again(
    directory: Directory, slack: LocalSlack, clock: Clock
) -> None:
    await directory.look_up(SlackUser(TEAM, BOB))
    clock.now += 1
    clicked_at = directory.moment()
    await directory.look_up(SlackUser(TEAM, CAROL))
    async with slack.workspace() as workspace:
        await workspace.set_membership(CAROL, "guest")
    carol = await directory.look_up_anew(SlackUser(TEAM, CAROL), clicked_at)
    assert carol.membership is Membership.GUEST


async def test_members_of_a_group_and_who_is_named_do_not_wait_in_the_line_of_strangers(
    directory: Directory, slack: LocalSlack
) -> None:
    await directory.warm_up()
    strangers = [
        asyncio.ensure_future(directory.look_up(SlackUser(TEAM, f"U0FLOOD{number}")))
        for number in range(150)
    ]

    async def is_under_way() -> bool:
        return await calls(slack, "users.info") >= 20

    await until(is_under_way, "the look-ups of strangers")
    for user in (CAROL, EVE):
        assert (await directory.look_up(SlackUser(TEAM, user))).membership is Membership.FULL_MEMBER
    assert await calls(slack, "users.info") < 100
    assert any(not one.done() for one in strangers), "they wait still"
    turned_away = [one for one in strangers if one.done()]
    with pytest.raises(OutsideFailure, match="Many people"):
        await turned_away[-1]
    for one in strangers:
        one.cancel()
    await asyncio.gather(*strangers, return_exceptions=True)


async def test_groups_that_slack_does_not_list_are_asked_for_once_a_minute(
    directory: Directory, slack: LocalSlack, clock: Clock
) -> None:
    async with slack.workspace() as workspace:
        await workspace.fault(Fault(FaultKind.SERVER_ERROR, "usergroups.users.list"))
        with pytest.raises(OutsideFailure):
            await directory.warm_up()
        asked = await calls(slack, "usergroups.users.list")
        await directory.warm_up()
        assert await calls(slack, "usergroups.users.list") == asked
        await workspace.mend()
    clock.now += 61
    await directory.warm_up()
    assert await calls(slack, "usergroups.users.list") > asked


async def test_who_is_in_one_group_is_not_taken_for_a_member_of_the_group_that_replaces_it(
    slack: LocalSlack,
) -> None:
    """The roles change while Slack is asked about the old groups."""
    roles = [Role(groups=frozenset({OTHER_GROUP, "S0NOTTHEREEITHER"}))]

    class ReloadedMeanwhile(AsyncWebClient):
        async def usergroups_users_list(self, **asked: Any) -> AsyncSlackResponse:
            answer = await super().usergroups_users_list(**asked)
            reloaded.expect(roles)
            return answer

    async with aiohttp.ClientSession() as session:
        client = ReloadedMeanwhile(
            slack.world.app.bot_token, base_url=slack.api_url, session=session, retry_handlers=[]
        )
        reloaded = Directory(client, ROLES)
        carol = await reloaded.look_up(SlackUser(TEAM, CAROL))
        assert not carol.groups & roles[0].groups
        again = await reloaded.look_up(SlackUser(TEAM, CAROL))
        assert again.groups == frozenset()


async def test_whoever_was_looked_up_before_a_role_got_a_group_is_looked_up_again(
    slack: LocalSlack, clock: Clock
) -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            slack.world.app.bot_token, base_url=slack.api_url, session=session, retry_handlers=[]
        )
        reloaded = Directory(client, clock=clock)
        carol = SlackUser(TEAM, CAROL)
        assert (await reloaded.look_up(carol)).groups == frozenset()
        clock.now += 1
        reloaded.expect([Role(groups=frozenset({GROUP}))])
        assert reloaded.known(carol) is None
        assert (await reloaded.look_up(carol)).groups == {GROUP}
        reloaded.expect([Role(people=frozenset({BOB}))])
        assert reloaded.known(carol) is not None, "nothing new is to be asked"
