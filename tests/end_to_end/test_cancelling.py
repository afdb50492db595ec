"""Cancel: at the next step while something runs, at once while nothing does, and then no more."""

from dataclasses import replace

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from testing.engines.barrier import Barrier
from testing.engines.local_images import load_big_image
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages
from testing.system import System, page_at
from tests.end_to_end.cards import final_card
from tests.end_to_end.conftest import Push
from tests.people import ALICE

pytestmark = pytest.mark.engine


@pytest.fixture
def shop_registry(registry: Registry, registry_barrier: Barrier) -> Registry:
    """The registry behind the barrier: a push can be held half-way."""
    return replace(registry, host=registry_barrier.address)


async def test_a_running_push_that_is_cancelled_stops_and_leaves_no_tag(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    registry_barrier: Barrier,
    push: Push,
    alice: Person,
) -> None:
    name = f"{registry_barrier.address}/{system.shop.repository}:1"
    load_big_image(engine, name, layers=4, layer_bytes=2_000_000)
    await system.opens(workspace)
    hold = registry_barrier.hold_after_bytes(2_000_000)
    number = await system.asked(alice, f"push {system.shop.repository}:1")
    hold.wait_until_reached()
    card = await alice.sees(lambda one: "cancel" in one.buttons, channel="C0SHOP")
    await alice.click(card, "cancel")
    assert system.ended(number).state is State.CANCELLED, system.logs()
    hold.release()
    shown = await final_card(workspace, number)
    assert ALICE in shown.pings
    assert registry.digest(system.shop.repository, "1") is None
    assert "cancel" not in shown.buttons


async def test_a_deploy_that_waits_for_health_and_is_cancelled_leaves_the_old_one_serving(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    push: Push,
    images: LocalImages,
    alice: Person,
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v1, "1")
    push(images.web_v4_slow_start, "4")
    await system.opens(workspace)
    assert system.ended(await system.asked(alice, f"deploy {repository}:1 to {staging}")).outcome
    number = await system.asked(alice, f"deploy {repository}:4 to {staging}")
    system.until(
        number, lambda one: one.progress is not None and one.progress.step == "waiting for health"
    )
    await alice.command("C0SHOP", f"cancel {number}")
    assert system.ended(number).state is State.CANCELLED, system.logs()
    await final_card(workspace, number)
    label = {"label": f"quaymaster.environment={staging}"}
    assert len(engine.containers.list(all=True, filters=label)) == 1
    assert "web v1" in page_at(system.shop.port)


async def test_a_deploy_that_serves_already_cannot_be_cancelled_and_says_why(
    system: System, workspace: Workspace, push: Push, images: LocalImages, alice: Person
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v1, "1")
    system.reconfigure("environment: {GREETING", "bake: 1h\n        environment: {GREETING")
    await system.opens(workspace)
    number = await system.asked(alice, f"deploy {repository}:1 to {staging}")
    system.reaches(number, State.BAKING)
    await alice.command("C0SHOP", f"cancel {number}")
    refusal = await alice.sees("the new version is already live", channel="C0SHOP")
    assert refusal.only_for == ALICE
    assert f"rollback {staging}/web" in refusal.words
    still = system.operation(number)
    assert still is not None
    assert still.state is State.BAKING


async def test_what_waits_is_cancelled_at_once_and_what_has_ended_is_not(
    system: System, workspace: Workspace, push: Push, images: LocalImages, alice: Person
) -> None:
    repository, production = system.shop.repository, system.shop.production
    push(images.web_v1, "1")
    worker = await system.opens(workspace)
    waiting = await system.asked(alice, f"deploy {repository}:1 to {production}")
    system.reaches(waiting, State.AWAITING_APPROVAL)
    worker.stop()
    queued = await system.asked(alice, f"tags {repository}")
    system.reaches(queued, State.QUEUED)
    for number in (waiting, queued):
        await alice.command("C0SHOP", f"cancel {number}")
        system.reaches(number, State.CANCELLED)
        await alice.command("C0SHOP", f"cancel {number}")
        await alice.sees(f"#{number} cannot be cancelled: it has ended", channel="C0SHOP")
    system.worker()
    for number in (waiting, queued):
        await final_card(workspace, number)
    await alice.command("C0SHOP", "cancel 4711")
    await alice.sees("no operation #4711", channel="C0SHOP")
