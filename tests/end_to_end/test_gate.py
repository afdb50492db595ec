"""The gate with a real scanner: blocked, and unknown where the scanner cannot say anything."""

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.findings import Unknown
from quaymaster.operations import State
from quaymaster.outcomes import Scanned
from testing.engines.trivy import TrivyCaches
from testing.images.catalogue import LocalImages
from testing.system import System
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("edition", ["missing", "truncated", "outdated"])
async def test_a_scan_without_a_usable_database_is_unknown(
    system: System,
    workspace: Workspace,
    repository: str,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    edition: str,
    push: Push,
    alice: Person,
) -> None:
    push(images.clean, "1")
    system.start("bot")
    system.start("worker", TRIVY_CACHE_DIR=str(getattr(trivy_caches, edition)))
    await workspace.connected(within=60)
    number = await system.asked(alice, f"scan {repository}:1")
    scanned = system.ended(number)
    assert isinstance(scanned.outcome, Scanned), (scanned, system.logs())
    assert isinstance(scanned.outcome.verdict, Unknown)
    card = await alice.sees("Unknown", channel="C0SHOP")
    assert "Clean" not in card.words


async def test_a_deploy_of_an_image_nobody_could_scan_is_stopped_by_the_gate(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    repository: str,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    push: Push,
    alice: Person,
) -> None:
    push(images.clean, "1")
    system.reconfigure("gate: {block: never, unknown: allow}", "gate: {block: high}")
    system.start("bot")
    system.start("worker", TRIVY_CACHE_DIR=str(trivy_caches.missing))
    await workspace.connected(within=60)
    number = await system.asked(alice, f"deploy {repository}:1 to {system.shop.staging}")
    assert system.ended(number).state is State.REFUSED
    await alice.sees("does not let", channel="C0SHOP")
    label = {"label": f"quaymaster.environment={system.shop.staging}"}
    assert engine.containers.list(all=True, filters=label) == []


async def test_an_image_with_findings_is_stopped_by_the_gate(
    system: System,
    workspace: Workspace,
    repository: str,
    images: LocalImages,
    trivy_caches: TrivyCaches,
    push: Push,
    alice: Person,
) -> None:
    push(images.vulnerable, "1")
    system.reconfigure("gate: {block: never, unknown: allow}", "gate: {block: high}")
    system.start("bot")
    system.start("worker", TRIVY_CACHE_DIR=str(trivy_caches.a))
    await workspace.connected(within=60)
    number = await system.asked(alice, f"deploy {repository}:1 to {system.shop.staging}")
    assert system.ended(number).state is State.REFUSED
    await alice.sees("too severe", channel="C0SHOP")
