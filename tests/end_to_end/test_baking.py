"""The bake window: a last look decides between release and going back, and a rollback sticks."""

import contextlib

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from quaymaster.outcomes import Deployed, Failed
from quaymaster.store import releases
from quaymaster.store.transactions import ask
from quaymaster.target import ServiceRef
from testing.images.catalogue import LocalImages
from testing.system import System, page_at
from tests.end_to_end.cards import final_card
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def second_digest(push: Push, images: LocalImages) -> str:
    """Two versions are in the registry: the digest of the second."""
    push(images.web_v1, "1")
    return push(images.web_v2, "2")


@pytest.fixture
async def baking(system: System, workspace: Workspace, alice: Person) -> int:
    """The deploy of the second version, which bakes; the first was released."""
    repository, staging = system.shop.repository, system.shop.staging
    system.reconfigure("environment: {GREETING", "bake: 4s\n        environment: {GREETING")
    await system.opens(workspace)
    first = await system.asked(alice, f"deploy {repository}:1 to {staging}")
    assert system.ended(first).state is State.SUCCEEDED, system.logs()
    second = await system.asked(alice, f"deploy {repository}:2 to {staging}")
    system.reaches(second, State.BAKING)
    assert _released(system) == 1
    return second


async def test_what_stays_healthy_is_released_after_its_bake_window(
    system: System, baking: int
) -> None:
    baked = system.ended(baking)
    assert isinstance(baked.outcome, Deployed), system.logs()
    assert baked.verify_at is not None
    assert baked.changed_at >= baked.verify_at
    assert _released(system) == 2
    assert "web v2" in page_at(system.shop.port)


async def test_a_configuration_that_is_edited_while_it_bakes_does_not_lose_the_release(
    system: System, baking: int
) -> None:
    bot, worker = system.programs[:2]
    worker.stop()
    bot.stop()
    system.reconfigure("GREETING: hello", "GREETING: welcome")
    system.start("bot")
    system.worker()
    baked = system.ended(baking)
    assert isinstance(baked.outcome, Deployed), system.logs()
    assert _released(system) == 2
    assert "web v2" in page_at(system.shop.port)


@pytest.mark.parametrize("how", ["it ends", "it is removed"])
async def test_what_does_not_stay_healthy_goes_back_and_is_not_deployed_again(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    baking: int,
    how: str,
    alice: Person,
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    container = engine.containers.get(f"quaymaster-{staging}-web-{baking}.2")
    if how == "it ends":
        container.stop(timeout=1)
    else:
        container.remove(force=True)
    ended = system.ended(baking)
    assert isinstance(ended.outcome, Failed), (ended, system.logs())
    assert "web v1" in page_at(system.shop.port)
    card = await final_card(workspace, baking)
    assert "Rolled back automatically to" in card.words
    assert "is back" in card.words
    assert _released(system) == 1
    again = await system.asked(alice, f"deploy {repository}:2 to {staging}")
    assert system.ended(again).state is State.REFUSED
    assert "rolled back from" in (await final_card(workspace, again)).words


async def test_a_rollback_sticks_also_for_the_same_digest_under_another_tag(
    system: System,
    workspace: Workspace,
    push: Push,
    images: LocalImages,
    second_digest: str,
    alice: Person,
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v2, "latest")
    await system.opens(workspace)
    for tag in ("1", "2"):
        number = await system.asked(alice, f"deploy {repository}:{tag} to {staging}")
        assert system.ended(number).state is State.SUCCEEDED, system.logs()
    number = await system.asked(alice, f"rollback {staging}/web")
    assert system.ended(number).state is State.SUCCEEDED, system.logs()
    assert "web v1" in page_at(system.shop.port)
    for what in (f"{repository}:2", f"{repository}:latest", f"{repository}@{second_digest}"):
        number = await system.asked(alice, f"deploy {what} to {staging}")
        assert system.ended(number).state is State.REFUSED, what
        assert "rolled back from" in (await final_card(workspace, number)).words
    assert "web v1" in page_at(system.shop.port)


def _released(system: System) -> int:
    with contextlib.closing(system.connection()) as connection:
        query = releases.latest(
            ServiceRef(system.shop.staging, "web"), system.keys.ring, "host:build1"
        )
        return len(ask(connection, query))
