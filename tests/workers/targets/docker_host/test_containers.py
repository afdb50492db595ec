"""What a container is to its service, read from the engine's facts alone."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from quaymaster.capabilities import BY_DOCKER, capabilities
from quaymaster.errors import Conflict, NotAllowed, NotFound
from quaymaster.fingerprints import fingerprint
from quaymaster.image_ref import Digest, ImageRef
from quaymaster.services import Limits, PublishedPort, ServiceConfiguration, Volume
from testing.images.catalogue import LocalImages
from tests.workers.services import SERVING, UNDISTURBED, Service
from workers.targets.docker_host.candidates import ContainerSpec, create_candidate
from workers.targets.docker_host.containers import ContainerRole, check_network_of, look
from workers.targets.docker_host.health import join
from workers.targets.rendering import workload_fingerprint


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({}, ContainerRole.SERVING),
        ({"has_been_released": False}, ContainerRole.SERVING),
        ({"is_on_check": True}, ContainerRole.SERVING),
        ({"is_on_network": False}, ContainerRole.DETACHED),
        ({"is_on_network": False, "is_running": False}, ContainerRole.RETAINED),
        ({"is_running": False}, ContainerRole.STOPPED),
        ({"has_its_ports": False}, ContainerRole.STOPPED),
        ({"is_on_network": False, "is_on_check": True}, ContainerRole.CANDIDATE),
        ({"has_been_released": False, "is_on_network": False}, ContainerRole.CANDIDATE),
        ({"has_been_released": False, "is_running": False}, ContainerRole.CANDIDATE),
        ({"has_been_released": False, "has_its_ports": False}, ContainerRole.CANDIDATE),
    ],
)
def test_the_place_follows_from_what_the_engine_knows(
    facts: dict[str, Any], place: ContainerRole
) -> None:
    assert replace(SERVING, **facts).role is place


def test_equal_configurations_have_equal_fingerprints_and_others_others() -> None:
    one = ServiceConfiguration(ports=(PublishedPort(8080, 8000),))
    assert workload_fingerprint(one) == workload_fingerprint(replace(one))
    changed = replace(one, limits=Limits(memory=1))
    assert workload_fingerprint(one) != workload_fingerprint(changed)


def test_a_setting_that_is_new_changes_no_fingerprint_of_before() -> None:
    """Else no container that is kept could be started again after an upgrade."""
    one = ServiceConfiguration(ports=(PublishedPort(8080, 8000),), limits=Limits(memory=1))
    text = json.dumps(
        {
            "ports": [{"host_port": 8080, "container_port": 8000}],
            "limits": {"memory": 1},
        },
        separators=(",", ":"),
    )
    assert workload_fingerprint(one) == fingerprint(text)[:32]


def test_a_specification_does_not_print_its_values() -> None:
    image = ImageRef.parse("shop/web", "localhost:5000").pinned(Digest("sha256:" + "a" * 64))
    values = (("DB", "made-up-value"),)
    spec = ContainerSpec(
        "production", "web", 7, 7, image, ServiceConfiguration(), values, ("made-up-value",)
    )
    assert "made-up-value" not in repr(spec)


def _bounds(names: Iterable[str]) -> int:
    """The mask of capabilities as the kernel shows it (linux/capability.h)."""
    return sum(1 << _NUMBERS[name] for name in names)


_NUMBERS = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "FSETID": 4,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "NET_BIND_SERVICE": 10,
    "NET_RAW": 13,
    "SYS_CHROOT": 18,
    "MKNOD": 27,
    "AUDIT_WRITE": 29,
    "SETFCAP": 31,
}


@pytest.mark.engine
@pytest.mark.parametrize(
    ("changes", "has", "gains", "pids"),
    [
        (
            {
                "capabilities": capabilities((), ()),
                "no_new_privileges": True,
                "limits": Limits(pids=4096),
            },
            set(BY_DOCKER) - {"NET_RAW", "MKNOD", "AUDIT_WRITE", "SETFCAP"},
            False,
            4096,
        ),
        (
            {"capabilities": capabilities(["NET_RAW"], ["ALL"]), "limits": Limits(pids=50)},
            {"NET_RAW"},
            True,
            50,
        ),
        ({"capabilities": ()}, set(), True, None),
        ({}, set(BY_DOCKER), True, None),
    ],
    ids=["as usual", "as it was asked for", "none", "as a release of before"],
)
def test_a_container_may_what_its_configuration_says_and_no_more(
    service: Service,
    images: LocalImages,
    changes: dict[str, Any],
    has: set[str],
    gains: bool,
    pids: int | None,
) -> None:
    """As the kernel tells of its first process, not as the engine repeats what it was told."""
    spec = service.spec(service.image(images.web_v1, "1"), 7, **changes)
    container = create_candidate(service.host, spec, UNDISTURBED)
    api = service.client.api
    run = api.exec_create(container.id, ["cat", "/proc/1/status"])
    told = dict(line.split(":", 1) for line in api.exec_start(run).decode().splitlines())
    assert int(told["CapBnd"], 16) == _bounds(has)
    assert told["NoNewPrivs"].strip() == ("0" if gains else "1")
    assert (api.inspect_container(container.id)["HostConfig"]["PidsLimit"] or None) == pids


@pytest.mark.engine
def test_a_container_is_made_as_it_was_configured(service: Service, images: LocalImages) -> None:
    spec = service.spec(
        service.image(images.web_v1, "1"),
        7,
        values=(("DB_PASSWORD", "made-up-value"),),
        limits=Limits(memory=64 * 1024 * 1024, cpus=0.5),
        volumes=(Volume(f"{service.environment}-data", "/data", read_only=True),),
        drain=7.0,
    )
    container = create_candidate(service.host, spec, UNDISTURBED)
    found = service.client.api.inspect_container(container.id)
    try:
        assert found["HostConfig"]["Init"] is True
        assert found["HostConfig"]["Memory"] == 64 * 1024 * 1024
        assert found["HostConfig"]["NanoCpus"] == 500_000_000
        assert found["HostConfig"]["RestartPolicy"]["Name"] == "no"
        assert found["HostConfig"]["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
        assert found["Config"]["StopTimeout"] == 7
        assert "DB_PASSWORD=made-up-value" in found["Config"]["Env"]
        assert "made-up-value" not in repr(found["Config"]["Labels"])
        assert found["Mounts"][0]["RW"] is False
        assert container.health_check == spec.configuration.health
        assert container.configuration == workload_fingerprint(spec.configuration)
        assert (container.image, container.operation, container.turn) == (spec.image, 7, 7)
        assert container.ports == spec.configuration.ports
    finally:
        service.clean()
        service.client.volumes.get(f"{service.environment}-data").remove()


@pytest.mark.engine
def test_an_image_that_is_not_on_the_host_is_not_found(
    service: Service, images: LocalImages
) -> None:
    image = service.image(images.web_v1, "1").pinned(Digest("sha256:" + "0" * 64))
    with pytest.raises(NotFound):
        create_candidate(service.host, service.spec(image, 1), UNDISTURBED)
    assert service.places() == {}


@pytest.mark.engine
@pytest.mark.parametrize(
    "source", ["/var/run/docker.sock", "/var/run", "/run/", "/", "/var//run", "//x/../run/."]
)
def test_the_engine_itself_is_not_mounted(
    service: Service, images: LocalImages, source: str
) -> None:
    spec = service.spec(service.image(images.web_v1, "1"), 1, volumes=(Volume(source, "/x"),))
    with pytest.raises(NotAllowed, match="Docker socket"):
        create_candidate(service.host, spec, UNDISTURBED)


@pytest.mark.engine
def test_the_socket_of_this_very_engine_is_not_mounted(
    service: Service, images: LocalImages
) -> None:
    socket = service.host.url.removeprefix("unix://")
    spec = service.spec(service.image(images.web_v1, "1"), 1, volumes=(Volume(socket, "/x"),))
    with pytest.raises(NotAllowed):
        create_candidate(service.host, spec, UNDISTURBED)


@pytest.mark.engine
def test_trying_again_replaces_the_candidate_and_never_what_serves(
    service: Service, images: LocalImages
) -> None:
    image = service.image(images.web_v1, "1")
    first = create_candidate(service.host, service.spec(image, 1), UNDISTURBED)
    second = create_candidate(service.host, service.spec(image, 1), UNDISTURBED)
    assert look(service.host, first.id) is None
    assert service.places() == {1: ContainerRole.CANDIDATE}
    serving = service.serving(image, 1)
    assert serving.id != second.id
    with pytest.raises(Conflict, match="in use"):
        create_candidate(service.host, service.spec(image, 1), UNDISTURBED)
    assert service.places() == {1: ContainerRole.SERVING}


@pytest.mark.engine
def test_a_container_joins_a_network_once(service: Service, images: LocalImages) -> None:
    """As a worker that is a container does, before it asks a candidate for its health."""
    service.candidate(service.spec(service.image(images.web_v1, "1"), 1))
    worker = service.client.containers.create(
        images.web_v1, labels={"quaymaster.environment": service.environment}
    )
    worker.start()
    network = check_network_of(service.environment)
    for _ in range(2):
        join(service.host, worker.id, network)
    worker.reload()
    assert network in worker.attrs["NetworkSettings"]["Networks"]
