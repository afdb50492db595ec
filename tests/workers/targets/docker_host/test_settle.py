"""What a deploy that died left behind is settled by what the engine tells of it alone.

That it may die at any call, and settling too, is what `test_host.py` shows.
"""

import io
import tarfile
from dataclasses import replace

import docker
import pytest

from quaymaster.services import HealthCheck
from testing.images.catalogue import LocalImages
from tests.workers.services import (
    UNDISTURBED,
    KilledAfter,
    Service,
    Undisturbed,
    wait_for,
)
from workers.targets.docker_host.as_observed import as_observed
from workers.targets.docker_host.candidates import create_candidate
from workers.targets.docker_host.containers import ContainerRole
from workers.targets.docker_host.health import wait_until_healthy
from workers.targets.docker_host.settle import settle
from workers.targets.docker_host.switch import renamed, retire, switch
from workers.targets.target import Work

pytestmark = pytest.mark.engine

OUTBOUND = HealthCheck(http="/healthz", port=8000, within=10.0, outbound=True)


class _Dies(Exception):
    pass


class _DiesAtItsCheck(Undisturbed):
    def check(self) -> None:
        raise _Dies


def _crashes_from_now_on(engine: docker.DockerClient, stopped: str) -> None:
    """Its program ends as soon as it is started."""
    with io.BytesIO() as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            script = b"#!/bin/sh\nexit 3\n"
            entry = tarfile.TarInfo("serve")
            entry.size, entry.mode = len(script), 0o755
            tar.addfile(entry, io.BytesIO(script))
        assert engine.containers.get(stopped).put_archive("/bin", archive.getvalue())


def _deploy(service: Service, local: str, work: Work) -> None:
    old = service.state().serving
    spec = service.spec(service.image(local, "2"), 2)
    candidate = create_candidate(service.host, spec, work)
    wait_until_healthy(service.host, candidate, spec.configuration.health, UNDISTURBED)
    switch(service.host, old, candidate, work)
    if old is not None:
        retire(service.host, old, 3, work)


def test_a_first_deploy_that_died_before_its_switch_leaves_nothing(
    service: Service, images: LocalImages
) -> None:
    service.candidate(service.spec(service.image(images.web_v1, "1"), 1))
    settled = settle(service.host, service.ref, UNDISTURBED)
    assert settled.serving is None
    assert service.places() == {}


def test_a_new_container_that_does_not_answer_gives_the_port_back(
    service: Service, images: LocalImages
) -> None:
    service.serving(service.image(images.web_v1, "1"), 1)
    health = HealthCheck(http="/healthz", port=8000, within=1.0, outbound=True)
    spec = service.spec(service.image(images.web_v3_broken, "3"), 2, health=health)
    old = service.state().serving

    with pytest.raises(_Dies):
        service.recreated(old, spec, _DiesAtItsCheck())
    assert service.page() != "web v1"
    settled = settle(service.host, service.ref, UNDISTURBED)
    assert settled.serving is not None
    assert settled.serving.operation == 1
    service.comes_to_say("web v1")
    assert service.places() == {1: ContainerRole.SERVING}


def test_a_rollback_that_died_with_a_kept_container_that_crashes_goes_back_to_what_served(
    service: Service, images: LocalImages, engine: docker.DockerClient
) -> None:
    """It is no candidate by its marks: it was released before, and the engine restarts it."""
    first = service.serving(service.image(images.web_v1, "1"), 1)
    _deploy(service, images.web_v2, UNDISTURBED)
    old, kept = service.state().serving, service.state().retained[0]
    assert kept.id == first.id
    renamed_kept = renamed(
        service.host, kept, f"quaymaster-{service.environment}-web-3.3", UNDISTURBED
    )
    _crashes_from_now_on(engine, renamed_kept.id)
    with pytest.raises(_Dies):
        service.recreated(old, renamed_kept, _DiesAtItsCheck())
    wait_for(lambda: engine.containers.get(first.id).attrs["RestartCount"] > 0)
    settled = settle(service.host, service.ref, UNDISTURBED)
    assert settled.serving is not None
    assert settled.serving.operation == 2
    service.comes_to_say("web v2")
    assert service.places() == {1: ContainerRole.RETAINED, 2: ContainerRole.SERVING}


def test_settling_a_service_that_is_well_changes_nothing(
    service: Service, images: LocalImages
) -> None:
    service.serving(service.image(images.web_v1, "1"), 1)
    settled = settle(service.host, service.ref, KilledAfter(calls=0))
    assert f"{service.repository}:1 is running" in as_observed(settled).words


def test_what_was_deployed_by_its_digest_alone_is_named_by_it(
    service: Service, images: LocalImages
) -> None:
    image = replace(service.image(images.web_v1, "1"), tag=None)
    service.serving(image, 1)
    words = as_observed(settle(service.host, service.ref, UNDISTURBED)).words
    assert f"{service.repository}@{image.digest.short} is running" in words


def test_a_sick_release_is_not_stopped_for_what_lies_beside_it(
    service: Service, images: LocalImages, engine: docker.DockerClient
) -> None:
    serving = service.serving(service.image(images.web_v1, "1"), 1)
    service.candidate(service.spec(service.image(images.web_v2, "2"), 2))
    engine.containers.get(serving.id).exec_run(["rm", "/www/healthz"], user="root")
    settled = settle(service.host, service.ref, UNDISTURBED)
    assert settled.serving is not None
    assert settled.serving.operation == 1
    assert service.places() == {1: ContainerRole.SERVING}


def test_a_release_that_was_stopped_serves_again(
    service: Service, images: LocalImages, engine: docker.DockerClient
) -> None:
    serving = service.serving(service.image(images.web_v1, "1"), 1)
    engine.containers.get(serving.id).stop(timeout=1)
    assert service.places() == {1: ContainerRole.STOPPED}
    assert settle(service.host, service.ref, UNDISTURBED).serving is not None
    service.comes_to_say("web v1")
