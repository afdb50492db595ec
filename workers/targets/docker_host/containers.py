"""The containers of a service on one Docker host, as its engine tells: nothing else is remembered.

What a container is to its service is read from facts that survive every crash of ours: its labels,
the networks it is attached to, whether it runs, and its restart policy, which is ``no`` until the
container was switched in for the first time. A candidate that nobody finished therefore never
starts by itself after a reboot.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from quaymaster.errors import NotFound
from quaymaster.image_ref import PinnedImage
from quaymaster.services import HealthCheck, PublishedPort
from quaymaster.target import OfService, ServiceRef
from workers.docker.engine import Engine
from workers.docker.names import as_engines_name
from workers.outside.foreign_json import Foreign, TextByName
from workers.targets.docker_host.labels import LABEL, Labels

RESTART_POLICY = "unless-stopped"
"""Of a container that serves or has served."""


class ContainerRole(StrEnum):
    """What a container is to its service, by what the engine knows of it."""

    SERVING = "serving"
    """It runs on the service's network and its ports are published."""
    CANDIDATE = "candidate"
    """Not switched in: on the network for checks, or never released."""
    DETACHED = "displaced"
    """It was released and runs, but was taken off the network: a switch was left half-way."""
    STOPPED = "halted"
    """It was released and is still attached to the network, but does not serve."""
    RETAINED = "kept"
    """It was released, and is stopped and kept for a rollback."""


@dataclass(frozen=True, slots=True)
class Container(OfService):
    """One container of a service at one moment."""

    id: str
    name: str
    environment: str
    service: str
    operation: int
    """The operation that made it."""
    turn: int
    """Of the plan that it serves for, or served for last."""
    image: PinnedImage | None
    """None where labels and engine disagree: somebody else made or changed it."""
    image_id: str
    configuration: str
    """The fingerprint of the configuration that it was made with."""
    health_check: HealthCheck
    ports: tuple[PublishedPort, ...]
    is_running: bool
    is_restarting: bool
    exit_code: int
    restarts: int
    health: str
    """Docker's own word: starting, healthy, unhealthy, or nothing without a HEALTHCHECK."""
    has_been_released: bool
    is_on_network: bool
    is_on_check: bool
    has_its_ports: bool
    address: str
    """In the network for checks if it is there, else in the service's; empty when it has none."""
    started_at: str
    """ISO 8601, sorts by time."""
    stop_signal: str
    drain: float
    """Seconds it may take to end."""

    @property
    def role(self) -> ContainerRole:
        """What it is to its service now."""
        if self.is_running and self.is_on_network and self.has_its_ports:
            return ContainerRole.SERVING
        if self.is_on_check or not self.has_been_released:
            return ContainerRole.CANDIDATE
        if self.is_on_network:
            return ContainerRole.STOPPED
        return (
            ContainerRole.DETACHED
            if self.is_running or self.is_restarting
            else ContainerRole.RETAINED
        )

    @property
    def short_id(self) -> str:
        """As Docker shows it."""
        return self.id[:12]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """Every container of one service, the one that started last first."""

    service: ServiceRef
    containers: tuple[Container, ...]

    @property
    def serving(self) -> Container | None:
        """The one that answers on the port, if any."""
        return next(iter(self.with_role(ContainerRole.SERVING)), None)

    @property
    def retained(self) -> tuple[Container, ...]:
        """Those that a rollback can start again."""
        return self.with_role(ContainerRole.RETAINED)

    @property
    def highest_turn(self) -> int:
        """Of all its containers; 0 where there is none."""
        return max((one.turn for one in self.containers), default=0)

    def with_role(self, *places: ContainerRole) -> tuple[Container, ...]:
        """Those in one of these places."""
        return tuple(one for one in self.containers if one.role in places)


def network_of(environment: str) -> str:
    """The network on which the services of an environment are reached and reach each other."""
    return f"quaymaster-{environment}"


def check_network_of(environment: str) -> str:
    """The internal network on which candidates are checked; it has no way out and no ports."""
    return f"quaymaster-{environment}-check"


def observe(engine: Engine, service: ServiceRef) -> ServiceState:
    """What runs and what is kept of a service. Changes nothing."""
    labels = [
        f"{LABEL}environment={service.environment}",
        f"{LABEL}service={service.service}",
    ]
    with engine.calling(str(service)) as api:
        listed = api.containers(all=True, filters={"label": [*labels, f"{LABEL}role=service"]})
        ids = [str(entry["Id"]) for entry in listed]
    containers = [one for container in ids if (one := look(engine, container)) is not None]
    containers.sort(key=lambda one: (one.started_at, one.operation), reverse=True)
    return ServiceState(service, tuple(containers))


def look(engine: Engine, container: str) -> Container | None:
    """One container now, by its id; None when it is gone.

    Raises NotFound for one that is not ours.
    """
    try:
        with engine.calling("The container") as api:
            inspected = _Inspected.model_validate(api.inspect_container(container))
    except NotFound:
        return None
    with engine.calling("The container"):
        return _container(inspected)


