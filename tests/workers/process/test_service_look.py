"""Each service is looked at, whatever operations say: ours is settled, what people did is told."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docker
import pytest
import redis

from quaymaster.configuration.configuration import Configuration
from quaymaster.drift import Drift, DriftKind
from quaymaster.image_ref import PinnedImage
from quaymaster.releases import Release
from quaymaster.services import PublishedPort, ServiceConfiguration, Volume
from quaymaster.store import drifts, host_engines, releases, service_leases
from quaymaster.store.service_leases import LeaseMark
from quaymaster.store.transactions import Transaction, ask, perform
from quaymaster.target import DockerHost, TargetRef
from testing.images.catalogue import LocalImages
from testing.keys import RING, WORKER, WORKER_KEY
from tests.workers.services import UNDISTURBED, Killed, KilledAfter, Service
from workers.docker.engine import Engine
from workers.docker.own_engine import Owner
from workers.process.service_look import ServiceLook
from workers.targets.connection import HostConnection
from workers.targets.docker_host.containers import Container, ContainerRole
from workers.targets.docker_host.switch import switch

pytestmark = pytest.mark.engine

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
HOST = "build1"


def configured(*services: Service) -> Configuration:
    """These alone, on the one host."""
    environments = "".join(
        f"  {one.environment}:\n"
        f"    target: {{docker: [{HOST}]}}\n"
        f"    services: {{web: {{image: {one.repository}}}}}\n"
        for one in services
    )
    registry, address = services[0].registry.host, services[0].host.url
    return Configuration.parse(
        f"default_registry: {registry}\n"
        f'hosts: {{{HOST}: {{docker: "{address}"}}}}\n'
        f"environments:\n{environments}"
    )


def connected(url: str, ref: TargetRef, valkey: redis.Redis, service: Service) -> HostConnection:
    """A connection to the engine as the host of this name."""
    owner = Owner(configured(service), valkey, WORKER)
    return HostConnection(Engine.connect(url, name=ref.name), owner)


@pytest.fixture
def look(service: Service, valkey: redis.Redis, docker_host: str) -> Iterator[ServiceLook]:
    """Looks at the service alone."""
    look = ServiceLook(
        valkey,
        WORKER,
        configured(service),
        [DockerHost(HOST)],
        lambda ref: connected(docker_host, ref, valkey, service),
    )
    yield look
    look.close()


def released(
    service: Service, valkey: redis.Redis, image: PinnedImage, number: int, **changes: Any
) -> Container:
    """It serves, and was released."""
    candidate = service.candidate(service.spec(image, number, **changes))
    serving = switch(service.host, None, candidate, UNDISTURBED).serving
    port = PublishedPort(service.port, 8000, address="127.0.0.1")
    release = Release(
        id=number,
        environment=service.environment,
        service="web",
        image=image,
        workload=ServiceConfiguration(ports=(port,)),
        released_by="U0ALICE",
        approved_by=(),
        released_at=NOW,
        turn=number,
        restores=None,
    )
    done = Transaction(releases.record(release, WORKER_KEY), lambda _: None, lambda _: None)
    perform(valkey, done)
    return serving


def mark(valkey: redis.Redis, service: Service, mark: LeaseMark, at: datetime = NOW) -> None:
    """Somebody had the right to change the service, as operation 2."""
    perform(valkey, service_leases.take(service.ref, "2:dead", at))
    valkey.delete(f"quaymaster:lease:service:{service.environment}/web")
    if mark is LeaseMark.LATE:
        perform(valkey, service_leases.note_late(service.ref, "2:dead", at))


def found(valkey: redis.Redis, service: Service) -> Drift | None:
    """What the bot will be told."""
    signed = ask(valkey, drifts.observed(RING)).get(service.ref)
    return signed.value if signed else None


def looked(look: ServiceLook, valkey: redis.Redis, service: Service) -> tuple[DriftKind, str]:
    """What two looks find."""
    look.look(NOW)
    look.look(NOW)
    drift = found(valkey, service)
    assert drift is not None
    assert drift.host == HOST
    return drift.kind, drift.what


@pytest.mark.parametrize("step", range(4))
def test_what_a_dead_operation_left_half_way_is_settled(
    look: ServiceLook, service: Service, images: LocalImages, valkey: redis.Redis, step: int
) -> None:
    old = released(service, valkey, service.image(images.web_v1, "1"), 1)
    mark(valkey, service, LeaseMark.AT_WORK)
    new = service.candidate(service.spec(service.image(images.web_v2, "2"), 2))
    with pytest.raises(Killed):
        switch(service.host, old, new, KilledAfter(calls=step))
    look.look(NOW)
    serving = service.state().serving
    assert serving is not None
    service.comes_to_say(f"web v{serving.operation}")
    drift = found(valkey, service)
    assert drift is not None
    assert (drift.kind, "#2" in drift.what) == (DriftKind.SETTLED, True)


def test_a_container_that_a_late_call_stopped_serves_again(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
) -> None:
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    mark(valkey, service, LeaseMark.LATE)
    engine.containers.get(serving.id).stop(timeout=1)
    look.look(NOW)
    service.comes_to_say("web v1")
    assert ask(valkey, service_leases.marks(service.ref, NOW)) == {}
    engine.containers.get(serving.id).stop(timeout=1)
    assert looked(look, valkey, service)[0] is DriftKind.FOUND, "nobody was late this time"
    assert service.page() == ""


def test_it_serves_again_also_where_its_network_was_pruned_meanwhile(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
) -> None:
    """`docker network prune` removes what no running container uses."""
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    mark(valkey, service, LeaseMark.LATE)
    engine.containers.get(serving.id).stop(timeout=1)
    for name in ("", "-check"):
        engine.networks.get(f"quaymaster-{service.environment}{name}").remove()
    look.look(NOW)
    service.comes_to_say("web v1")


@pytest.mark.parametrize("marked", [False, True])
def test_a_container_that_a_person_stopped_is_told_and_stays_stopped(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
    marked: bool,
) -> None:
    """Also while an operation of ours may still have a call under way."""
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    if marked:
        mark(valkey, service, LeaseMark.AT_WORK)
    engine.containers.get(serving.id).stop(timeout=1)
    kind, what = looked(look, valkey, service)
    assert kind is DriftKind.FOUND
    assert f"Nothing is running. {serving.name} is stopped" in what
    assert service.places() == {1: ContainerRole.STOPPED}

    engine.containers.get(serving.id).start()
    assert looked(look, valkey, service)[0] is DriftKind.OVER


def test_a_container_that_a_person_took_off_its_network_is_told_and_stays_off(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
) -> None:
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    engine.networks.get(f"quaymaster-{service.environment}").disconnect(serving.id)
    assert "somebody disconnected it" in looked(look, valkey, service)[1]
    assert service.places() == {1: ContainerRole.DETACHED}


def test_an_operation_that_failed_and_left_nothing_half_way_is_forgotten_at_the_next_look(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
) -> None:
    """What comes after that, people do."""
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    place = service.ref
    perform(valkey, service_leases.take(place, "2:failed", NOW))
    perform(valkey, service_leases.give_back_unfinished(place, "2:failed", NOW))
    look.look(NOW)
    assert ask(valkey, service_leases.marks(place, NOW)) == {}
    engine.networks.get(f"quaymaster-{service.environment}").disconnect(serving.id)
    assert "somebody disconnected it" in looked(look, valkey, service)[1]
    assert service.places() == {1: ContainerRole.DETACHED}


def test_a_mark_stands_for_a_day_however_often_others_leave_theirs(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
) -> None:
    """Else one worker that died would have what people do undone for as long as others deploy."""
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    mark(valkey, service, LeaseMark.AT_WORK, NOW - timedelta(hours=25))
    perform(valkey, service_leases.take(service.ref, "3:alive", NOW))
    assert perform(valkey, service_leases.give_back(service.ref, "3:alive"))
    engine.networks.get(f"quaymaster-{service.environment}").disconnect(serving.id)
    assert "somebody disconnected it" in looked(look, valkey, service)[1]
    assert service.places() == {1: ContainerRole.DETACHED}


def test_a_container_that_was_replaced_is_told_with_who_has_the_port(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
) -> None:
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    engine.containers.get(serving.id).remove(force=True)
    name = f"intruder-{service.environment}"
    intruder = engine.containers.run(
        images.web_v2, detach=True, name=name, ports={"8000/tcp": ("127.0.0.1", service.port)}
    )
    try:
        what = looked(look, valkey, service)[1]
        assert "somebody removed it" in what
        assert f"Port {service.port} is taken by the container {name}" in what
        intruder.reload()
        assert intruder.status == "running"
    finally:
        intruder.remove(force=True, v=True)


def test_an_old_version_that_a_person_started_beside_it_is_told(
    look: ServiceLook, service: Service, images: LocalImages, valkey: redis.Redis
) -> None:
    released(service, valkey, service.image(images.web_v1, "1"), 1)
    other = service.candidate(service.spec(service.image(images.web_v2, "2"), 2))
    assert other.name in looked(look, valkey, service)[1]
    assert service.places()[2] is ContainerRole.CANDIDATE


def test_another_version_than_the_released_one_is_told(
    look: ServiceLook, service: Service, images: LocalImages, valkey: redis.Redis
) -> None:
    old = released(service, valkey, service.image(images.web_v1, "1"), 1)
    image = service.image(images.web_v2, "2")
    new = service.candidate(service.spec(image, 2))
    switch(service.host, old, new, UNDISTURBED)
    assert f"runs {image.digest.short}; #" in looked(look, valkey, service)[1]


def test_a_service_that_is_well_or_was_never_released_is_not_told(
    look: ServiceLook, service: Service, images: LocalImages, valkey: redis.Redis
) -> None:
    for _ in range(2):
        look.look(NOW)
    released(service, valkey, service.image(images.web_v1, "1"), 1)
    for _ in range(2):
        look.look(NOW)
    assert found(valkey, service) is None


@pytest.mark.parametrize("is_beside", [False, True])
def test_nothing_is_touched_or_told_while_an_operation_has_the_service(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
    is_beside: bool,
) -> None:
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    perform(valkey, service_leases.take(service.ref, "2:alive", NOW))
    if is_beside:
        service.candidate(service.spec(service.image(images.web_v2, "2"), 2))
    engine.containers.get(serving.id).stop(timeout=1)
    for _ in range(3):
        look.look(NOW)
    beside = {2: ContainerRole.CANDIDATE} if is_beside else {}
    assert service.places() == {1: ContainerRole.STOPPED, **beside}
    assert found(valkey, service) is None


def test_what_is_told_is_told_once_whoever_looks(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
) -> None:
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    engine.containers.get(serving.id).stop(timeout=1)
    looked(look, valkey, service)
    first = valkey.hget("quaymaster:drifts", f"{service.environment}/web")
    another = replace(look, owner="another", _connections={}, _seen={})
    another.look(NOW)
    assert another._seen == {}, "one process looks at a host at a time"
    looked(look, valkey, service)
    assert valkey.hget("quaymaster:drifts", f"{service.environment}/web") == first


def test_what_has_more_words_than_a_card_is_told_once_too(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
) -> None:
    """Names of containers are somebody else's, and of any length."""
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    engine.containers.get(serving.id).remove(force=True)
    intruder = engine.containers.run(
        images.web_v2,
        detach=True,
        name=f"intruder-{service.environment}-{'x' * 500}",
        ports={"8000/tcp": ("127.0.0.1", service.port)},
    )
    try:
        looked(look, valkey, service)
        first = valkey.hget("quaymaster:drifts", f"{service.environment}/web")
        look.look(NOW + timedelta(seconds=10))
        assert valkey.hget("quaymaster:drifts", f"{service.environment}/web") == first
        told = found(valkey, service)
        assert told is not None
        assert len(told.what) == 400
    finally:
        intruder.remove(force=True, v=True)


