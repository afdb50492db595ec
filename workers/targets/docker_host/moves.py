"""The single steps that a service changes by. Each is one changing call to the engine, may be
repeated, and asks first whether the service is still ours to change."""

import time
from collections.abc import Collection

from quaymaster.errors import Conflict, NotFound, OutsideFailure, QuaymasterError
from quaymaster.services import PublishedPort
from quaymaster.target import ServiceRef
from workers.docker.engine import Engine
from workers.targets.docker_host.candidates import ensure_networks
from workers.targets.docker_host.containers import (
    RESTART_POLICY,
    Container,
    ContainerRole,
    observe,
    refreshed,
)
from workers.targets.target import Work

_POLL_SECONDS = 0.1
_KILL_AFTER = 1


def detach(engine: Engine, container: Container, network: str, work: Work) -> None:
    """Detach from a network; being detached already is fine."""
    work.fence()
    with engine.calling(f"The container {container.short_id}") as api:
        if network not in _networks(engine, container):
            return
        api.disconnect_container_from_network(container.id, network, force=True)


def attach(
    engine: Engine,
    container: Container,
    network: str,
    aliases: tuple[str, ...],
    work: Work,
) -> None:
    """Attach to a network; being attached already is fine.

    Raises Conflict when a port that the container publishes is taken. Docker 20.10 then calls it
    attached and can neither finish nor undo that before the container stops.
    """
    work.fence()
    with engine.calling(f"{container.service_ref}") as api:
        if network not in _networks(engine, container):
            api.connect_container_to_network(container.id, network, aliases=list(aliases))


def start(engine: Engine, container: Container, work: Work) -> None:
    """Start; running already is fine. Raises Conflict when a port is taken."""
    work.fence()
    with engine.calling(f"{container.service_ref}") as api:
        api.start(container.id)


def release(engine: Engine, container: Container, work: Work) -> None:
    """Let the engine restart it from now on: the mark of a container that was switched in."""
    work.fence()
    with engine.calling(f"The container {container.short_id}") as api:
        api.update_container(container.id, restart_policy={"Name": RESTART_POLICY})


def stop(engine: Engine, container: Container, drain: float, work: Work) -> None:
    """Ask it to end, wait up to ``drain`` seconds, then end it. Gone or stopped is fine.

    No single call lasts as long as the drain time, so the lease is looked at in between.
    """
    try:
        work.fence()
        _signal(engine, container)
        deadline = time.monotonic() + drain
        while refreshed(engine, container).is_running and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        # Also after a gentle end: a container in a restart loop is only stopped by this.
        work.fence()
        with engine.calling(f"The container {container.short_id}") as api:
            api.stop(container.id, timeout=_KILL_AFTER)
    except NotFound:
        return


def refuse_taken_ports(engine: Engine, ours: tuple[Container, ...]) -> None:
    """Raise Conflict when another container publishes a port that ours are to publish."""
    wanted = {port for container in ours for port in container.ports}
    taken = taken_port(engine, wanted, {container.id for container in ours})
    if taken is not None:
        raise Conflict(
            f"Port {taken[0].host_port} of {engine.name} is taken by the container {taken[1]}.",
            why="Two containers cannot publish the same port.",
            next_step="Stop that container, or give the service another port.",
        )


def taken_port(
    engine: Engine, wanted: Collection[PublishedPort], ours: Collection[str]
) -> tuple[PublishedPort, str] | None:
    """A port that another container publishes than those known by their ids, and its name."""
    with engine.calling() as api:
        running = [one for one in api.containers() if one["Id"] not in ours]
    for one in running:
        for taken in one.get("Ports") or ():
            number = taken.get("PublicPort")
            port = next((p for p in wanted if _clashes(p, number, taken)), None)
            if port is not None:
                return port, str((one.get("Names") or ["/?"])[0]).removeprefix("/")
    return None


def bring_back(engine: Engine, old: Container, network: str, work: Work, *, stopped: bool) -> None:
    """Put the container that served before onto its network and port again."""
    aliases = (old.service,)
    if not stopped:
        try:
            attach(engine, old, network, aliases, work)
        except QuaymasterError:
            # Half attached, or the port is still being given back: from a stop it always works.
            work.fence()
        if refreshed(engine, old).role is ContainerRole.SERVING:
            return
    stop(engine, old, 0, work)
    detach(engine, old, network, work)
    ensure_networks(engine, old.environment, work)
    attach(engine, old, network, aliases, work)
    start(engine, old, work)


def prune(engine: Engine, service: ServiceRef, keep: int, work: Work) -> tuple[str, ...]:
    """Remove all but the latest ``keep`` stopped releases; gives the names of the removed."""
    surplus = observe(engine, service).retained[max(0, keep) :]
    for container in surplus:
        work.fence()
        try:
            with engine.calling(f"The container {container.short_id}") as api:
                api.remove_container(container.id, v=True)
        except (NotFound, Conflict):
            # Gone, or started by hand meanwhile: either way not ours to remove.
            continue
    return tuple(container.name for container in surplus)


def _signal(engine: Engine, container: Container) -> None:
    try:
        with engine.calling(f"The container {container.short_id}") as api:
            api.kill(container.id, signal=container.stop_signal)
    except (Conflict, OutsideFailure) as error:
        # Not running: 409 by Docker 20.10, and 500 in the moment between two restarts.
        if isinstance(error, NotFound) or "running" not in error.problem.why:
            raise


def _clashes(port: PublishedPort, number: object, taken: dict[str, object]) -> bool:
    if port.host_port != number or port.protocol != taken.get("Type"):
        return False
    address = taken.get("IP") or ""
    anywhere = ("", "0.0.0.0", "::")  # noqa: S104 - what engines write for all addresses
    return address in anywhere or port.address in anywhere or address == port.address


def _networks(engine: Engine, container: Container) -> dict[str, object]:
    settings = engine.api.inspect_container(container.id)["NetworkSettings"]
    return dict(settings["Networks"] or {})
