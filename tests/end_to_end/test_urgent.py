"""What cannot wait does not: each worker here has one process for everything that takes long."""

from dataclasses import dataclass, replace
from pathlib import Path

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from testing.engines.barrier import Barrier
from testing.engines.local_images import load_big_image
from testing.engines.registries import Registry
from testing.engines.trivy import TrivyCaches, trivy_binary
from testing.engines.waiting import wait_until
from testing.images.catalogue import LocalImages
from testing.system import System, page_at
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


@pytest.fixture
def shop_registry(registry: Registry, registry_barrier: Barrier) -> Registry:
    """The registry behind the barrier: a push can be held half-way."""
    return replace(registry, host=registry_barrier.address)


@dataclass(frozen=True, slots=True)
class HeldTrivy:
    """Stands in front of Trivy: the first scan that begins is held, all others pass."""

    folder: Path

    @property
    def is_held(self) -> bool:
        """Whether one stands still."""
        return (self.folder / "held").exists()

    def let_go(self) -> None:
        """Let it run to its end."""
        (self.folder / "go").touch()


@pytest.fixture
def trivy(system: System, trivy_caches: TrivyCaches, tmp_path: Path) -> HeldTrivy:
    folder = tmp_path / "held-trivy"
    folder.mkdir()
    program = folder / "trivy"
    program.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *image*) if mkdir {folder}/held 2>/dev/null; then\n'
        f"until [ -e {folder}/go ]; do sleep 0.05; done; fi;; esac\n"
        f'exec {trivy_binary()} "$@"\n'
    )
    program.chmod(0o755)
    system.environment["PATH"] = f"{folder}:{system.environment['PATH']}"
    system.environment["TRIVY_CACHE_DIR"] = str(trivy_caches.a)
    return HeldTrivy(folder)


async def test_a_rollback_passes_a_push_that_takes_the_hosts_worker(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry_barrier: Barrier,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v1, "1")
    push(images.web_v2, "2")
    big = f"{registry_barrier.address}/{repository}:big"
    load_big_image(engine, big, layers=4, layer_bytes=2_000_000)
    await system.opens(workspace)
    for tag in ("1", "2"):
        number = await system.asked(alice, f"deploy {repository}:{tag} to {staging}")
        assert system.ended(number).state is State.SUCCEEDED, system.logs()
    hold = registry_barrier.hold_after_bytes(2_000_000)
    held = await system.asked(alice, f"push {repository}:big")
    hold.wait_until_reached()
    waits = await system.asked(alice, "images on build1")

    rollback = await system.asked(alice, f"rollback {staging}/web")

    assert system.ended(rollback).state is State.SUCCEEDED, system.logs()
    assert "web v1" in page_at(system.shop.port)
    assert system.reaches(held, State.RUNNING)
    assert system.reaches(waits, State.QUEUED), "what can wait does, behind the push"
    hold.release()
    assert system.ended(held).state is State.SUCCEEDED, system.logs()
    assert system.ended(waits).state is State.SUCCEEDED


@pytest.mark.parametrize("where", ["", " on build1"])
async def test_a_deploy_passes_a_scan_that_takes_long(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    trivy: HeldTrivy,
    where: str,
    push: Push,
    alice: Person,
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    for tag, image in (("1", images.web_v1), ("2", images.web_v2)):
        push(image, tag)
    if where:
        name = f"{system.shop.registry.host}/{repository}"
        engine.images.get(images.web_v2).tag(name, "2")
    await system.opens(workspace)
    scan = await system.asked(alice, f"scan {repository}:2{where}")
    wait_until(lambda: trivy.is_held, within=30, what="the scan to begin")

    deploy = await system.asked(alice, f"deploy {repository}:1 to {staging}")

    assert system.ended(deploy).state is State.SUCCEEDED, system.logs()
    still = system.operation(scan)
    assert still is not None
    assert not still.state.is_terminal
    trivy.let_go()
    assert system.ended(scan, within=60).state is State.SUCCEEDED, system.logs()
