"""Switching a service on one Docker host from its old container to the new one.

Two containers cannot publish one port, so there is a gap between the old one's leaving and the new
one's answer; it is measured from before the first until after the second, never less than what a
caller saw. A process that dies anywhere in here leaves a state that ``settle`` reads and repairs.
"""

import time
from dataclasses import dataclass

from quaymaster.errors import OutsideFailure, QuaymasterError
from workers.docker.engine import Engine
from workers.outside.best_effort import cleaning_up_after
from workers.targets.docker_host.candidates import ContainerSpec, create, discard, ensure_networks
from workers.targets.docker_host.containers import (
    Container,
    ServiceState,
    check_network_of,
    network_of,
    observe,
    refreshed,
)
from workers.targets.docker_host.health import wait_until_healthy, wait_until_port_answers
from workers.targets.docker_host.moves import (
    attach,
    bring_back,
    detach,
    refuse_taken_ports,
    release,
    start,
    stop,
)
from workers.targets.observed import NOTHING_SERVED
from workers.targets.target import Work

_ANSWER_SECONDS = 10.0
"""For a container that was healthy already, to answer on its port."""


@dataclass(frozen=True, slots=True)
class SwitchResult:
    """The new container serves. The old one still runs, off the network (or is stopped)."""

    serving: Container
    gap_seconds: float
    """How long nobody answered on the port; 0 where nothing served before."""


def switch(engine: Engine, old: Container | None, candidate: Container, work: Work) -> SwitchResult:
    """Move the service's network, and with it the port, from the old container to the healthy one.

    When the new one cannot have the port or does not answer there, it is removed and the old one
    brought back; the error that is raised (Conflict, Unhealthy or another OutsideFailure) says so
    and how long that took.
    """
    network = network_of(candidate.environment)
    old = old or _in_the_way(engine, candidate)
    _refuse_taken_ports(engine, old, candidate, work)
    began = time.monotonic()
    try:
        if old is not None:
            detach(engine, old, network, work)
        attach(engine, candidate, network, (candidate.service,), work)
        wait_until_port_answers(engine, candidate, _ANSWER_SECONDS, work.secrets)
    except QuaymasterError as error:
        _undo(engine, old, candidate, error, began, work, stopped=False)
        raise
    gap = time.monotonic() - began if old is not None else 0.0
    return SwitchResult(finish(engine, candidate, work), gap)


def prepare_on_port(engine: Engine, new: ContainerSpec | Container, work: Work) -> Container:
    """The new container for ``switch_on_port``: on the service's network, and not started.

    ``new`` is a container for a rollback that starts a kept one, else what to create.
    """
    network = network_of(new.environment)
    if isinstance(new, ContainerSpec):
        return create(engine, new, network, (new.service,), work)
    ensure_networks(engine, new.environment, work)
    attach(engine, new, network, (new.service,), work)
    return refreshed(engine, new)


def switch_on_port(
    engine: Engine, old: Container | None, candidate: Container, work: Work
) -> SwitchResult:
    """The other way, for health checks that need a way out: stop the old one, check the new one.

    Everything up to the new one's health is part of the gap. On any failure, and when the work is
    cancelled, the new one is removed and the old one started again; the error says so.
    """
    network = network_of(candidate.environment)
    old = old or _in_the_way(engine, candidate)
    _refuse_taken_ports(engine, old, candidate, work)
    began = time.monotonic()
    try:
        if old is not None:
            stop(engine, old, old.drain, work)
        start(engine, candidate, work)
        candidate = refreshed(engine, candidate)
        wait_until_healthy(engine, candidate, candidate.health_check, work)
        wait_until_port_answers(engine, candidate, _ANSWER_SECONDS, work.secrets)
        work.commit_point()
    except QuaymasterError as error:
        _undo(engine, old, candidate, error, began, work, stopped=True)
        raise
    gap = time.monotonic() - began if old is not None else 0.0
    serving = finish(engine, candidate, work)
    if old is not None:
        detach(engine, old, network, work)
    return SwitchResult(serving, gap)


