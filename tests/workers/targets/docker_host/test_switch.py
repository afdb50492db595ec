"""Switching a service on a real engine: the gap, and what a failure leaves."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import docker
import pytest

from quaymaster.errors import Cancelled, Conflict, OutsideFailure, Unhealthy
from quaymaster.services import HealthCheck, PublishedPort
from testing.images.catalogue import LocalImages
from tests.workers.services import UNDISTURBED, Service, Undisturbed
from workers.targets.docker_host.candidates import create_candidate
from workers.targets.docker_host.containers import ContainerRole, check_network_of
from workers.targets.docker_host.health import wait_until_healthy
from workers.targets.docker_host.moves import prune
from workers.targets.docker_host.switch import (
    find_retained,
    retire,
    start_candidate,
    switch,
    withdraw,
)

pytestmark = pytest.mark.engine

OUTBOUND = HealthCheck(http="/healthz", port=8000, within=4.0, outbound=True)


def test_a_candidate_is_healthy_before_it_claims_the_port(
    service: Service, images: LocalImages
) -> None:
    service.candidate(service.spec(service.image(images.web_v1, "1"), 1))
    assert service.places() == {1: ContainerRole.CANDIDATE}
    assert service.page() == ""


@pytest.mark.every_engine
def test_the_new_container_serves_after_a_short_gap(service: Service, images: LocalImages) -> None:
    old = service.serving(service.image(images.web_v1, "1"), 1)
    assert service.page() == "web v1"
    image = service.image(images.web_v2, "2")
    switched = switch(service.host, old, service.candidate(service.spec(image, 2)), UNDISTURBED)
    assert service.page() == "web v2"
    assert service.places() == {1: ContainerRole.DETACHED, 2: ContainerRole.SERVING}
    assert 0 < switched.gap_seconds < 2
    assert (switched.serving.image, switched.serving.turn) == (image, 2)
    assert not switched.serving.is_on_check


def test_a_first_release_has_no_gap(service: Service, images: LocalImages) -> None:
    candidate = service.candidate(service.spec(service.image(images.web_v1, "1"), 1))
    assert switch(service.host, None, candidate, UNDISTURBED).gap_seconds == 0


def test_the_old_one_is_kept_stopped_and_older_ones_go(
    service: Service, images: LocalImages
) -> None:
    image = service.image(images.web_v1, "1")
    serving = service.serving(image, 1)
    for operation in (2, 3):
        old = serving
        candidate = service.candidate(service.spec(image, operation))
        serving = switch(service.host, old, candidate, UNDISTURBED).serving
        retire(service.host, old, 3, UNDISTURBED)
        removed = prune(service.host, service.ref, 1, UNDISTURBED)
    assert removed == (f"quaymaster-{service.environment}-web-1.1",)
    assert service.places() == {2: ContainerRole.RETAINED, 3: ContainerRole.SERVING}


@pytest.mark.every_engine
def test_what_serves_comes_back_after_a_restart_and_what_is_kept_does_not(
    service: Service, images: LocalImages, engine: docker.DockerClient
) -> None:
    old = service.serving(service.image(images.web_v1, "1"), 1)
    candidate = service.candidate(service.spec(service.image(images.web_v2, "2"), 2))
    serving = switch(service.host, old, candidate, UNDISTURBED).serving
    retire(service.host, old, 3, UNDISTURBED)
    engine.containers.get(serving.id).restart(timeout=1)
    assert service.places() == {1: ContainerRole.RETAINED, 2: ContainerRole.SERVING}
    service.comes_to_say("web v2")


def test_a_container_of_another_image_than_was_looked_at_is_removed_before_it_starts(
    service: Service, images: LocalImages
) -> None:
    spec = service.spec(service.image(images.web_v1, "1"), 2)
    other = str(service.member(service.image(images.web_v2, "2")).config)
    with pytest.raises(OutsideFailure, match="not made from the image that was examined"):
        create_candidate(service.host, replace(spec, image_id=other), UNDISTURBED)
    assert service.places() == {}


def test_an_unhealthy_candidate_leaves_the_old_one_serving(
    service: Service, images: LocalImages
) -> None:
    service.serving(service.image(images.web_v1, "1"), 1)
    health = HealthCheck(http="/healthz", port=8000, within=1.0)
    spec = service.spec(service.image(images.web_v3_broken, "3"), 2, health=health)
    candidate = create_candidate(service.host, spec, UNDISTURBED)
    with pytest.raises(Unhealthy, match="returned 503") as raised:
        wait_until_healthy(service.host, candidate, health, UNDISTURBED)
    assert any("GET /healthz 503" in line for line in raised.value.problem.log_tail)
    withdraw(service.host, candidate, UNDISTURBED)
    assert service.places() == {1: ContainerRole.SERVING}
    assert service.page() == "web v1"


def test_a_port_of_somebody_else_is_a_conflict_that_names_them(
    service: Service, images: LocalImages, engine: docker.DockerClient
) -> None:
    other = engine.containers.create(images.web_v1, ports={"8000/tcp": ("127.0.0.1", service.port)})
    try:
        other.start()
        candidate = service.candidate(service.spec(service.image(images.web_v2, "2"), 2))
        with pytest.raises(Conflict, match=f"taken by the container {other.name}"):
            switch(service.host, None, candidate, UNDISTURBED)
    finally:
        other.remove(force=True)


@pytest.mark.every_engine
def test_a_port_that_is_lost_in_the_gap_goes_back_to_the_old_one(
    service: Service, images: LocalImages, engine: docker.DockerClient
) -> None:
    """The candidate cannot have its second port: the engine says so only when it is attached."""
    old = service.serving(service.image(images.web_v1, "1"), 1)
    with _listener() as taken:
        ports = (
            PublishedPort(service.port, 8000, address="127.0.0.1"),
            PublishedPort(taken, 9000, address="127.0.0.1"),
        )
        spec = service.spec(service.image(images.web_v2, "2"), 2, ports=ports)
        candidate = service.candidate(spec)
        with pytest.raises(Conflict) as raised:
            switch(service.host, old, candidate, UNDISTURBED)
    assert raised.value.problem.next_step
    assert raised.value.runs_now.startswith("The old container is back")
    assert service.places() == {1: ContainerRole.SERVING}
    assert service.page() == "web v1"


def test_a_check_that_needs_a_way_out_is_made_on_the_port(
    service: Service, images: LocalImages
) -> None:
    old = service.serving(service.image(images.web_v1, "1"), 1)
    spec = service.spec(service.image(images.web_v2, "2"), 2, health=OUTBOUND)
    switched = service.recreated(old, spec, UNDISTURBED)
    assert service.places() == {1: ContainerRole.RETAINED, 2: ContainerRole.SERVING}
    assert service.page() == "web v2"
    assert switched.gap_seconds > 0


@pytest.mark.parametrize("name", ["web_v3_broken", "web_v6_crash"])
@pytest.mark.every_engine
def test_the_old_one_comes_back_when_the_new_one_fails_on_the_port(
    service: Service, images: LocalImages, name: str
) -> None:
    old = service.serving(service.image(images.web_v1, "1"), 1)
    spec = service.spec(service.image(getattr(images, name), "3"), 2, health=OUTBOUND)
    with pytest.raises(Unhealthy) as raised:
        service.recreated(old, spec, UNDISTURBED)
    assert raised.value.problem.log_tail
    assert raised.value.runs_now.startswith("The old container is back")
    assert service.places() == {1: ContainerRole.SERVING}
    assert service.page() == "web v1"


def test_a_cancel_while_it_is_checked_on_the_port_brings_the_old_one_back(
    service: Service, images: LocalImages
) -> None:
    class Cancelling(Undisturbed):
        def check(self) -> None:
            raise Cancelled("It was cancelled while it ran.")

    old = service.serving(service.image(images.web_v1, "1"), 1)
    spec = service.spec(service.image(images.web_v2, "2"), 2, health=OUTBOUND)
    with pytest.raises(Cancelled) as raised:
        service.recreated(old, spec, Cancelling())
    assert raised.value.runs_now.startswith("The old container is back")
    assert service.page() == "web v1"


@pytest.mark.every_engine
def test_a_kept_container_is_revived_for_a_rollback(service: Service, images: LocalImages) -> None:
    old = service.serving(service.image(images.web_v1, "1"), 1)
    candidate = service.candidate(service.spec(service.image(images.web_v2, "2"), 2))
    bad = switch(service.host, old, candidate, UNDISTURBED).serving
    retire(service.host, old, 3, UNDISTURBED)
    assert old.image is not None
    kept = find_retained(service.state(), str(old.image.digest), old.configuration)
    assert kept is not None
    assert kept.id == old.id
    revived = start_candidate(service.host, kept, UNDISTURBED)
    wait_until_healthy(service.host, revived, revived.health_check, UNDISTURBED)
    switch(service.host, bad, revived, UNDISTURBED)
    retire(service.host, bad, 3, UNDISTURBED)
    assert service.places() == {1: ContainerRole.SERVING, 2: ContainerRole.RETAINED}
    assert service.page() == "web v1"


def test_a_candidate_has_no_way_out(service: Service, images: LocalImages) -> None:
    service.candidate(service.spec(service.image(images.web_v1, "1"), 1))
    network = service.client.networks.get(check_network_of(service.environment))
    assert network.attrs["Internal"]


@contextmanager
def _listener() -> Iterator[int]:
    """A program that is no container and has a port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_deploy_repairs_a_release_that_crashes_again_and_again(
    service: Service, images: LocalImages
) -> None:
    first = service.candidate(service.spec(service.image(images.web_v1, "1"), 1))
    crashing = switch(service.host, None, first, UNDISTURBED).serving
    service.client.containers.get(crashing.id).exec_run(["kill", "-9", "-1"], user="root")
    candidate = service.candidate(service.spec(service.image(images.web_v2, "2"), 2))
    switch(service.host, None, candidate, UNDISTURBED)
    assert service.page() == "web v2"
    assert service.places()[2] is ContainerRole.SERVING
