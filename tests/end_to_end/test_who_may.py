"""Who may ask and who may decide: full members of this workspace, looked up each time (G5)."""

import contextlib

import docker
import pytest

from local_slack import Membership, Message, Person, Workspace
from quaymaster.operations import State
from quaymaster.store import records
from quaymaster.store.transactions import ask
from tests.end_to_end.cards import final_card
from tests.end_to_end.conftest import Push
from tests.end_to_end.house import House
from tests.images.catalogue import LocalImages
from tests.people import ALICE, BOB, CAROL, EVE

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def version(push: Push, images: LocalImages) -> str:
    """One is in the registry: its digest."""
    return push(images.web_v1, "1")


@pytest.mark.parametrize("user", ["U0GUEST", "U0SINGLE", "U0STRANGER"])
async def test_nobody_but_full_members_gets_anything(
    house: House, workspace: Workspace, user: str
) -> None:
    await house.opens(workspace)
    person = workspace.person(user)
    for text in ("images on build1", f"deploy {house.shop.repository}:1 to {house.shop.staging}"):
        latest = max((one.ts for one in await workspace.messages()), default="")
        await person.command("C0SHOP", text)
        told = await person.sees("full members of this workspace only", after=latest)
        assert told.only_for == user
    for number in _recorded(house):
        assert house.ended(number).state is State.REFUSED
    assert [one for one in await workspace.messages("C0SHOP") if one.only_for != user] == []


async def test_somebody_who_is_no_full_member_any_more_cannot_approve(
    house: House, workspace: Workspace, bob: Person, carol: Person
) -> None:
    number, request = await _awaiting(house, workspace)
    await bob.click(request, "approve")
    house.until(number, lambda one: one.approval is not None and one.approval.missing() == 1)
    for membership in (Membership.GUEST, Membership.DEACTIVATED):
        await workspace.set_membership(CAROL, membership.value)
        latest = max(one.ts for one in await workspace.messages())
        outcome = await carol.click(request, "approve")
        assert outcome.acknowledged
        await carol.sees("full members of this workspace only", after=latest, within=20)
        assert _approvers_of_what_still_waits(house, number) == (BOB,)
    await workspace.set_membership(CAROL, Membership.FULL.value)
    await carol.click(request, "approve")
    assert house.ended(number).state is State.SUCCEEDED


async def test_votes_of_those_who_may_not_and_of_the_requester_do_not_count(
    house: House, workspace: Workspace, bob: Person
) -> None:
    number, request = await _awaiting(house, workspace, asks=BOB)
    eve = workspace.person(EVE)
    await eve.click(request, "approve")
    assert (await eve.sees("can vote on a deploy")).only_for == EVE
    await eve.click(request, "reject")
    await bob.click(request, "approve")
    assert (await bob.sees("your own approval does not count")).only_for == BOB
    assert _approvers_of_what_still_waits(house, number) == ()


async def test_one_rejection_ends_it_and_later_votes_are_told_why(
    house: House, workspace: Workspace, engine: docker.DockerClient, bob: Person, carol: Person
) -> None:
    number, request = await _awaiting(house, workspace)
    await bob.click(request, "reject")
    assert house.ended(number).state is State.REJECTED
    assert BOB in (await final_card(workspace, number)).pings
    await carol.click(request, "approve", stale=True)
    await carol.sees("There is nothing to vote on")
    assert _runs_nothing(engine, house)


async def test_an_approval_that_nobody_gave_expires(
    house: House, workspace: Workspace, engine: docker.DockerClient, bob: Person
) -> None:
    house.reconfigure("expires: 1h", "expires: 3s")
    number, request = await _awaiting(house, workspace)
    assert house.ended(number).state is State.EXPIRED
    assert "2 approvals still missing" in (await final_card(workspace, number)).words
    await bob.click(request, "approve", stale=True)
    await bob.sees("has expired")
    assert _runs_nothing(engine, house)


async def _awaiting(
    house: House,
    workspace: Workspace,
    asks: str = ALICE,
) -> tuple[int, Message]:
    """A deploy to production that waits for two people, and what they are asked."""
    repository, production = house.shop.repository, house.shop.production
    await house.opens(workspace)
    number = await house.asked(workspace.person(asks), f"deploy {repository}:1 to {production}")
    house.reaches(number, State.AWAITING_APPROVAL)
    request = await workspace.person(CAROL).sees(
        lambda one: "approve" in one.buttons, channel="C0RELEASE"
    )
    return number, request


def _approvers_of_what_still_waits(house: House, number: int) -> tuple[str, ...]:
    operation = house.operation(number)
    assert operation is not None
    assert operation.state is State.AWAITING_APPROVAL
    assert operation.approval is not None
    return operation.approval.approvers


def _recorded(house: House) -> tuple[int, ...]:
    with contextlib.closing(house.connection()) as connection:
        return ask(connection, records.recent_ids(10))


def _runs_nothing(engine: docker.DockerClient, house: House) -> bool:
    label = {"label": f"quaymaster.environment={house.shop.production}"}
    return not engine.containers.list(all=True, filters=label)
