"""A service of a test's own on the real engine: images by digest, specs, observation, cleaning."""

import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import docker
from pydantic import SecretStr

from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository
from quaymaster.platforms import Member
from quaymaster.progress import Progress
from quaymaster.services import HealthCheck, PublishedPort, ServiceConfiguration
from quaymaster.target import ServiceRef
from testing.engines.local_images import push_image
from testing.engines.registries import Registry
from testing.engines.waiting import wait_until
from workers.docker import images as host_images
from workers.docker.engine import Engine
from workers.registry.auth import RegistryLogin
from workers.registry.manifests import ACCEPT
from workers.registry.paths import manifest_path
from workers.targets.docker_host.candidates import ContainerSpec, create_candidate
from workers.targets.docker_host.containers import Container, ContainerRole, ServiceState, observe
from workers.targets.docker_host.health import wait_until_healthy
from workers.targets.docker_host.switch import SwitchResult, prepare_on_port, switch, switch_on_port
from workers.targets.target import Work

HEALTH = HealthCheck(http="/healthz", port=8000, within=15.0)
SERVING = Container(
    id="f" * 64,
    name="quaymaster-production-web-7",
    environment="production",
    service="web",
    operation=7,
    turn=7,
    image=None,
    image_id="sha256:" + "a" * 64,
    configuration="",
    health_check=HealthCheck(),
    ports=(PublishedPort(8080, 8000),),
    is_running=True,
    is_restarting=False,
    exit_code=0,
    restarts=0,
    health="",
    has_been_released=True,
    is_on_network=True,
    is_on_check=False,
    has_its_ports=True,
    address="172.20.0.2",
    started_at="2026-11-24T09:30:00Z",
    stop_signal="SIGTERM",
    drain=10.0,
)
"""A container that serves, as the engine tells of it."""


def nothing(*_: object) -> None:
    """Takes any call: a report, or a check."""


@dataclass
class Undisturbed:
    """Work that nobody stops, and whose lease never ends."""

    operation: int = 0
    secrets: tuple[str, ...] = ()

    def report(self, progress: Progress) -> None:
        """Nobody reads it."""

    def check(self) -> None:
        """It goes on."""

    def confirm(self) -> None:
        """It may happen."""

    def fence(self) -> None:
        """The lease is there."""

    def commit_point(self) -> None:
        """Nobody cancels."""


UNDISTURBED = Undisturbed()


def login_to(registry: Registry) -> RegistryLogin:
    """The login that the registry accepts."""
    return RegistryLogin(registry.host, "http", registry.username, SecretStr(registry.password))


def wait_for(condition: Callable[[], bool], within: float = 30.0) -> None:
    """Poll until it holds."""
    wait_until(condition, within=within, what="it")


class Killed(BaseException):
    """The process ends here: nothing that catches errors may catch it."""


@dataclass
class KilledAfter(Undisturbed):
    """Lets so many changing calls happen, and ends the process before the next."""

    calls: int = 0
    seen: int = 0

    def fence(self) -> None:
        """Count a call, or end the process."""
        if self.seen >= self.calls:
            raise Killed
        self.seen += 1


@dataclass
class Service:
    """`web` in an environment that no other test has."""

    host: Engine
    client: docker.DockerClient
    registry: Registry
    repository: str
    environment: str
    port: int
    reports: list[Progress] = field(default_factory=list)

    @property
    def ref(self) -> ServiceRef:
        """What it is called."""
        return ServiceRef(self.environment, "web")

    def image(self, local: str, tag: str) -> PinnedImage:
        """A local image, in the registry and on the host by digest."""
        push_image(self.client, self.registry, local, self.repository, tag)
        ref = ImageRef(Repository(self.registry.host, self.repository), tag)
        login = login_to(self.registry)
        found = host_images.pull(self.host, ref, login, nothing, nothing).image
        if self.host.has_containerds_store:
            # It knows an image by the very names that it was pulled by.
            host_images.pull(self.host, replace(found, tag=None), login, nothing, nothing)
        return found

    def member(self, image: PinnedImage) -> Member:
        """What is known of an image that is in the registry: whoever keeps it on the host calls it
        by another digest.
        """
        with self.registry.client() as http:
            path = manifest_path(image.repository, str(image.digest))
            answer = http.get(path, headers={"Accept": ACCEPT})
        return Member(Digest(answer.raise_for_status().json()["config"]["digest"]))

    def spec(self, image: PinnedImage, operation: int, **changes: Any) -> ContainerSpec:
        """How it runs: health over HTTP, one port on loopback."""
        port = PublishedPort(self.port, 8000, address="127.0.0.1")
        configuration = ServiceConfiguration(ports=(port,), health=HEALTH, drain=3.0)
        values = changes.pop("values", ())
        return ContainerSpec(
            self.environment,
            "web",
            operation,
            operation,
            image,
            replace(configuration, **changes),
            values,
            tuple(value for _, value in values),
        )

    def candidate(self, spec: ContainerSpec) -> Container:
        """A healthy candidate."""
        container = create_candidate(self.host, spec, UNDISTURBED)
        wait_until_healthy(self.host, container, spec.configuration.health, UNDISTURBED)
        return container

    def serving(self, image: PinnedImage, operation: int) -> Container:
        """A first release that serves."""
        candidate = self.candidate(self.spec(image, operation))
        return switch(self.host, None, candidate, UNDISTURBED).serving

    def recreated(
        self, old: Container | None, new: ContainerSpec | Container, work: Work
    ) -> SwitchResult:
        """Switched on the port, with the old one stopped first."""
        candidate = prepare_on_port(self.host, new, work)
        return switch_on_port(self.host, old, candidate, work)

    def state(self) -> ServiceState:
        """What the engine says."""
        return observe(self.host, ServiceRef(self.environment, "web"))

    def places(self) -> dict[int, ContainerRole]:
        """Where the container of each operation is."""
        return {one.operation: one.role for one in self.state().containers}

    def page(self, port: int | None = None) -> str:
        """What a caller gets, or nothing."""
        with suppress(OSError, urllib.error.URLError):
            url = f"http://127.0.0.1:{port or self.port}/"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return str(answer.read().decode()).strip()
        return ""

    def comes_to_say(self, page: str) -> None:
        """Wait until a caller gets this: what was started a moment ago may not listen yet."""
        wait_for(lambda: self.page() == page)

    def clean(self) -> None:
        """Remove its containers and networks."""
        label = {"label": f"quaymaster.environment={self.environment}"}
        for container in self.client.containers.list(all=True, filters=label):
            container.remove(force=True, v=True)
        for network in self.client.networks.list(filters=label):
            network.remove()
