"""Commands that look: a person types, a card answers."""

import docker
import pytest

from local_slack import Workspace
from tests.end_to_end.house import House
from tests.engines.local_images import push_image
from tests.engines.registries import Registry
from tests.images.catalogue import LocalImages

pytestmark = pytest.mark.engine

ALICE = "U024BE7LH"


async def test_a_person_looks_around_in_registry_and_host(
    house: House,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    repository: str,
    images: LocalImages,
) -> None:
    digest = push_image(engine, registry, images.web_v1, repository, "1.4")
    await house.opens(workspace)
    alice = workspace.person(ALICE)

    outcome = await alice.command("C0SHOP", f"tags {repository}")
    assert "#1" in outcome.words, house.logs()
    await alice.sees("1 tag", channel="C0SHOP")

    await alice.command("C0SHOP", f"inspect {repository}:1.4")
    card = await alice.sees(digest.removeprefix("sha256:")[:12], channel="C0SHOP")
    assert "/bin/serve" in card.words

    await alice.command("C0SHOP", f"history {repository}:1.4")
    await alice.sees("History of", channel="C0SHOP")

    await alice.command("C0SHOP", "images on build1")
    await alice.sees(images.web_v1, channel="C0SHOP")

    assert "deploy" in (await alice.command("C0SHOP", "help")).words
    await alice.command("C0SHOP", "jobs")
    await alice.sees("inspect", channel="C0SHOP")
    await alice.command("C0SHOP", "status")
    await alice.sees(house.shop.staging, channel="C0SHOP")
