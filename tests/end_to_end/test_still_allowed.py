"""What was approved and may not happen any more does not; what overtook it is named (G4, G5)."""

import docker
import pytest

from local_slack import Membership, Person, Workspace
from quaymaster.operations import State
from quaymaster.outcomes import Ended
from tests.end_to_end.cards import approval_request, approve, final_card
from tests.end_to_end.conftest import Push
from tests.end_to_end.house import House, page_at
from tests.engines.registries import Registry
from tests.images.catalogue import LocalImages
from tests.people import BOB, CAROL
from tests.workers.registry_content import Content
from trial.archive import this_architecture

pytestmark = pytest.mark.engine


async def test_two_plans_wait_and_the_change_of_one_supersedes_the_other(
    house: House, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    repository, production = house.shop.repository, house.shop.production
    push(images.web_v1, "1")
    push(images.web_v2, "2")
    await house.opens(workspace)
    older = await house.asked(alice, f"deploy {repository}:1 to {production}")
    house.reaches(older, State.AWAITING_APPROVAL)
    newer = await house.asked(alice, f"deploy {repository}:2 to {production}")
    house.reaches(newer, State.AWAITING_APPROVAL)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), newer)
    assert house.ended(newer).state is State.SUCCEEDED, house.logs()
    assert house.ended(older).state is State.SUPERSEDED, house.logs()
    assert f"#{newer} changed {production}/web" in (await final_card(workspace, older)).words
    assert "web v2" in page_at(house.shop.port + 1)


async def test_a_configuration_that_was_edited_after_the_votes_leads_to_a_new_plan(
    house: House, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    repository, production = house.shop.repository, house.shop.production
    push(images.web_v1, "1")
    bot, worker = house.start("bot"), house.worker()
    await workspace.connected(within=60)
    first = await house.asked(alice, f"deploy {repository}:1 to {production}")
    house.reaches(first, State.AWAITING_APPROVAL)
    await approval_request(workspace, first)
    worker.stop()
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), first)
    house.reaches(first, State.QUEUED)
    bot.stop()
    house.reconfigure("channel: C0RELEASE, expires: 1h", "channel: C0RELEASE, expires: 2h")
    house.start("bot")
    house.worker()
    ended = house.ended(first, within=60)
    assert ended.state is State.SUPERSEDED, house.logs()
    assert isinstance(ended.outcome, Ended)
    second = int(ended.outcome.why.rpartition(" #")[2].partition(" ")[0])
    assert f"#{second} replaces it" in (await final_card(workspace, first)).words
    house.reaches(second, State.AWAITING_APPROVAL)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), second)
    assert house.ended(second).state is State.SUCCEEDED, house.logs()
    assert "web v1" in page_at(house.shop.port + 1)


async def test_a_vote_of_somebody_who_was_deactivated_since_does_not_count(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    images: LocalImages,
    push: Push,
    alice: Person,
    bob: Person,
    carol: Person,
) -> None:
    repository, production = house.shop.repository, house.shop.production
    push(images.web_v1, "1")
    await house.opens(workspace)
    number = await house.asked(alice, f"deploy {repository}:1 to {production}")
    house.reaches(number, State.AWAITING_APPROVAL)
    await approve(workspace, bob, number)
    house.until(number, lambda one: bool(one.votes))
    await workspace.set_membership(BOB, Membership.DEACTIVATED.value)
    await approve(workspace, carol, number)
    assert house.ended(number).state is State.REFUSED, house.logs()
    assert "Only 1 of 2 approvals still count" in (await final_card(workspace, number)).words
    label = {"label": f"quaymaster.environment={production}"}
    assert engine.containers.list(all=True, filters=label) == []


async def test_of_two_in_line_the_one_that_was_asked_for_last_goes_live_last(
    house: House, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    """One worker plans both before it carries out the first."""
    repository, staging = house.shop.repository, house.shop.staging
    push(images.web_v1, "1")
    push(images.web_v2, "2")
    house.start("bot")
    await workspace.connected(within=60)
    numbers = [await house.asked(alice, f"deploy {repository}:{tag} to {staging}") for tag in "12"]
    for number in numbers:
        house.reaches(number, State.QUEUED)
    house.worker()
    assert house.ended(numbers[1], within=60).state is State.SUCCEEDED, house.logs()
    older = house.ended(numbers[0])
    assert older.state in (State.SUCCEEDED, State.SUPERSEDED), house.logs()
    assert "web v2" in page_at(house.shop.port)


async def test_what_was_rolled_back_by_the_name_of_an_index_is_refused_by_every_name(
    house: House,
    workspace: Workspace,
    registry: Registry,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    repository, staging = house.shop.repository, house.shop.staging
    own = f"linux/{this_architecture()}"
    push(images.web_v1, "1")
    member = push(images.web_v2, "alone")
    with registry.client() as client:
        index = Content(client, repository).index_of("2", (own, member))
    await house.opens(workspace)
    for text in (f"deploy {repository}:1 to {staging}", f"deploy {repository}:2 to {staging}"):
        assert house.ended(await house.asked(alice, text)).state is State.SUCCEEDED, house.logs()
    back = await house.asked(alice, f"rollback {staging}/web")
    assert house.ended(back).state is State.SUCCEEDED, house.logs()
    for name in (f"{repository}:2", f"{repository}:alone", f"{repository}@{index}"):
        again = await house.asked(alice, f"deploy {name} to {staging}")
        assert house.ended(again).state is State.REFUSED, house.logs()
        assert f"#{back} did that" in (await final_card(workspace, again)).words
    assert "web v1" in page_at(house.shop.port)
