"""A Docker host keeps the promises of a target on a real engine, and so do two as one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import docker
import pytest

from quaymaster.errors import Cancelled
from quaymaster.findings import Clean
from quaymaster.image_ref import PinnedImage
from quaymaster.plans import Change, Examined
from quaymaster.services import HealthCheck, PublishedPort, ServiceConfiguration
from quaymaster.target import ServiceRef
from testing.images.catalogue import LocalImages
from tests.targets.conformance import Conformance, Image, Life, Scripted
from tests.workers.services import UNDISTURBED, Service, login_to
from workers.targets.docker_host.containers import ContainerRole
from workers.targets.docker_host.host import DockerHostTarget
from workers.targets.fleet import Fleet
from workers.targets.observed import Observed, VersionRole
from workers.targets.rendering import Values
from workers.targets.target import Live, Objection, Staged, Target, Work

pytestmark = pytest.mark.engine


@dataclass
class HostSubject:
    """A service on the engine of the tests."""

    at: Service
    images: LocalImages
    outbound: bool = False
    known: dict[Image, PinnedImage] = field(default_factory=dict)

    @property
    def service(self) -> ServiceRef:
        """What it is called."""
        return self.at.ref

    @property
    def target(self) -> Target:
        """The engine as a target."""
        return DockerHostTarget(self.at.host, lambda _: login_to(self.at.registry))

    def change(self, image: Image) -> Change:
        """See ``Subject.change``."""
        pinned = self._pinned(image)
        within = 1.0 if image is Image.SICK else 30.0
        workload = ServiceConfiguration(
            ports=(PublishedPort(self.at.port, 8000, address="127.0.0.1"),),
            health=HealthCheck("/healthz", 8000, within, outbound=self.outbound),
            drain=1.0,
        )
        examined = Examined(pinned, 1, Clean(), (), member=self.at.member(pinned))
        return Change(*self.service.place, 0, examined, workload, None)

    def answers(self) -> set[str]:
        """See ``Subject.answers``; what was started a moment ago may not listen yet."""
        page = self.at.page()
        while self.at.state().serving is not None and not page:
            page = self.at.page()
        return {page.removeprefix("web ")}

    def forget(self, image: Image) -> None:
        """See ``Subject.forget``."""
        pinned = self._pinned(image)
        for name in (str(pinned.unpinned), str(replace(pinned, tag=None))):
            with suppress(docker.errors.ImageNotFound):
                self.at.client.images.remove(name)

    def sicken(self) -> None:
        """See ``Subject.sicken``."""
        serving = self.at.state().serving
        assert serving is not None
        container = self.at.client.containers.get(serving.id)
        container.exec_run(["rm", "/www/healthz"], user="root")

    def lose(self) -> None:
        """See ``Subject.lose``."""
        for one in self.at.state().with_role(ContainerRole.RETAINED):
            self.at.client.containers.get(one.id).remove(force=True, v=True)

    @contextmanager
    def obstructed(self) -> Iterator[str]:
        """See ``Subject.obstructed``."""
        other = self.at.client.containers.create(
            self.images.web_v1, ports={"8000/tcp": ("127.0.0.1", self.at.port)}
        )
        try:
            other.start()
            yield str(other.name)
        finally:
            other.remove(force=True, v=True)

    def _pinned(self, image: Image) -> PinnedImage:
        if image not in self.known:
            local = {
                Image.V1: self.images.web_v1,
                Image.V2: self.images.web_v2,
                Image.SICK: self.images.web_v3_broken,
            }
            self.known[image] = self.at.image(local[image], image.value)
        return self.known[image]


class TestDockerHost(Conformance):
    every_combined = 4

    @pytest.fixture
    def subject(self, service: Service, images: LocalImages) -> HostSubject:
        return HostSubject(service, images)


class TestWithAWayOut(Conformance):
    """Where the new container is checked on the port, after the old one has stopped."""

    every_combined = 6

    @pytest.fixture
    def subject(self, service: Service, images: LocalImages) -> HostSubject:
        return HostSubject(service, images, outbound=True)


@dataclass(frozen=True)
class Elsewhere:
    """A target under whose own name of the environment the same service runs, on a port of its own:
    so that one engine can be two hosts.
    """

    subject: HostSubject
    service: ServiceRef

    @property
    def _target(self) -> Target:
        return self.subject.target

    def observe(self, service: ServiceRef, probe: Work | None = None) -> Observed:
        """See ``Target.observe``."""
        return replace(self._target.observe(self.subject.service, probe), service=service)

    def objections(self, change: Change) -> tuple[Objection, ...]:
        """See ``Target.objections``."""
        return self._target.objections(self._here(change))

    def stage(self, change: Change, values: Values, work: Work) -> Staged:
        """See ``Target.stage``."""
        staged = self._target.stage(self._here(change), values, work)
        return replace(staged, before=replace(staged.before, service=self.service))

    def commit(self, staged: Staged, work: Work) -> Live:
        """See ``Target.commit``."""
        return self._target.commit(staged, work)

    def discard(self, staged: Staged, work: Work) -> None:
        """See ``Target.discard``."""
        self._target.discard(staged, work)

    def restore(self, before: Observed, work: Work) -> Live:
        """See ``Target.restore``."""
        return self._target.restore(replace(before, service=self.subject.service), work)

    def settle(self, service: ServiceRef, work: Work) -> Observed:
        """See ``Target.settle``."""
        return replace(self._target.settle(self.subject.service, work), service=service)

    def retire(self, service: ServiceRef, keep: int, drain: float, work: Work) -> None:
        """See ``Target.retire``."""
        self._target.retire(self.subject.service, keep, drain, work)

    def logs(self, service: ServiceRef, lines: int, since: datetime | None) -> Iterator[str]:
        """See ``Target.logs``."""
        return self._target.logs(self.subject.service, lines, since)

    def _here(self, change: Change) -> Change:
        own = self.subject.change(Image(change.image.tag or ""))
        environment, service = self.subject.service.place
        return replace(change, environment=environment, service=service, workload=own.workload)


@dataclass
class FleetSubject:
    """The same service on two hosts."""

    hosts: tuple[HostSubject, HostSubject]

    @property
    def service(self) -> ServiceRef:
        """What it is called."""
        return self.hosts[0].service

    @property
    def target(self) -> Target:
        """Both as one target."""
        return Fleet(
            {
                f"app{number}": Elsewhere(one, self.service)
                for number, one in enumerate(self.hosts, 1)
            }
        )

    def change(self, image: Image) -> Change:
        """See ``Subject.change``."""
        return self.hosts[0].change(image)

    def answers(self) -> set[str]:
        """See ``Subject.answers``."""
        return self.hosts[0].answers() | self.hosts[1].answers()

    def forget(self, image: Image) -> None:
        """See ``Subject.forget``."""
        self.hosts[1].forget(image)

    def sicken(self) -> None:
        """See ``Subject.sicken``."""
        self.hosts[1].sicken()

    def lose(self) -> None:
        """See ``Subject.lose``."""
        self.hosts[1].lose()

    @contextmanager
    def obstructed(self) -> Iterator[str]:
        """See ``Subject.obstructed``."""
        with self.hosts[1].obstructed() as name:
            yield name


class TestFleetOfHosts(Conformance):
    """Each host alone has died at every call, and so has a fleet of others (`test_fleet.py`)."""

    every = 9
    every_combined = 13

    @pytest.fixture
    def subject(
        self, service: Service, images: LocalImages, reserve_port: Callable[[], int]
    ) -> Iterator[FleetSubject]:
        other = replace(service, environment=f"{service.environment}-b", port=reserve_port())
        known: dict[Image, PinnedImage] = {}
        first = HostSubject(service, images, known=known)
        yield FleetSubject((first, HostSubject(other, images, known=known)))
        other.clean()


def test_a_container_that_crashes_again_and_again_is_stopped_when_another_serves(
    service: Service, images: LocalImages
) -> None:
    """It does not serve, so nothing is in its place; and it would take the port back."""
    life = Life(HostSubject(service, images))
    life.carried_out(life.next(Image.V1))
    crashing = service.state().serving
    assert crashing is not None
    service.client.containers.get(crashing.id).exec_run(["kill", "-9", "-1"], user="root")
    change = life.next(Image.V2)
    life.live(change)
    life.target.retire(service.ref, 2, 1.0, UNDISTURBED)
    assert [one.role for one in life.expect(Image.V2).versions].count(VersionRole.RETAINED) == 1


def test_what_is_cancelled_before_its_switch_leaves_no_container(
    service: Service, images: LocalImages
) -> None:
    life = Life(HostSubject(service, images))
    staged = life.staged(life.next(Image.V1))
    with pytest.raises(Cancelled):
        life.target.commit(staged, Scripted(at_commit=Cancelled("It was cancelled.")))
    assert service.places() == {}