def test_a_service_that_cannot_be_settled_is_told_and_does_not_hide_the_others(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
    reserve_port: Callable[[], int],
    tmp_path: Path,
) -> None:
    """Here its container cannot start any more: a directory stands where its file was mounted."""
    file = tmp_path / "settings"
    file.touch()
    volumes = (Volume(str(file), "/www/settings", read_only=True),)
    image = service.image(images.web_v1, "1")
    first = released(service, valkey, image, 1, volumes=volumes)
    mark(valkey, service, LeaseMark.LATE)
    engine.containers.get(first.id).stop(timeout=1)
    file.unlink()
    file.mkdir()

    other = replace(service, environment=f"{service.environment}-b", port=reserve_port())
    look.configuration = configured(service, other)
    try:
        serving = released(other, valkey, image, 2)
        engine.containers.get(serving.id).stop(timeout=1)
        look.look(NOW)  # its exit code is another one after the first try
        assert looked(look, valkey, other)[0] is DriftKind.FOUND
        assert service.places() == {1: ContainerRole.STOPPED}
        told = found(valkey, service)
        assert told is not None
        assert told.kind is DriftKind.FOUND
        assert f"{first.name} is stopped" in told.what
        assert f"Settling that failed: {HOST} rejects {service.environment}/web" in told.what
    finally:
        other.clean()


