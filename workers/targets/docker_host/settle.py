"""After a crash: bring a service to the nearest wholly-old or wholly-new point, and say which."""

from quaymaster.errors import NotFound, Unhealthy
from quaymaster.target import ServiceRef
from workers.docker.engine import Engine
from workers.targets.docker_host.containers import (
    Container,
    ContainerRole,
    ServiceState,
    network_of,
    observe,
    refreshed,
)
from workers.targets.docker_host.health import wait_until_port_answers
from workers.targets.docker_host.moves import bring_back, detach, stop
from workers.targets.docker_host.switch import finish, withdraw
from workers.targets.target import Work

_ANSWER_SECONDS = 10.0


def settle(engine: Engine, service: ServiceRef, work: Work) -> ServiceState:
    """Finish a switch whose new container answers, else go back to the old one; what is then.

    May be called at any time and again and again; it changes nothing where all is well. What was
    half made is removed; what was released is kept, stopped. Raises OutsideFailure when the engine
    fails.
    """
    state = observe(engine, service)
    serving = state.serving
    if is_settled(state):
        return state
    if serving is not None and _is_in_doubt(state, serving) and not _answers(engine, serving):
        withdraw(engine, serving, work)
        serving = None
    if serving is None:
        serving = _back_to_old(engine, state, work)
    elif not serving.has_been_released or serving.is_on_check:
        serving = finish(engine, serving, work)
    _tidy(engine, observe(engine, service), serving, work)
    return observe(engine, service)


def is_settled(state: ServiceState) -> bool:
    """Whether there is nothing to settle: one serves, or none, and the others are kept."""
    unsettled = [one for one in state.containers if one.role is not ContainerRole.RETAINED]
    if not unsettled:
        return True
    serving = state.serving
    return (
        unsettled == [serving]
        and serving is not None
        and serving.has_been_released
        and not serving.is_on_check
    )


def _is_in_doubt(state: ServiceState, serving: Container) -> bool:
    """Whether its switch may not have come to its check. One that served before is left alone,
    well or not: what lies beside it was never better."""
    was_finished = serving.has_been_released and not serving.is_on_check
    return not was_finished or bool(state.with_role(ContainerRole.STOPPED))


def _back_to_old(engine: Engine, state: ServiceState, work: Work) -> Container | None:
    """What else is there goes first: it may hold the port. Of two that are on the network and do
    not serve, one is a kept container that was to come back: the one with the higher turn.
    """
    halted = sorted(state.with_role(ContainerRole.STOPPED), key=lambda one: one.turn)
    old = next(iter((*state.with_role(ContainerRole.DETACHED), *halted)), None)
    for other in (*state.with_role(ContainerRole.CANDIDATE), *halted):
        if old is None or other.id != old.id:
            withdraw(engine, other, work)
    if old is None:
        return None
    bring_back(
        engine, old, network_of(old.environment), work, stopped=old.role is ContainerRole.STOPPED
    )
    return refreshed(engine, old)


def _tidy(engine: Engine, state: ServiceState, serving: Container | None, work: Work) -> None:
    for container in state.containers:
        if serving is not None and container.id == serving.id:
            continue
        match container.role:
            case ContainerRole.RETAINED:
                continue
            case ContainerRole.CANDIDATE:
                withdraw(engine, container, work)
            case ContainerRole.SERVING | ContainerRole.DETACHED | ContainerRole.STOPPED:
                stop(engine, container, container.drain, work)
                detach(engine, container, network_of(container.environment), work)


def _answers(engine: Engine, serving: Container) -> bool:
    within = min(_ANSWER_SECONDS, serving.health_check.within)
    try:
        wait_until_port_answers(engine, serving, within)
    except (Unhealthy, NotFound):
        return False
    return True
