"""The running product for tests: local Slack, real database, real engines."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import docker
import pytest

from local_slack import LocalSlack, Person, Workspace, serve
from testing.engines.barrier import Barrier, barrier_to_port, barrier_to_socket
from testing.engines.local_images import push_image
from testing.engines.registries import Registry
from testing.engines.valkey import ValkeyServer
from testing.system import Shop, System, opened
from tests.people import ALICE, BOB, CAROL

DATABASE_PASSWORD = "hunter2-in-the-database"
"""A secret of the service in staging: it must be found nowhere."""

Push = Callable[[str, str], str]
"""Puts a local image into the registry, as a tag of the shop; returns its digest."""


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    """A local Slack of the test's own."""
    with serve() as running:
        yield running


@pytest.fixture
async def workspace(slack: LocalSlack) -> AsyncIterator[Workspace]:
    """That Slack, to act in and to look at."""
    async with slack.workspace() as opened_workspace:
        yield opened_workspace


@pytest.fixture
def alice(workspace: Workspace) -> Person:
    """She asks."""
    return workspace.person(ALICE)


@pytest.fixture
def bob(workspace: Workspace) -> Person:
    """He and Carol may approve what goes to production."""
    return workspace.person(BOB)


@pytest.fixture
def carol(workspace: Workspace) -> Person:
    """She and Bob may approve what goes to production."""
    return workspace.person(CAROL)


@pytest.fixture
def registry_barrier(registry: Registry) -> Iterator[Barrier]:
    """A way to the registry that can be closed."""
    with barrier_to_port(int(registry.host.partition(":")[2])) as barrier:
        yield barrier


@pytest.fixture
def engine_barrier(tmp_path: Path, docker_host: str) -> Iterator[Barrier]:
    """A way to the engine that can be closed."""
    with barrier_to_socket(tmp_path / "engine.sock", docker_host) as barrier:
        yield barrier


@pytest.fixture
def shop_registry(registry: Registry) -> Registry:
    """The registry as the system knows it; a module may put a barrier before it."""
    return registry


@pytest.fixture
def shop_docker_host(docker_host: str) -> str:
    """The engine as the system knows it; a module may put a barrier before it."""
    return docker_host


@pytest.fixture
def system(
    tmp_path: Path,
    slack: LocalSlack,
    valkey_server: ValkeyServer,
    shop_registry: Registry,
    shop_docker_host: str,
    engine: docker.DockerClient,
    repository: str,
    free_port: int,
) -> Iterator[System]:
    """The product with one host, staging and production; start programs with ``house.start``.

    No program may have asked Redis for what its user may not.
    """
    shop = Shop(shop_registry, shop_docker_host, repository, free_port)
    secrets = {"REGISTRY_PASSWORD": shop_registry.password, "DATABASE_PASSWORD": DATABASE_PASSWORD}
    try:
        with opened(tmp_path, slack, valkey_server, shop, **secrets) as system:
            system.is_forking = True
            yield system
            assert system.refusals() == []
    finally:
        shop.clean(engine)


@pytest.fixture
def push(engine: docker.DockerClient, registry: Registry, repository: str) -> Push:
    """Into the registry itself, whatever is before it."""
    return lambda image, tag: push_image(engine, registry, image, repository, tag)
