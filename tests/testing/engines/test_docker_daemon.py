"""The Docker engine runs the test images for real."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import docker
import httpx
import pytest

from testing.engines.waiting import wait_until
from testing.images.catalogue import HOSTILE_TEXT, PLANTED_SECRET, LocalImages

pytestmark = pytest.mark.engine


@contextmanager
def running(engine: docker.DockerClient, image: str, port: int, **options: Any) -> Iterator[Any]:
    published = {"8000/tcp": ("127.0.0.1", port)}
    container = engine.containers.run(image, detach=True, ports=published, **options)
    try:
        yield container
    finally:
        container.remove(force=True)


def answer(port: int, path: str) -> httpx.Response | None:
    """What the service says, or None while nothing listens."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)
    except httpx.TransportError:
        return None


def first_answer(port: int, path: str) -> httpx.Response:
    return wait_until(lambda: answer(port, path), within=20, what=f"an answer on {path}")


def test_web_v1_becomes_healthy(
    engine: docker.DockerClient, images: LocalImages, free_port: int
) -> None:
    with running(engine, images.web_v1, free_port):
        assert first_answer(free_port, "/healthz").status_code == httpx.codes.OK
        assert first_answer(free_port, "/").text == "web v1\n"


def test_web_v2_serves_another_page_from_another_image(
    engine: docker.DockerClient, images: LocalImages, free_port: int
) -> None:
    with running(engine, images.web_v2, free_port):
        assert first_answer(free_port, "/").text == "web v2\n"
    assert engine.images.get(images.web_v1).id != engine.images.get(images.web_v2).id


def test_web_v3_serves_but_says_that_it_is_unhealthy(
    engine: docker.DockerClient, images: LocalImages, free_port: int
) -> None:
    with running(engine, images.web_v3_broken, free_port) as container:
        health = first_answer(free_port, "/healthz")
        assert health.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert first_answer(free_port, "/").text == "web v3\n"
        assert b"GET /healthz 503" in container.logs()


def test_web_v4_listens_late(
    engine: docker.DockerClient, images: LocalImages, free_port: int
) -> None:
    with running(engine, images.web_v4_slow_start, free_port) as container:
        assert first_answer(free_port, "/healthz").status_code == httpx.codes.OK
        starting, listening, *_ = container.logs(timestamps=True).decode().splitlines()
    began, ready = (datetime.fromisoformat(line.split()[0]) for line in (starting, listening))
    assert ready - began > timedelta(seconds=2.5)


def test_web_v6_ends_with_status_3_and_says_why(
    engine: docker.DockerClient, images: LocalImages, free_port: int
) -> None:
    with running(engine, images.web_v6_crash, free_port) as container:
        assert container.wait(timeout=20)["StatusCode"] == 3
        assert b"cannot reach the database" in container.logs()


@pytest.mark.parametrize("name", ["web_v1", "web_v3_broken", "web_v4_slow_start"])
def test_a_service_stops_at_once_on_sigterm(
    engine: docker.DockerClient, images: LocalImages, free_port: int, name: str
) -> None:
    with running(engine, getattr(images, name), free_port) as container:
        wait_until(lambda: b"starting" in container.logs(), within=20, what="the first log line")
        container.stop(timeout=60)
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 0, "it had to be killed"


def test_a_healthcheck_of_docker_tells_v1_from_v3(
    engine: docker.DockerClient, images: LocalImages, reserve_port: Any
) -> None:
    look = ["CMD", "wget", "-q", "-O-", "http://127.0.0.1:8000/healthz"]
    check = {"test": look, "interval": 200_000_000, "timeout": 5_000_000_000, "retries": 2}

    def status(container: Any) -> str:
        container.reload()
        found: str = container.attrs["State"]["Health"]["Status"]
        return "" if found == "starting" else found

    for image, expected in ((images.web_v1, "healthy"), (images.web_v3_broken, "unhealthy")):
        with running(engine, image, reserve_port(), healthcheck=check) as container:
            ended = wait_until(partial(status, container), within=20, what="a health status")
            assert ended == expected


def test_containers_of_one_network_reach_each_other_by_name(
    engine: docker.DockerClient, images: LocalImages, free_port: int, repository: str
) -> None:
    network = engine.networks.create(repository.replace("/", "-"))
    try:
        with running(engine, images.web_v1, free_port, network=network.name) as container:
            first_answer(free_port, "/healthz")
            said = engine.containers.run(
                images.web_v1,
                ["wget", "-q", "-O-", f"http://{container.short_id}:8000/"],
                network=network.name,
                remove=True,
            )
    finally:
        network.remove()
    assert said == b"web v1\n"


def test_the_hostile_image_carries_its_texts_and_its_secret(
    engine: docker.DockerClient, images: LocalImages
) -> None:
    config = engine.images.get(images.hostile).attrs["Config"]
    assert config["Labels"]["org.opencontainers.image.title"] == HOSTILE_TEXT
    assert len(HOSTILE_TEXT) == 5000
    assert f"API_TOKEN={PLANTED_SECRET}" in config["Env"]
