"""The containers of a service, as every target tells of its versions."""

from typing import assert_never

from quaymaster.errors import Problem
from workers.targets.docker_host.containers import Container, ContainerRole, ServiceState
from workers.targets.docker_host.settle import is_settled
from workers.targets.observed import Condition, Observed, Remains, Version, VersionRole


def as_observed(state: ServiceState, unhealthy: Problem | None = None) -> Observed:
    """One container is one version."""
    return Observed(
        state.service,
        Condition.ABSENT if state.serving is None else Condition.WHOLE,
        tuple(as_version(one) for one in state.containers),
        _remains(state),
        unhealthy,
    )


def as_version(container: Container) -> Version:
    """This container as a version."""
    return Version(
        name=container.name,
        identity=container.id,
        image=container.image,
        image_id=container.image_id,
        operation=container.operation,
        turn=container.turn,
        workload=container.configuration,
        role=_role(container.role),
        has_been_live=container.has_been_released,
        problem=_problem(container),
    )


def _remains(state: ServiceState) -> Remains:
    if is_settled(state):
        return Remains.NONE
    # That a container is stopped does not say so: people stop containers.
    is_half_way = bool(state.with_role(ContainerRole.CANDIDATE, ContainerRole.DETACHED))
    return Remains.HALF_WAY if is_half_way else Remains.DISTURBED


def _role(place: ContainerRole) -> VersionRole:
    match place:
        case ContainerRole.SERVING:
            return VersionRole.SERVING
        case ContainerRole.CANDIDATE:
            return VersionRole.STAGED
        case ContainerRole.DETACHED:
            return VersionRole.DETACHED
        case ContainerRole.STOPPED:
            return VersionRole.STOPPED
        case ContainerRole.RETAINED:
            return VersionRole.RETAINED
        case _:
            assert_never(place)


def _problem(container: Container) -> str:
    match container.role:
        case ContainerRole.SERVING:
            return ""
        case ContainerRole.STOPPED | ContainerRole.RETAINED:
            return _why_halted(container)
        case ContainerRole.DETACHED | ContainerRole.CANDIDATE:
            return f"{container.name} is not on its network: somebody disconnected it."
        case place:
            assert_never(place)


def _why_halted(container: Container) -> str:
    if container.is_restarting:
        return f"{container.name} keeps restarting, last with exit code {container.exit_code}."
    if container.is_running:
        return f"{container.name} runs without its port."
    return f"{container.name} is stopped, with exit code {container.exit_code}."
