"""Waiting until a container is healthy, and asking whether a service answers on its port."""

import time
from collections.abc import Iterable
from functools import partial

from quaymaster.errors import ConfigurationError, Unhealthy
from quaymaster.limits import HEALTH_SECONDS
from quaymaster.progress import Progress
from quaymaster.services import HealthCheck, PublishedPort
from workers.docker.engine import Engine
from workers.outside.best_effort import best_effort
from workers.outside.exchange import Check, go_on
from workers.targets.docker_host.container_log import log_tail
from workers.targets.docker_host.containers import (
    Container,
    check_network_of,
    network_of,
    refreshed,
)
from workers.targets.docker_host.probe import ProbeResult, ask_http, ask_tcp
from workers.targets.target import Work
from workers.targets.unhealthy import LOG_LINES, way_out

_POLL_SECONDS = 0.15
_PORT_POLL_SECONDS = 0.01
_REPORT_SECONDS = 0.5
_LEAST_SECONDS = 1.0
_STEP = "waiting for health"


def wait_until_healthy(
    engine: Engine,
    candidate: Container,
    health: HealthCheck,
    work: Work,
) -> None:
    """Return when the container is healthy by its health check.

    It is asked at its own address, on the network that it is attached to. ``work.check`` is called
    several times a second and what it raises passes through. Raises Unhealthy, with the last lines
    of its output, when ``within`` is over, and at once when the container ends or Docker calls it
    unhealthy.
    """
    _can_be_asked(engine, candidate, health)
    began = time.monotonic()
    deadline = began + health.within
    reported = 0.0
    while True:
        work.check()
        now = time.monotonic()
        if now - reported >= _REPORT_SECONDS:
            reported = now
            work.report(Progress(_STEP, elapsed_seconds=now - began))
        container = refreshed(engine, candidate)
        refuse_ended(engine, container, health, work.secrets, candidate.restarts)
        answer = _ask(engine, container, health, now - began, deadline, work.check)
        if answer.is_fine:
            return
        if time.monotonic() >= deadline:
            raise unhealthy(engine, container, answer.words_after(health.within), work.secrets)
        time.sleep(_POLL_SECONDS)


def refuse_ended(
    engine: Engine,
    container: Container,
    health: HealthCheck,
    secrets: Iterable[str],
    restarts_before: int = 0,
) -> None:
    """Raise Unhealthy for a container that has ended, or that Docker calls unhealthy.

    ``restarts_before`` is how often the engine had restarted it when one began to look; the engine
    counts from the last start by hand.
    """
    if container.is_restarting or container.restarts > restarts_before:
        raise unhealthy(
            engine, container, f"It keeps restarting (exit code {container.exit_code}).", secrets
        )
    if not container.is_running:
        raise unhealthy(engine, container, f"It exited with status {container.exit_code}.", secrets)
    if health.http is None and container.health == "unhealthy":
        raise unhealthy(engine, container, "Its own health check failed.", secrets)


def wait_until_port_answers(
    engine: Engine, container: Container, within: float, secrets: Iterable[str] = ()
) -> None:
    """Return when the service answers where its callers ask: on its published port.

    Where that cannot be dialled from here (a worker inside a container), the engine's word that the
    port is published counts, with an answer at the container's own address. Raises Unhealthy.
    """
    health = container.health_check
    deadline = time.monotonic() + within
    while True:
        current = refreshed(engine, container)
        refuse_ended(engine, current, health, secrets, container.restarts)
        answer = ask_port(engine, current, deadline)
        if answer.is_fine:
            return
        if time.monotonic() >= deadline:
            raise unhealthy(engine, current, answer.words_after(within), secrets)
        time.sleep(_PORT_POLL_SECONDS)


def ask_port(engine: Engine, container: Container, deadline: float | None = None) -> ProbeResult:
    """Whether the service answers its callers now; ``deadline`` is the last moment at which the
    answer is useful.
    """
    health = container.health_check
    if not container.has_its_ports:
        return ProbeResult(False, "it", "had no published ports")
    published = [port for port in container.ports if port.protocol == "tcp"]
    if not engine.reaches_published_ports or not published:
        return _ask(engine, container, health, health.steady, deadline)
    answers = [_ask_published(engine, port, health, deadline) for port in published]
    return next((answer for answer in answers if not answer.is_fine), answers[0])


def unhealthy(engine: Engine, container: Container, why: str, secrets: Iterable[str]) -> Unhealthy:
    """The error for a container that is not fit to serve, with the last lines of its output."""
    tail = best_effort(lambda: log_tail(engine, container.id, LOG_LINES, secrets), ())
    return Unhealthy(
        f"The new container of {container.service_ref} is not healthy.",
        why=why,
        next_step=way_out(tail),
        log_tail=tail,
    )


def _ask(
    engine: Engine,
    container: Container,
    health: HealthCheck,
    age: float,
    deadline: float | None,
    check: Check = go_on,
) -> ProbeResult:
    if health.http is not None and health.port is not None:
        if not container.address:
            return ProbeResult(False, "it", "had no address")
        dial = partial(engine.dial, container.address, health.port)
        return ask_http(dial, health.http, _seconds(deadline), check)
    if container.health:
        return ProbeResult(
            container.health == "healthy", "Docker", f"reported it as {container.health}"
        )
    return ProbeResult(age >= health.steady, "it", f"had not run for {health.steady:g} s")


def _ask_published(
    engine: Engine, port: PublishedPort, health: HealthCheck, deadline: float | None
) -> ProbeResult:
    dial = partial(engine.dial_port, port.host_port, port.address)
    if health.http is not None and health.port == port.container_port:
        return ask_http(dial, health.http, _seconds(deadline))
    return ask_tcp(dial, port.host_port, engine.hang_up_seconds)


def _seconds(deadline: float | None) -> float:
    """For one answer: whoever has a little time left at the end asks properly all the same."""
    if deadline is None:
        return HEALTH_SECONDS
    return min(HEALTH_SECONDS, max(_LEAST_SECONDS, deadline - time.monotonic()))


def _can_be_asked(engine: Engine, candidate: Container, health: HealthCheck) -> None:
    """A worker inside a container joins the candidate's network first, and stays there."""
    if health.http is None:
        return
    if not engine.reaches_containers:
        raise ConfigurationError(
            f"The health of {candidate.service_ref} cannot be checked.",
            why=f"Over {engine.url.partition(':')[0]} the addresses of containers cannot be "
            "reached.",
            next_step="Write the host as ssh://user@host, or run its worker on that machine.",
        )
    if engine.own_container is not None:
        at_check = candidate.is_on_check
        network = (check_network_of if at_check else network_of)(candidate.environment)
        join(engine, engine.own_container, network)


def join(engine: Engine, container: str, network: str) -> None:
    """Attach a container to a network, if it is not."""
    with engine.calling("The worker's container") as api:
        networks = api.inspect_container(container)["NetworkSettings"]["Networks"]
        if network not in (networks or {}):
            api.connect_container_to_network(container, network)
