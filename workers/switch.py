"""Switching a service on one Docker host from its old container to the new one.

Two containers cannot publish one port, so there is a gap between the old one's leaving and the new
one's answer; it is measured from before the first until after the second, never less than what a
caller saw. A process that dies anywhere in here leaves a state that ``settle`` reads and repairs.
"""

import time
from dataclasses import dataclass

from quaymaster.errors import OutsideFailure, QuaymasterError
from workers.asides import beside
from workers.candidates import ContainerSpec, StillMine, create, discard, ensure_networks
from workers.containers import (
    Container,
    ServiceState,
    check_network_of,
    network_of,
    observe,
    refreshed,
)
from workers.engine import Engine
from workers.exchange import Check
from workers.health import wait_until_healthy, wait_until_port_answers
from workers.moves import (
    bring_back,
    enter,
    leave,
    prune,
    refuse_taken_ports,
    release,
    start,
    stop,
)
from workers.transfers import Report

_ANSWER_SECONDS = 10.0
"""For a container that was healthy already, to answer on its port."""

NOTHING_SERVED = "Nothing ran before, and nothing runs now."


@dataclass(frozen=True, slots=True)
class Switched:
    """The new container serves. The old one still runs, off the network (or is stopped)."""

    serving: Container
    gap_seconds: float
    """How long nobody answered on the port; 0 where nothing served before."""


def switch(
    engine: Engine,
    old: Container | None,
    candidate: Container,
    still_mine: StillMine,
    secrets: tuple[str, ...] = (),
) -> Switched:
    """Move the service's network, and with it the port, from the old container to the healthy one.

    When the new one cannot have the port or does not answer there, it is removed and the old one
    brought back; the error that is raised (Conflict, Unhealthy or another OutsideFailure) says so
    and how long that took.
    """
    network = network_of(candidate.environment)
    old = old or _in_the_way(engine, candidate)
    refuse_taken_ports(engine, (candidate,) if old is None else (candidate, old))
    began = time.monotonic()
    if old is not None:
        leave(engine, old, network, still_mine)
    try:
        enter(engine, candidate, network, (candidate.service,), still_mine)
        wait_until_port_answers(engine, candidate, _ANSWER_SECONDS, secrets)
    except QuaymasterError as error:
        _undo(engine, old, candidate, error, began, still_mine, stopped=False)
        raise
    gap = time.monotonic() - began if old is not None else 0.0
    return Switched(finish(engine, candidate, still_mine), gap)


def recreate_on_port(
    engine: Engine,
    old: Container | None,
    new: ContainerSpec | Container,
    report: Report,
    check: Check,
    still_mine: StillMine,
    secrets: tuple[str, ...] = (),
) -> Switched:
    """The other way, for health checks that need a way out: stop the old one, check the new one.

    Everything up to the new one's health is part of the gap. On any failure, and when ``check``
    stops it, the new one is removed and the old one started again; the error says so.
    ``new`` is a container for a rollback that starts a kept one, else what to create.
    """
    network = network_of(new.environment)
    if isinstance(new, Container):
        ensure_networks(engine, new.environment, still_mine)
        enter(engine, new, network, (new.service,), still_mine)
        candidate = new
    else:
        candidate = create(engine, new, network, (new.service,), still_mine)
    old = old or _in_the_way(engine, candidate)
    try:
        refuse_taken_ports(engine, (candidate,) if old is None else (candidate, old))
    except QuaymasterError as error:
        with beside(error):
            put_away(engine, candidate, still_mine)
        raise
    began = time.monotonic()
    try:
        if old is not None:
            stop(engine, old, old.drain, still_mine)
        start(engine, candidate, still_mine)
        candidate = refreshed(engine, candidate)
        wait_until_healthy(engine, candidate, candidate.health_check, report, check, secrets)
        wait_until_port_answers(engine, candidate, _ANSWER_SECONDS, secrets)
    except QuaymasterError as error:
        _undo(engine, old, candidate, error, began, still_mine, stopped=True)
        raise
    gap = time.monotonic() - began if old is not None else 0.0
    serving = finish(engine, candidate, still_mine)
    if old is not None:
        leave(engine, old, network, still_mine)
    return Switched(serving, gap)


def finish(engine: Engine, serving: Container, still_mine: StillMine) -> Container:
    """What is left after the new container answers on the port."""
    leave(engine, serving, check_network_of(serving.environment), still_mine)
    release(engine, serving, still_mine)
    return refreshed(engine, serving)


def retire(
    engine: Engine, old: Container, drain: float, keep: int, still_mine: StillMine
) -> tuple[str, ...]:
    """Stop the old container gently and keep it for a rollback; at most ``keep`` are kept.

    Gives the names of the containers that were removed.
    """
    stop(engine, old, drain, still_mine)
    leave(engine, old, network_of(old.environment), still_mine)
    return prune(engine, old.service_ref, keep, still_mine)


def find_kept(state: ServiceState, digest: str, configuration: str) -> Container | None:
    """A stopped container of that digest and configuration (their fingerprint), if one is kept.

    It has the secrets of its own time: where they have changed since, create a new one instead.
    """
    for container in state.kept:
        image = container.image
        is_same = image is not None and str(image.digest) == digest
        if is_same and container.configuration == configuration:
            return container
    return None


def renamed(engine: Engine, kept: Container, name: str, still_mine: StillMine) -> Container:
    """The same container under a name that carries its new turn; having it already is fine."""
    if kept.name == name:
        return kept
    still_mine()
    with engine.asked(f"The container {kept.short_id}") as api:
        api.rename(kept.id, name)
    return refreshed(engine, kept)


def revive(engine: Engine, kept: Container, still_mine: StillMine) -> Container:
    """Start a kept container as a candidate: on the network for checks, without its port."""
    ensure_networks(engine, kept.environment, still_mine)
    leave(engine, kept, network_of(kept.environment), still_mine)
    enter(engine, kept, check_network_of(kept.environment), (), still_mine)
    start(engine, kept, still_mine)
    return refreshed(engine, kept)


def put_away(engine: Engine, candidate: Container, still_mine: StillMine) -> None:
    """Take a candidate out: remove a new one, stop and keep one that was released before."""
    if not candidate.has_been_released:
        discard(engine, candidate, still_mine)
        return
    stop(engine, candidate, 0, still_mine)
    for network in (check_network_of(candidate.environment), network_of(candidate.environment)):
        leave(engine, candidate, network, still_mine)


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
    still_mine: StillMine,
    *,
    stopped: bool,
) -> None:
    """Back to the old container; the error then says what became of the service. Raises another
    one where nothing serves.
    """
    with beside(error):
        put_away(engine, candidate, still_mine)
    said = NOTHING_SERVED
    if old is not None:
        try:
            bring_back(engine, old, network_of(old.environment), still_mine, stopped=stopped)
            wait_until_port_answers(engine, old, _ANSWER_SECONDS)
        except QuaymasterError as second:
            raise _nothing_serves(old, error, second) from error
        said = f"The old container is back. Down for {time.monotonic() - began:.1f} s."
    error.runs_now = said


def _nothing_serves(
    old: Container, first: QuaymasterError, second: QuaymasterError
) -> OutsideFailure:
    return OutsideFailure(
        f"Nothing runs in {old.service_ref} now.",
        why=f"{first.trouble.what} {first.trouble.why} Bringing the old container back failed too: "
        f"{second.trouble.what} {second.trouble.why}",
        next_step=f"Start {old.name} on the host by hand, or deploy again.",
        log_tail=first.trouble.log_tail,
    )
