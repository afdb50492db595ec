"""A tag is a moving pointer: what was approved runs, and the card says that it moved (G4)."""

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from testing.engines.local_images import remove_images
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages
from testing.planned import the_change
from testing.system import System, page_at
from tests.end_to_end.cards import approval_request, approve, final_card
from tests.end_to_end.conftest import Push
from tests.people import BOB, CAROL

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("when", ["before the votes", "between the votes", "before the execution"])
async def test_what_was_approved_runs_although_the_tag_moved(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    when: str,
    push: Push,
    alice: Person,
    bob: Person,
    carol: Person,
) -> None:
    repository, production = system.shop.repository, system.shop.production
    approved = push(images.web_v1, "1")

    def moves(now: str) -> None:
        if now == when:
            push(images.web_v2, "1")

    worker = await system.opens(workspace)
    number = await system.asked(alice, f"deploy {repository}:1 to {production}")
    planned = system.reaches(number, State.AWAITING_APPROVAL)
    assert str(the_change(planned.plan).digest) == approved
    await approval_request(workspace, number)
    worker.stop()
    moves("before the votes")
    await approve(workspace, bob, number)
    system.until(number, lambda one: one.approval is not None and one.approval.missing() == 1)
    moves("between the votes")
    await approve(workspace, carol, number)
    system.reaches(number, State.QUEUED)
    moves("before the execution")
    system.worker()
    assert system.ended(number).state is State.SUCCEEDED, system.logs()

    container = engine.containers.get(f"quaymaster-{production}-web-{number}.1")
    digests = engine.images.get(container.attrs["Image"]).attrs["RepoDigests"]
    assert container.attrs["Config"]["Image"].endswith(f"@{approved}")
    assert f"{registry.host}/{repository}@{approved}" in digests
    assert "web v1" in page_at(system.shop.port + 1)
    card = await final_card(workspace, number)
    assert approved.removeprefix("sha256:")[:12] in card.words
    assert "moved to" in card.words, card.words


async def test_what_was_approved_and_is_gone_from_the_registry_is_not_replaced_by_anything(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    repository, production = system.shop.repository, system.shop.production
    push(images.web_v1, "1")
    worker = await system.opens(workspace)
    number = await system.asked(alice, f"deploy {repository}:1 to {production}")
    system.reaches(number, State.AWAITING_APPROVAL)
    await approval_request(workspace, number)
    worker.stop()
    for voter in (BOB, CAROL):
        await approve(workspace, workspace.person(voter), number)
    system.reaches(number, State.QUEUED)
    registry.delete_repository(repository)
    remove_images(engine, repository)
    push(images.web_v2, "1")
    system.worker()
    assert system.ended(number).state is State.FAILED
    assert "👉" in (await final_card(workspace, number)).words
    label = {"label": f"quaymaster.environment={production}"}
    assert engine.containers.list(all=True, filters=label) == []


async def test_a_digest_that_was_never_there_is_refused_before_anybody_is_asked(
    system: System, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    repository, production = system.shop.repository, system.shop.production
    push(images.web_v1, "1")
    await system.opens(workspace)
    missing = f"{repository}@sha256:{'0' * 64}"
    number = await system.asked(alice, f"deploy {missing} to {production}")
    assert system.ended(number).state is State.FAILED
    card = await final_card(workspace, number)
    assert "👉" in card.words
    assert "0" * 12 in card.words
