"""SIGTERM: no new work, short work finishes, long work is handed back, all within the grace."""

from dataclasses import replace

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.operations import Stage, State
from quaymaster.outcomes import Deployed, Pushed
from testing.engines.barrier import Barrier
from testing.engines.local_images import load_big_image
from testing.engines.registries import Registry
from testing.images.catalogue import LocalImages
from testing.system import System, page_at
from tests.end_to_end.cards import cards_of, final_card
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine

LONGEST_SECONDS = 25.0
"""A system gives its workers ten seconds; what is late is killed by the supervisor five seconds
later, and then the status is not 0.
"""


@pytest.fixture
def shop_registry(registry: Registry, registry_barrier: Barrier) -> Registry:
    """The registry behind the barrier: a test decides how long work with it lasts."""
    return replace(registry, host=registry_barrier.address)


async def test_a_worker_that_is_asked_to_stop_hands_a_push_back_and_another_finishes_it(
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
    worker = await system.opens(workspace)
    hold = registry_barrier.hold_after_bytes(2_000_000)
    number = await system.asked(alice, f"push {system.shop.repository}:1")
    hold.wait_until_reached()
    assert worker.stop(LONGEST_SECONDS) == 0
    handed_back = system.operation(number)
    assert handed_back is not None
    assert (handed_back.state, handed_back.crashes) == (State.QUEUED, 0), system.logs()
    hold.release()
    system.worker()
    pushed = system.ended(number)
    assert isinstance(pushed.outcome, Pushed), pushed
    assert registry.digest(system.shop.repository, "1") == str(pushed.outcome.digest)
    await final_card(workspace, number)
    assert len(await cards_of(workspace, number)) == 1


async def test_a_worker_that_is_asked_to_stop_finishes_what_is_short_and_takes_nothing_new(
    system: System,
    workspace: Workspace,
    registry: Registry,
    registry_barrier: Barrier,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    repository = system.shop.repository
    digest = push(images.web_v1, "1")
    worker = await system.opens(workspace)
    hold = registry_barrier.hold_call("^PUT .*/manifests/stable")
    first = await system.asked(alice, f"tag {repository}:1 as {repository}:stable")
    hold.wait_until_reached()
    worker.ask_to_stop()
    second = await system.asked(alice, f"tags {repository}")
    hold.release()
    assert worker.stop(LONGEST_SECONDS) == 0
    assert system.ended(first).state is State.SUCCEEDED
    assert registry.digest(repository, "stable") == digest
    assert system.reaches(second, State.QUEUED).started_at is None
    system.worker()
    assert system.ended(second).state is State.SUCCEEDED
    await final_card(workspace, second)


async def test_a_deploy_that_waits_for_health_goes_back_to_the_old_one_and_is_queued_again(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v1, "1")
    push(images.web_v4_slow_start, "4")
    worker = await system.opens(workspace)
    first = await system.asked(alice, f"deploy {repository}:1 to {staging}")
    assert system.ended(first).state is State.SUCCEEDED
    second = await system.asked(alice, f"deploy {repository}:4 to {staging}")
    system.until(
        second, lambda one: one.progress is not None and one.progress.step == "waiting for health"
    )
    assert worker.stop(LONGEST_SECONDS) == 0
    handed_back = system.operation(second)
    assert handed_back is not None
    assert (handed_back.state, handed_back.stage) == (State.QUEUED, Stage.APPLY), system.logs()
    label = {"label": f"quaymaster.environment={staging}"}
    assert len(engine.containers.list(all=True, filters=label)) == 1
    assert "web v1" in page_at(system.shop.port)

    system.worker()
    assert isinstance(system.ended(second).outcome, Deployed), system.logs()
    assert "web v4" in page_at(system.shop.port)
    await final_card(workspace, second)
    assert len(await cards_of(workspace, second)) == 1


async def test_a_rollback_that_waits_for_health_is_queued_again_and_done_by_the_next_worker(
    system: System, workspace: Workspace, images: LocalImages, push: Push, alice: Person
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v4_slow_start, "4")
    push(images.web_v1, "5")
    worker = await system.opens(workspace)
    for tag in ("4", "5"):
        number = await system.asked(alice, f"deploy {repository}:{tag} to {staging}")
        assert system.ended(number).state is State.SUCCEEDED, system.logs()
    number = await system.asked(alice, f"rollback {staging}/web")
    system.until(
        number, lambda one: one.progress is not None and one.progress.step == "waiting for health"
    )
    assert worker.stop(LONGEST_SECONDS) == 0
    handed_back = system.operation(number)
    assert handed_back is not None
    assert (handed_back.state, handed_back.stage) == (State.QUEUED, Stage.APPLY), system.logs()
    assert "web v1" in page_at(system.shop.port)

    system.worker()
    ended = system.ended(number)
    assert isinstance(ended.outcome, Deployed), (ended.outcome, system.logs())
    assert "web v4" in page_at(system.shop.port)
    again = await system.asked(alice, f"deploy {repository}:4 to {staging}")
    assert system.ended(again).state.is_terminal
    await final_card(workspace, again)


@pytest.mark.deadline
async def test_a_bot_that_is_asked_to_stop_ends_within_ten_seconds(
    system: System, workspace: Workspace, alice: Person
) -> None:
    bot = system.start("bot")
    await workspace.connected(within=60)
    await alice.command("C0SHOP", "jobs")
    assert bot.stop(within=10) == 0
