"""What was approved and may not happen any more does not; what overtook it is named (G4, G5)."""

import docker
import pytest

from local_slack import MemberKind, Person, Workspace
from quaymaster.operations import State
from quaymaster.outcomes import Ended
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages
from testing.system import System, page_at
from tests.end_to_end.cards import approval_request, approve, final_card
from tests.end_to_end.conftest import Push
from tests.people import BOB, CAROL
from tests.workers.registry_content import Content
from trial.archive import this_architecture

pytestmark = pytest.mark.engine


async def test_two_plans_wait_and_the_change_of_one_supersedes_the_other(
    system: System, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    repository, production = system.shop.repository, system.shop.production
    push(images.web_v1, "1")
    push(images.web_v2, "2")
    await system.opens(workspace)
    older = await system.asked(alice, f"deploy {repository}:1 to {production}")
    system.reaches(older, State.AWAITING_APPROVAL)
    newer = await system.asked(alice, f"deploy {repository}:2 to {production}")
    system.reaches(newer, State.AWAITING_APPROVAL)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), newer)
    assert system.ended(newer).state is State.SUCCEEDED, system.logs()
    assert system.ended(older).state is State.SUPERSEDED, system.logs()
    assert f"#{newer} changed {production}/web" in (await final_card(workspace, older)).words
    assert "web v2" in page_at(system.shop.port + 1)


async def test_a_configuration_that_was_edited_after_the_votes_leads_to_a_new_plan(
    system: System, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    repository, production = system.shop.repository, system.shop.production
    push(images.web_v1, "1")
    bot, worker = system.start("bot"), system.worker()
    await workspace.connected(within=60)
    first = await system.asked(alice, f"deploy {repository}:1 to {production}")
    system.reaches(first, State.AWAITING_APPROVAL)
    await approval_request(workspace, first)
    worker.stop()
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), first)
    system.reaches(first, State.QUEUED)
    bot.stop()
    system.reconfigure("channel: C0RELEASE, expires: 1h", "channel: C0RELEASE, expires: 2h")
    system.start("bot")
    system.worker()
    ended = system.ended(first, within=60)
    assert ended.state is State.SUPERSEDED, system.logs()
    assert isinstance(ended.outcome, Ended)
    second = int(ended.outcome.why.rpartition(" #")[2].partition(" ")[0])
    assert f"#{second} replaces it" in (await final_card(workspace, first)).words
    system.reaches(second, State.AWAITING_APPROVAL)
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), second)
    assert system.ended(second).state is State.SUCCEEDED, system.logs()
    assert "web v1" in page_at(system.shop.port + 1)


async def test_a_vote_of_somebody_who_was_deactivated_since_does_not_count(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    images: LocalImages,
    push: Push,
    alice: Person,
    bob: Person,
    carol: Person,
) -> None:
    repository, production = system.shop.repository, system.shop.production
    push(images.web_v1, "1")
    await system.opens(workspace)
    number = await system.asked(alice, f"deploy {repository}:1 to {production}")
    system.reaches(number, State.AWAITING_APPROVAL)
    await approve(workspace, bob, number)
    system.until(number, lambda one: bool(one.votes))
    await workspace.set_membership(BOB, MemberKind.DEACTIVATED.value)
    await approve(workspace, carol, number)
    assert system.ended(number).state is State.REFUSED, system.logs()
    assert "Only 1 of 2 approvals still count" in (await final_card(workspace, number)).words
    label = {"label": f"quaymaster.environment={production}"}
    assert engine.containers.list(all=True, filters=label) == []


async def test_of_two_in_line_the_one_that_was_asked_for_last_goes_live_last(
    system: System, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    """One worker plans both before it carries out the first."""
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v1, "1")
    push(images.web_v2, "2")
    system.start("bot")
    await workspace.connected(within=60)
    numbers = [await system.asked(alice, f"deploy {repository}:{tag} to {staging}") for tag in "12"]
    for number in numbers:
        system.reaches(number, State.QUEUED)
    system.worker()
    assert system.ended(numbers[1], within=60).state is State.SUCCEEDED, system.logs()
    older = system.ended(numbers[0])
    assert older.state in (State.SUCCEEDED, State.SUPERSEDED), system.logs()
    assert "web v2" in page_at(system.shop.port)


async def test_what_was_rolled_back_by_the_name_of_an_index_is_refused_by_every_name(
    system: System,
    workspace: Workspace,
    registry: Registry,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    own = f"linux/{this_architecture()}"
    push(images.web_v1, "1")
    member = push(images.web_v2, "alone")
    with registry.client() as client:
        index = Content(client, repository).index_of("2", (own, member))
    await system.opens(workspace)
    for text in (f"deploy {repository}:1 to {staging}", f"deploy {repository}:2 to {staging}"):
        assert system.ended(await system.asked(alice, text)).state is State.SUCCEEDED, system.logs()
    back = await system.asked(alice, f"rollback {staging}/web")
    assert system.ended(back).state is State.SUCCEEDED, system.logs()
    for name in (f"{repository}:2", f"{repository}:alone", f"{repository}@{index}"):
        again = await system.asked(alice, f"deploy {name} to {staging}")
        assert system.ended(again).state is State.REFUSED, system.logs()
        assert f"#{back} did that" in (await final_card(workspace, again)).words
    assert "web v1" in page_at(system.shop.port)
