"""pull, tag, push and scan for real, from Slack."""

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from quaymaster.outcomes import Pulled, Pushed, Scanned, Tagged
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches
from testing.images.catalogue import FINDINGS_A, LocalImages
from testing.system import System
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


async def test_an_image_goes_from_registry_to_host_and_back(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    repository: str,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    digest = push(images.web_v1, "1.4")
    await system.opens(workspace)

    number = await system.asked(alice, f"pull {repository}:1.4")
    pulled = system.ended(number)
    assert isinstance(pulled.outcome, Pulled), system.logs()
    assert str(pulled.outcome.digest) == digest

    number = await system.asked(alice, f"tag {repository}:1.4 as {repository}:stable")
    tagged = system.ended(number)
    assert isinstance(tagged.outcome, Tagged)
    assert tagged.outcome.where == "registry"
    assert registry.digest(repository, "stable") == digest

    name = f"{registry.host}/{repository}"
    engine.images.get(images.web_v2).tag(name, "1.5")
    number = await system.asked(alice, f"push {repository}:1.5")
    pushed = system.ended(number)
    assert isinstance(pushed.outcome, Pushed), pushed
    assert registry.digest(repository, "1.5") == str(pushed.outcome.digest)

    await alice.sees(pushed.outcome.digest.short, channel="C0SHOP")


async def test_a_push_of_what_is_not_there_ends_in_a_card_that_says_what_to_do(
    system: System, workspace: Workspace, repository: str, push: Push, alice: Person
) -> None:
    await system.opens(workspace)
    number = await system.asked(alice, f"push {repository}:9.9")
    assert system.ended(number).state is State.FAILED
    await alice.sees("has no image", channel="C0SHOP")


async def test_a_scan_alerts_each_channel_once(
    system: System,
    workspace: Workspace,
    repository: str,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    push: Push,
    alice: Person,
) -> None:
    push(images.vulnerable, "1.4")
    system.start("bot")
    system.start("worker", TRIVY_CACHE_DIR=str(trivy_caches.a))
    await workspace.connected(within=60)
    number = await system.asked(alice, f"scan {repository}:1.4")
    scanned = system.ended(number)
    assert isinstance(scanned.outcome, Scanned), scanned
    assert scanned.outcome.total == FINDINGS_A
    for channel in ("C0SHOP", "C0SECURITY"):
        await alice.sees(lambda m: "lodash" in m.words and "new" in m.words, channel=channel)
    number = await system.asked(alice, f"scan {repository}:1.4")
    again = system.ended(number)
    assert isinstance(again.outcome, Scanned)
    assert again.outcome.reused
    assert again.outcome.alerts == ()