def test_an_engine_that_is_away_is_asked_again(
    look: ServiceLook, service: Service, images: LocalImages, valkey: redis.Redis
) -> None:
    released(service, valkey, service.image(images.web_v1, "1"), 1)
    there, look.connect = (
        look.connect,
        lambda ref: connected("unix:///nowhere.sock", ref, valkey, service),
    )
    assert look.look(NOW) == 0
    assert found(valkey, service) is None
    look.connect = there
    look.look(NOW)


def test_at_another_engine_nothing_is_touched_and_nothing_is_told(
    look: ServiceLook,
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    engine: docker.DockerClient,
) -> None:
    """A service of that engine that has the same name is the business of others."""
    serving = released(service, valkey, service.image(images.web_v1, "1"), 1)
    mark(valkey, service, LeaseMark.LATE)
    engine.containers.get(serving.id).stop(timeout=1)
    before = ask(valkey, host_engines.known(RING))
    other = host_engines.record(before, HOST, "AAAA:BBBB", NOW, WORKER_KEY, "engine found")
    perform(valkey, other)
    assert [look.look(NOW), look.look(NOW)] == [0, 0]
    assert found(valkey, service) is None
    assert service.page() == ""


def test_an_observation_that_no_worker_of_the_host_signed_is_left_out(valkey: redis.Redis) -> None:
    drift = Drift("production", "web", HOST, DriftKind.FOUND, "Nothing is running.", NOW)
    perform(valkey, drifts.observe(drift, None, WORKER_KEY))
    assert len(ask(valkey, drifts.observed(RING))) == 1
    text: Any = valkey.hget("quaymaster:drifts", "production/web")
    valkey.hset("quaymaster:drifts", "production/other", text)
    valkey.hset("quaymaster:drifts", "production/web", text.replace(b"Nothing", b"Everything"))
    assert ask(valkey, drifts.observed(RING)) == {}
