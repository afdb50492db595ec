"""Who may ask and who may decide: full members of this workspace, looked up each time (G5)."""

import contextlib

import docker
import pytest

from local_slack import MemberKind, Message, Person, Workspace
from quaymaster.operations import State
from quaymaster.store import records
from quaymaster.store.transactions import ask
from testing.images.catalogue import LocalImages
from testing.system import System
from tests.end_to_end.cards import final_card
from tests.end_to_end.conftest import Push
from tests.people import ALICE, BOB, CAROL, EVE

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def version(push: Push, images: LocalImages) -> str:
    """One is in the registry: its digest."""
    return push(images.web_v1, "1")


@pytest.mark.parametrize("user", ["U0GUEST", "U0SINGLE", "U0STRANGER"])
async def test_nobody_but_full_members_gets_anything(
    system: System, workspace: Workspace, user: str
) -> None:
    await system.opens(workspace)
    person = workspace.person(user)
    for text in ("images on build1", f"deploy {system.shop.repository}:1 to {system.shop.staging}"):
        latest = max((one.ts for one in await workspace.messages()), default="")
        await person.command("C0SHOP", text)
        told = await person.sees("full members of this workspace only", after=latest)
        assert told.only_for == user
    for number in _recorded(system):
        assert system.ended(number).state is State.REFUSED
    assert [one for one in await workspace.messages("C0SHOP") if one.only_for != user] == []


async def test_somebody_who_is_no_full_member_any_more_cannot_approve(
    system: System, workspace: Workspace, bob: Person, carol: Person
) -> None:
    number, request = await _awaiting(system, workspace)
    await bob.click(request, "approve")
    system.until(number, lambda one: one.approval is not None and one.approval.missing() == 1)
    for membership in (MemberKind.GUEST, MemberKind.DEACTIVATED):
        await workspace.set_membership(CAROL, membership.value)
        latest = max(one.ts for one in await workspace.messages())
        outcome = await carol.click(request, "approve")
        assert outcome.acknowledged
        await carol.sees("full members of this workspace only", after=latest, within=20)
        assert _approvers_of_what_still_waits(system, number) == (BOB,)
    await workspace.set_membership(CAROL, MemberKind.FULL.value)
    await carol.click(request, "approve")
    assert system.ended(number).state is State.SUCCEEDED


async def test_votes_of_those_who_may_not_and_of_the_requester_do_not_count(
    system: System, workspace: Workspace, bob: Person
) -> None:
    number, request = await _awaiting(system, workspace, asks=BOB)
    eve = workspace.person(EVE)
    await eve.click(request, "approve")
    assert (await eve.sees("can vote on a deploy")).only_for == EVE
    await eve.click(request, "reject")
    await bob.click(request, "approve")
    assert (await bob.sees("your own approval does not count")).only_for == BOB
    assert _approvers_of_what_still_waits(system, number) == ()


async def test_one_rejection_ends_it_and_later_votes_are_told_why(
    system: System, workspace: Workspace, engine: docker.DockerClient, bob: Person, carol: Person
) -> None:
    number, request = await _awaiting(system, workspace)
    await bob.click(request, "reject")
    assert system.ended(number).state is State.REJECTED
    assert BOB in (await final_card(workspace, number)).pings
    await carol.click(request, "approve", stale=True)
    await carol.sees("There is nothing to vote on")
    assert _runs_nothing(engine, system)


async def test_an_approval_that_nobody_gave_expires(
    system: System, workspace: Workspace, engine: docker.DockerClient, bob: Person
) -> None:
    system.reconfigure("expires: 1h", "expires: 3s")
    number, request = await _awaiting(system, workspace)
    assert system.ended(number).state is State.EXPIRED
    assert "2 approvals still missing" in (await final_card(workspace, number)).words
    await bob.click(request, "approve", stale=True)
    await bob.sees("has expired")
    assert _runs_nothing(engine, system)


async def _awaiting(
    system: System,
    workspace: Workspace,
    asks: str = ALICE,
) -> tuple[int, Message]:
    """A deploy to production that waits for two people, and what they are asked."""
    repository, production = system.shop.repository, system.shop.production
    await system.opens(workspace)
    number = await system.asked(workspace.person(asks), f"deploy {repository}:1 to {production}")
    system.reaches(number, State.AWAITING_APPROVAL)
    request = await workspace.person(CAROL).sees(
        lambda one: "approve" in one.buttons, channel="C0RELEASE"
    )
    return number, request


def _approvers_of_what_still_waits(system: System, number: int) -> tuple[str, ...]:
    operation = system.operation(number)
    assert operation is not None
    assert operation.state is State.AWAITING_APPROVAL
    assert operation.approval is not None
    return operation.approval.approvers


def _recorded(system: System) -> tuple[int, ...]:
    with contextlib.closing(system.connection()) as connection:
        return ask(connection, records.recent_ids(10))


def _runs_nothing(engine: docker.DockerClient, system: System) -> bool:
    label = {"label": f"quaymaster.environment={system.shop.production}"}
    return not engine.containers.list(all=True, filters=label)
