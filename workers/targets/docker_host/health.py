"""Waiting until a container is healthy, and asking whether a service answers on its port."""

import time
from collections.abc import Iterable
from functools import partial

from quaymaster.errors import ConfigurationError, Unhealthy
from quaymaster.limits import HEALTH_SECONDS
from quaymaster.progress import Progress
from quaymaster.services import HealthCheck, PublishedPort
from workers.asides import aside
from workers.engine import Engine
from workers.exchange import Check, go_on
from workers.probe import Answer, ask_http, ask_tcp
from workers.targets.docker_host.container_log import log_tail
from workers.targets.docker_host.containers import (
    Container,
    check_network_of,
    network_of,
    refreshed,
)
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
        seen = refreshed(engine, candidate)
        refuse_ended(engine, seen, health, work.secrets, candidate.restarts)
        answer = _ask(engine, seen, health, now - began, deadline, work.check)
        if answer.is_fine:
            return
        if time.monotonic() >= deadline:
            raise unhealthy(engine, seen, answer.words_after(health.within), work.secrets)
        time.sleep(_POLL_SECONDS)


def refuse_ended(
    engine: Engine,
    seen: Container,
    health: HealthCheck,
    secrets: Iterable[str],
    restarts_before: int = 0,
) -> None:
    """Raise Unhealthy for a container that has ended, or that Docker calls unhealthy.

    ``restarts_before`` is how often the engine had restarted it when one began to look; the engine
    counts from the last start by hand.
    """
    if seen.is_restarting or seen.restarts > restarts_before:
        raise unhealthy(engine, seen, f"It keeps restarting (exit code {seen.exit_code}).", secrets)
    if not seen.is_running:
        raise unhealthy(engine, seen, f"It exited with status {seen.exit_code}.", secrets)
    if health.http is None and seen.health == "unhealthy":
        raise unhealthy(engine, seen, "Its own health check failed.", secrets)


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
        seen = refreshed(engine, container)
        refuse_ended(engine, seen, health, secrets, container.restarts)
        answer = ask_port(engine, seen, deadline)
        if answer.is_fine:
            return
        if time.monotonic() >= deadline:
            raise unhealthy(engine, seen, answer.words_after(within), secrets)
        time.sleep(_PORT_POLL_SECONDS)


def ask_port(engine: Engine, seen: Container, deadline: float | None = None) -> Answer:
    """Whether the service answers its callers now; ``deadline`` is the last moment at which the
    answer is useful.
    """
    health = seen.health_check
    if not seen.has_its_ports:
        return Answer(False, "it", "had no published ports")
    published = [port for port in seen.ports if port.protocol == "tcp"]
    if not engine.reaches_published_ports or not published:
        return _ask(engine, seen, health, health.steady, deadline)
    answers = [_ask_published(engine, port, health, deadline) for port in published]
    return next((answer for answer in answers if not answer.is_fine), answers[0])


def unhealthy(engine: Engine, seen: Container, why: str, secrets: Iterable[str]) -> Unhealthy:
    """The error for a container that is not fit to serve, with the last lines of its output."""
    tail = aside(lambda: log_tail(engine, seen.id, LOG_LINES, secrets), ())
    return Unhealthy(
        f"The new container of {seen.service_ref} is not healthy.",
        why=why,
        next_step=way_out(tail),
        log_tail=tail,
    )


def _ask(
    engine: Engine,
    seen: Container,
    health: HealthCheck,
    age: float,
    deadline: float | None,
    check: Check = go_on,
) -> Answer:
    if health.http is not None and health.port is not None:
        if not seen.address:
            return Answer(False, "it", "had no address")
        dial = partial(engine.dial, seen.address, health.port)
        return ask_http(dial, health.http, _seconds(deadline), check)
    if seen.health:
        return Answer(seen.health == "healthy", "Docker", f"reported it as {seen.health}")
    return Answer(age >= health.steady, "it", f"had not run for {health.steady:g} s")


def _ask_published(
    engine: Engine, port: PublishedPort, health: HealthCheck, deadline: float | None
) -> Answer:
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
    with engine.asked("The worker's container") as api:
        found = api.inspect_container(container)["NetworkSettings"]["Networks"]
        if network not in (found or {}):
            api.connect_container_to_network(container, network)