def finish(engine: Engine, serving: Container, work: Work) -> Container:
    """What is left after the new container answers on the port."""
    detach(engine, serving, check_network_of(serving.environment), work)
    release(engine, serving, work)
    return refreshed(engine, serving)


def retire(engine: Engine, old: Container, drain: float, work: Work) -> None:
    """Stop the old container gently and keep it for a rollback."""
    stop(engine, old, drain, work)
    detach(engine, old, network_of(old.environment), work)


def find_retained(state: ServiceState, digest: str, configuration: str) -> Container | None:
    """A stopped container of that digest and configuration (their fingerprint), if one is kept.

    It has the secrets of its own time: where they have changed since, create a new one instead.
    """
    for container in state.retained:
        image = container.image
        is_same = image is not None and str(image.digest) == digest
        if is_same and container.configuration == configuration:
            return container
    return None


def renamed(engine: Engine, kept: Container, name: str, work: Work) -> Container:
    """The same container under a name that carries its new turn; having it already is fine."""
    if kept.name == name:
        return kept
    work.fence()
    with engine.calling(f"The container {kept.short_id}") as api:
        api.rename(kept.id, name)
    return refreshed(engine, kept)


def start_candidate(engine: Engine, kept: Container, work: Work) -> Container:
    """Start a kept container as a candidate: on the network for checks, without its port."""
    ensure_networks(engine, kept.environment, work)
    detach(engine, kept, network_of(kept.environment), work)
    attach(engine, kept, check_network_of(kept.environment), (), work)
    start(engine, kept, work)
    return refreshed(engine, kept)


def withdraw(engine: Engine, candidate: Container, work: Work) -> None:
    """Take a candidate out: remove a new one, stop and keep one that was released before."""
    if not candidate.has_been_released:
        discard(engine, candidate, work)
        return
    stop(engine, candidate, 0, work)
    for network in (check_network_of(candidate.environment), network_of(candidate.environment)):
        detach(engine, candidate, network, work)


def _refuse_taken_ports(
    engine: Engine, old: Container | None, candidate: Container, work: Work
) -> None:
    try:
        refuse_taken_ports(engine, (candidate,) if old is None else (candidate, old))
    except QuaymasterError as error:
        with cleaning_up_after(error):
            withdraw(engine, candidate, work)
        raise


def _in_the_way(engine: Engine, candidate: Container) -> Container | None:
    """The container on the service's network that seems not to serve.

    One that crashes and is restarted again and again takes the port back at any moment; the deploy
    that repairs it must not fail for that.
    """
    state = observe(engine, candidate.service_ref)
    attached = (one for one in state.containers if one.is_on_network and one.id != candidate.id)
    return next(attached, None)


def _undo(
    engine: Engine,
    old: Container | None,
    candidate: Container,
    error: QuaymasterError,
    began: float,
    work: Work,
    *,
    stopped: bool,
) -> None:
    """Back to the old container; the error then says what became of the service. Raises another
    one where nothing serves.
    """
    with cleaning_up_after(error):
        withdraw(engine, candidate, work)
    runs_now = NOTHING_SERVED
    if old is not None:
        try:
            bring_back(engine, old, network_of(old.environment), work, stopped=stopped)
            wait_until_port_answers(engine, old, _ANSWER_SECONDS)
        except QuaymasterError as second:
            raise _nothing_serves(old, error, second) from error
        runs_now = f"The old container is back. Down for {time.monotonic() - began:.1f} s."
    error.runs_now = runs_now


def _nothing_serves(
    old: Container, first: QuaymasterError, second: QuaymasterError
) -> OutsideFailure:
    return OutsideFailure(
        f"Nothing runs in {old.service_ref} now.",
        why=f"{first.problem.what} {first.problem.why} Bringing the old container back failed too: "
        f"{second.problem.what} {second.problem.why}",
        next_step=f"Start {old.name} on the host by hand, or deploy again.",
        log_tail=first.problem.log_tail,
    )
