"""The running product for tests: local Slack, real database, real engines."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import docker
import pytest

from local_slack import LocalSlack, Workspace, serve
from tests.end_to_end.house import House, Shop, opened
from tests.engines.registries import Registry
from tests.engines.valkey import ValkeyServer

DATABASE_PASSWORD = "hunter2-in-the-database"
"""A secret of the service in staging: it must be found nowhere."""


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
def house(
    tmp_path: Path,
    slack: LocalSlack,
    valkey_server: ValkeyServer,
    registry: Registry,
    docker_host: str,
    engine: docker.DockerClient,
    repository: str,
    free_port: int,
) -> Iterator[House]:
    """The product with one host, staging and production; start programs with ``house.start``."""
    shop = Shop(registry, docker_host, repository, free_port)
    secrets = {"REGISTRY_PASSWORD": registry.password, "DATABASE_PASSWORD": DATABASE_PASSWORD}
    try:
        with opened(tmp_path, slack, valkey_server, shop, **secrets) as house:
            yield house
    finally:
        shop.clean(engine)
