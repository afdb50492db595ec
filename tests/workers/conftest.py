"""Fixtures for tests of the workers on the real engine."""

import secrets
from collections.abc import Iterator

import docker
import pytest

from testing.engines.registries import Registry
from tests.workers.services import Service
from workers.docker.engine import Engine


@pytest.fixture
def host(docker_host: str) -> Iterator[Engine]:
    """The product's connection to the test engine."""
    with Engine.connect(docker_host, name="build1") as engine:
        yield engine


@pytest.fixture
def service(
    host: Engine,
    engine: docker.DockerClient,
    registry: Registry,
    repository: str,
    free_port: int,
) -> Iterator[Service]:
    """A service `web` in an environment of the test's own; afterwards nothing is left of it."""
    name = f"t{secrets.token_hex(4)}"
    service = Service(host, engine, registry, repository, name, free_port)
    yield service
    service.clean()
