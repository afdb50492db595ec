"""Making the container that is to take over a service, and removing it again."""

import math
import posixpath
from dataclasses import dataclass, field

from docker.types import LogConfig

from quaymaster.capabilities import ALL
from quaymaster.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    OutsideFailure,
    QuaymasterError,
)
from quaymaster.image_ref import PinnedImage
from quaymaster.services import PublishedPort, ServiceConfiguration, Volume
from quaymaster.target import OfService
from workers.docker.engine import Engine
from workers.outside.best_effort import cleaning_up_after
from workers.targets.docker_host.containers import (
    Container,
    ContainerRole,
    check_network_of,
    look,
    network_of,
    refreshed,
)
from workers.targets.docker_host.labels import LABEL, Labels, container_name
from workers.targets.rendering import workload_fingerprint
from workers.targets.target import Work

_LOG_OPTIONS = {"max-size": "10m", "max-file": "3"}
_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock")


@dataclass(frozen=True, slots=True)
class ContainerSpec(OfService):
    """One container to be: what runs, how, for which plan."""

    environment: str
    service: str
    operation: int
    turn: int
    image: PinnedImage
    """On the host already."""
    configuration: ServiceConfiguration
    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The environment variables as they are today. They go to the engine and nowhere else."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Those values that must not be seen, to be taken out of logs and errors."""
    image_id: str = ""
    """The engine's id of the image that was looked at; empty where nobody looked."""

    @property
    def name(self) -> str:
        """The container's name: each plan makes one container of a service."""
        return container_name(self.service_ref, self.operation, self.turn)


def create_candidate(engine: Engine, spec: ContainerSpec, work: Work) -> Container:
    """Create and start the new container on the network for checks: no port is claimed yet.

    Its restart policy is ``no`` until the switch, so that a crash shows at once and a forgotten
    candidate stays down. What an earlier attempt of this operation left is removed first. Raises
    NotFound when the image is not on the host, NotAllowed for a volume that would give the
    service the engine itself, OutsideFailure when it does not start.
    """
    network = check_network_of(spec.environment)
    candidate = create(engine, spec, network, (), work)
    work.fence()
    try:
        with engine.calling(str(spec.service_ref), spec.secrets) as api:
            api.start(candidate.id)
    except QuaymasterError as error:
        with cleaning_up_after(error):
            discard(engine, candidate, work)
        raise
    return refreshed(engine, candidate)


def create(
    engine: Engine,
    spec: ContainerSpec,
    network: str,
    aliases: tuple[str, ...],
    work: Work,
) -> Container:
    """Create the container on one of the two networks, without starting it."""
    subject = str(spec.service_ref)
    _refuse_the_engine_itself(engine, spec.configuration.volumes)
    ensure_networks(engine, spec.environment, work)
    _remove_earlier_attempt(engine, spec, work)
    limits_log = engine.information().get("LoggingDriver") == "json-file"
    work.fence()
    with engine.calling(subject, spec.secrets) as api:
        endpoint = api.create_endpoint_config(aliases=list(aliases))
        created = api.create_container(
            spec.image.by_digest,
            command=_words(spec.configuration.command),
            name=spec.name,
            environment=dict(spec.values),
            labels=_labels(spec),
            ports=[(p.container_port, p.protocol) for p in spec.configuration.ports],
            host_config=_host_config(engine, spec, network, limits_log),
            networking_config=api.create_networking_config({network: endpoint}),
            stop_timeout=math.ceil(spec.configuration.drain),
        )
    container = look(engine, created["Id"])
    if container is None:
        raise NotFound(f"The new container of {subject} is gone.", why="Somebody removed it.")
    if spec.image_id not in ("", container.image_id):
        other = OutsideFailure(
            f"The new container of {subject} was not made from the image that was examined.",
            why=f"Somebody changed the images on {engine.name} in the meantime. The container is "
            "not used.",
            next_step="Ask for it again; the host's administrator should find out who did that.",
        )
        with cleaning_up_after(other):
            discard(engine, container, work)
        raise other
    return container