def refreshed(engine: Engine, container: Container) -> Container:
    """The same container now. Raises NotFound when it is gone."""
    current = look(engine, container.id)
    if current is None:
        raise NotFound(
            f"The container {container.short_id} of {container.service_ref} is gone.",
            why="Somebody removed it.",
        )
    return current


def _container(inspected: "_Inspected") -> Container:
    name = inspected.name.removeprefix("/")
    labels = Labels.read(inspected.config.labels or {}, name)
    environment = labels.environment
    networks = inspected.settings.networks or {}
    on_network = network_of(environment) in networks
    on_check = check_network_of(environment) in networks
    network = check_network_of(environment) if on_check else network_of(environment)
    ports = _ports(inspected.host_config.bindings or {})
    return Container(
        id=inspected.id,
        name=name,
        environment=environment,
        service=labels.service,
        operation=labels.operation,
        turn=labels.turn,
        image=_image(inspected.config.image, labels.image),
        image_id=inspected.image,
        configuration=labels.configuration,
        health_check=labels.health,
        ports=ports,
        is_running=inspected.state.running and not inspected.state.restarting,
        is_restarting=inspected.state.restarting,
        exit_code=inspected.state.exit_code,
        restarts=inspected.restarts,
        health=inspected.state.health.status if inspected.state.health else "",
        has_been_released=inspected.host_config.restart.name == RESTART_POLICY,
        is_on_network=on_network,
        is_on_check=on_check,
        has_its_ports=_are_published(ports, inspected.settings.ports or {}),
        address=endpoint.address if (endpoint := networks.get(network)) is not None else "",
        started_at=inspected.state.started_at,
        stop_signal=inspected.config.stop_signal or "SIGTERM",
        drain=float(
            inspected.config.stop_timeout if inspected.config.stop_timeout is not None else 10
        ),
    )


def _ports(bindings: "dict[str, list[_Binding] | None]") -> tuple[PublishedPort, ...]:
    return tuple(
        PublishedPort(
            int(binding.port),
            int(key.partition("/")[0]),
            "udp" if key.endswith("/udp") else "tcp",
            binding.address,
        )
        for key, listed in sorted(bindings.items())
        for binding in listed or ()
        if binding.port.isdigit()
    )


def _are_published(
    ports: tuple[PublishedPort, ...], published: "dict[str, list[_Binding] | None]"
) -> bool:
    """Being attached does not say so: Docker 20.10 leaves a container attached, without its ports,
    when another has them."""
    return all(
        any(binding.port == str(port.host_port) for binding in published.get(_key(port)) or ())
        for port in ports
    )


def _key(port: PublishedPort) -> str:
    return f"{port.container_port}/{port.protocol}"


def _image(by_engine: str, labelled: PinnedImage | None) -> PinnedImage | None:
    """The label has the tag too; the engine knows what the container was really made from."""
    made_from = as_engines_name(by_engine)
    if made_from is None or labelled is None or labelled.digest != made_from.digest:
        return None
    return labelled if labelled.repository == made_from.repository else None


class _Binding(Foreign):
    address: str = Field(default="", alias="HostIp")
    port: str = Field(default="", alias="HostPort")


class _Restart(Foreign):
    name: str = Field(default="", alias="Name")


class _HostConfig(Foreign):
    bindings: dict[str, list[_Binding] | None] | None = Field(default=None, alias="PortBindings")
    restart: _Restart = Field(default_factory=_Restart, alias="RestartPolicy")


class _Config(Foreign):
    image: str = Field(default="", alias="Image")
    labels: TextByName | None = Field(default=None, alias="Labels")
    stop_signal: str | None = Field(default=None, alias="StopSignal")
    stop_timeout: int | None = Field(default=None, alias="StopTimeout")


class _Health(Foreign):
    status: str = Field(default="", alias="Status")


class _State(Foreign):
    running: bool = Field(default=False, alias="Running")
    restarting: bool = Field(default=False, alias="Restarting")
    exit_code: int = Field(default=0, alias="ExitCode")
    started_at: str = Field(default="", alias="StartedAt")
    health: _Health | None = Field(default=None, alias="Health")


class _Endpoint(Foreign):
    address: str = Field(default="", alias="IPAddress")


class _Settings(Foreign):
    networks: dict[str, _Endpoint | None] | None = Field(default=None, alias="Networks")
    ports: dict[str, list[_Binding] | None] | None = Field(default=None, alias="Ports")


class _Inspected(Foreign):
    id: str = Field(alias="Id")
    name: str = Field(alias="Name")
    image: str = Field(alias="Image")
    restarts: int = Field(default=0, alias="RestartCount")
    config: _Config = Field(alias="Config")
    host_config: _HostConfig = Field(alias="HostConfig")
    state: _State = Field(alias="State")
    settings: _Settings = Field(alias="NetworkSettings")
