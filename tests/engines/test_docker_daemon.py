"""The Docker engine runs the test images for real."""

import docker
import httpx
import pytest

from tests.engines.waiting import wait_until
from tests.images.catalogue import LocalImages

pytestmark = pytest.mark.engine


def status_of(port: int, path: str) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code
    except httpx.TransportError:
        return 0


def test_web_v1_becomes_healthy(
    engine: docker.DockerClient, images: LocalImages, free_port: int
) -> None:
    container = engine.containers.run(
        images.web_v1, detach=True, ports={"8000/tcp": ("127.0.0.1", free_port)}
    )
    try:
        wait_until(lambda: status_of(free_port, "/healthz") == 200, within=20, what="web v1")
    finally:
        container.remove(force=True)