def ensure_networks(engine: Engine, environment: str, work: Work) -> None:
    """Create what is missing of the environment's two networks."""
    wanted = {network_of(environment): False, check_network_of(environment): True}
    for name, is_internal in wanted.items():
        with engine.calling(f"The network {name}") as api:
            there = [one for one in api.networks(names=[name]) if one["Name"] == name]
        if not there:
            work.fence()
            _create_network(engine, name, environment, is_internal)
        elif bool(there[0]["Internal"]) is not is_internal:
            raise Conflict(
                f"The network {name} on {engine.name} is not the one that Quaymaster makes.",
                why=f"It is {'not ' if is_internal else ''}internal.",
                next_step=f"Remove it (`docker network rm {name}`); Quaymaster makes it again.",
            )


def discard(engine: Engine, container: Container, work: Work) -> None:
    """Remove a container that is not to serve, with its anonymous volumes. Gone is fine too."""
    work.fence()
    try:
        with engine.calling(f"The container {container.short_id}") as api:
            api.remove_container(container.id, force=True, v=True)
    except NotFound:
        return


def _create_network(engine: Engine, name: str, environment: str, is_internal: bool) -> None:
    try:
        with engine.calling(f"The network {name}") as api:
            api.create_network(
                name,
                driver="bridge",
                check_duplicate=True,
                internal=is_internal,
                labels={f"{LABEL}environment": environment, f"{LABEL}role": "network"},
            )
    except Conflict:
        # Another deploy to the same environment has made it meanwhile.
        return


def _remove_earlier_attempt(engine: Engine, spec: ContainerSpec, work: Work) -> None:
    earlier = look(engine, spec.name)
    if earlier is None:
        return
    is_ours = earlier.service_ref == spec.service_ref
    if not is_ours or earlier.has_been_released or earlier.role is ContainerRole.SERVING:
        raise Conflict(
            f"There is a container {spec.name} on {engine.name} already.",
            why="It is in use, so it is not touched.",
            next_step=f"`docker inspect {spec.name}` on the host shows what it is.",
        )
    discard(engine, earlier, work)


def _host_config(
    engine: Engine, spec: ContainerSpec, network: str, limits_log: bool
) -> dict[str, object]:
    configuration = spec.configuration
    limits = configuration.limits
    host_config: dict[str, object] = engine.api.create_host_config(
        network_mode=network,
        port_bindings=_bindings(configuration.ports),
        binds=[str(volume) for volume in configuration.volumes],
        # A PID 1 that does not know SIGTERM would cost the whole drain time at every stop; images
        # with an init of their own (s6) refuse to be anything else.
        init=configuration.init,
        restart_policy={"Name": "no"},
        mem_limit=limits.memory,
        nano_cpus=round(limits.cpus * 1_000_000_000) if limits.cpus else None,
        pids_limit=limits.pids,
        # Named one by one, so that it does not matter what an engine gives by default.
        cap_drop=None if configuration.capabilities is None else [ALL],
        cap_add=list(configuration.capabilities or ()) or None,
        security_opt=["no-new-privileges:true"] if configuration.no_new_privileges else None,
        # json-file, the engine's usual default, keeps everything until the disk is full.
        log_config=LogConfig(type="json-file", config=_LOG_OPTIONS) if limits_log else None,
    )
    return host_config


def _bindings(ports: tuple[PublishedPort, ...]) -> dict[str, list[tuple[str, int]]]:
    bindings: dict[str, list[tuple[str, int]]] = {}
    for port in ports:
        key = f"{port.container_port}/{port.protocol}"
        bindings.setdefault(key, []).append((port.address, port.host_port))
    return bindings


def _labels(spec: ContainerSpec) -> dict[str, str]:
    return Labels(
        spec.environment,
        spec.service,
        spec.operation,
        spec.turn,
        spec.image,
        workload_fingerprint(spec.configuration),
        spec.configuration.health,
    ).written()


def _words(command: tuple[str, ...] | None) -> list[str] | None:
    return list(command) if command is not None else None


def _refuse_the_engine_itself(engine: Engine, volumes: tuple[Volume, ...]) -> None:
    """Whoever holds the engine's socket, or a directory that holds it, rules the whole host."""
    own = engine.url.removeprefix("unix://") if engine.url.startswith("unix://") else ""
    for volume in volumes:
        if not volume.source.startswith("/"):
            continue
        source = posixpath.normpath(f"/{volume.source.lstrip('/')}")
        for path in (*_SOCKETS, own):
            if path == source or path.startswith(f"{source.rstrip('/')}/"):
                raise NotAllowed(
                    f"The volume {volume.source} is not mounted.",
                    why="The Docker socket is in it: the service would control the whole host.",
                    next_step="Mount a narrower directory.",
                )
