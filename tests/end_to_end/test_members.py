"""The image that is judged is the image that runs, also where a name means several (G4)."""

from dataclasses import dataclass, replace

import docker
import pytest

from local_slack import Workspace
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Failed
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches
from testing.images.catalogue import LocalImages
from testing.images.systems import system_image
from testing.planned import the_change
from testing.system import System, page_at
from tests.end_to_end.cards import final_card
from tests.end_to_end.conftest import Push
from tests.people import ALICE
from tests.workers.registry_content import Content
from trial.archive import this_architecture

pytestmark = pytest.mark.engine

OWN = f"linux/{this_architecture()}"


@dataclass(frozen=True, slots=True)
class Pair:
    """An image that the gate lets through and one that it does not, under one repository."""

    system: System
    workspace: Workspace
    engine: docker.DockerClient
    registry: Registry
    clean: str
    vulnerable: str

    def index(self, *members: tuple[str, str]) -> str:
        """Both, or others, under the tag 1; its digest."""
        with self.registry.client() as client:
            return Content(client, self.system.shop.repository).index_of("1", *members)

    async def deployed(self, cache: str, platform: str = "") -> Operation:
        """What becomes of a deploy of the tag 1 to staging."""
        house = self.system
        house.reconfigure("gate: {block: never, unknown: allow}", "gate: {block: high}")
        if platform:
            host = f'build1: {{docker: "{house.shop.docker_host}"'
            house.reconfigure(host, f"{host}, platform: {platform}")
        house.start("bot")
        house.start("worker", TRIVY_CACHE_DIR=cache)
        await self.workspace.connected(within=60)
        alice = self.workspace.person(ALICE)
        to = f"deploy {house.shop.repository}:1 to {house.shop.staging}"
        return house.ended(await house.asked(alice, to))

    def containers(self) -> list[str]:
        """The ids of the images that containers of staging were made from."""
        label = {"label": f"quaymaster.environment={self.system.shop.staging}"}
        containers = self.engine.containers.list(all=True, filters=label)
        return [one.attrs["Image"] for one in containers]


@pytest.fixture
def pair(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    push: Push,
) -> Pair:
    clean, vulnerable = (
        push(image, f"alone-{number}")
        for number, image in enumerate((images.clean, images.vulnerable))
    )
    return Pair(system, workspace, engine, registry, clean, vulnerable)


async def test_an_index_whose_member_nobody_can_tell_is_refused_with_the_line_to_add(
    pair: Pair, trivy_caches: TrivyCaches
) -> None:
    pair.index((f"{OWN}/v9", pair.clean), (OWN, pair.vulnerable))
    ended = await pair.deployed(str(trivy_caches.a))
    assert ended.state is State.FAILED, ended
    assert isinstance(ended.outcome, Failed)
    assert f"build1: {{platform: {OWN}" in ended.outcome.trouble.next_step
    assert pair.containers() == []


async def test_the_vulnerable_member_that_the_host_runs_is_stopped_by_the_gate(
    pair: Pair, trivy_caches: TrivyCaches
) -> None:
    """The clean one stands first, and for a processor that the host does not say it has."""
    pair.index((f"{OWN}/v9", pair.clean), (OWN, pair.vulnerable))
    ended = await pair.deployed(str(trivy_caches.a), platform=OWN)
    assert ended.state is State.REFUSED, ended
    assert ended.resolved is not None
    assert str(ended.resolved.image.digest) == pair.vulnerable
    assert pair.containers() == []


async def test_the_member_that_was_scanned_is_the_one_that_serves(
    pair: Pair, images: LocalImages, trivy_caches: TrivyCaches
) -> None:
    index = pair.index((f"{OWN}/v9", pair.clean), (OWN, pair.vulnerable))
    ended = await pair.deployed(str(trivy_caches.a), platform=f"{OWN}/v9")
    assert ended.state is State.SUCCEEDED, (ended, pair.system.logs())
    change = the_change(ended.plan)
    assert (str(change.digest), str(change.named)) == (pair.clean, index)
    assert pair.containers() == [pair.engine.images.get(images.clean).id]
    assert "web clean" in page_at(pair.system.shop.port)
    card = await final_card(pair.workspace, ended.id)
    assert "moved" not in card.words


async def test_an_index_without_an_image_for_the_host_says_what_it_is_made_for(
    pair: Pair, trivy_caches: TrivyCaches
) -> None:
    pair.index(("linux/s390x", pair.clean))
    ended = await pair.deployed(str(trivy_caches.a))
    assert ended.state is State.FAILED
    assert isinstance(ended.outcome, Failed)
    assert f"no image for {OWN}, which build1 runs" in ended.outcome.trouble.what
    assert "linux/s390x" in ended.outcome.trouble.why


async def test_another_platform_than_the_usual_is_scanned_and_run(
    pair: Pair, images: LocalImages, trivy_caches: TrivyCaches
) -> None:
    """On a host of this platform nothing of linux/amd64 is looked at."""
    pair.index(("linux/amd64", pair.vulnerable), ("linux/s390x", pair.clean))
    ended = await pair.deployed(str(trivy_caches.a), platform="linux/s390x")
    assert ended.state is State.SUCCEEDED, (ended, pair.system.logs())
    assert ended.examined is None or ended.examined.image.digest == the_change(ended.plan).digest
    assert pair.containers() == [pair.engine.images.get(images.clean).id]


async def test_a_plain_image_for_another_platform_is_refused_before_anything_is_scanned(
    pair: Pair, trivy_caches: TrivyCaches
) -> None:
    with pair.registry.client() as client:
        plain = replace(system_image("debian"), architecture="s390x")
        Content(client, pair.system.shop.repository).put(plain, "1")
    ended = await pair.deployed(str(trivy_caches.a))
    assert ended.state is State.FAILED
    assert isinstance(ended.outcome, Failed)
    assert f"no image for {OWN}, which build1 runs" in ended.outcome.trouble.what
    assert ended.resolved is None
    assert "made for: linux/s390x" in (await final_card(pair.workspace, ended.id)).words


async def test_attestations_are_no_members(
    pair: Pair, images: LocalImages, trivy_caches: TrivyCaches
) -> None:
    pair.index(("unknown/unknown", pair.vulnerable), (OWN, pair.clean))
    ended = await pair.deployed(str(trivy_caches.a))
    assert ended.state is State.SUCCEEDED, (ended, pair.system.logs())
    assert pair.containers() == [pair.engine.images.get(images.clean).id]
