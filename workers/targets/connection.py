"""Connections to targets: the one place that knows which adapter a reference means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

from quaymaster.configuration.configuration import Configuration
from quaymaster.signing_key import Keys
from quaymaster.store.transactions import Connection
from quaymaster.target import DockerHost, TargetRef
from workers.docker.engine import Engine
from workers.docker.own_engine import Owner
from workers.targets.docker_host.held_image import Login
from workers.targets.docker_host.host import DockerHostTarget
from workers.targets.target import Target


class TargetConnection(Protocol):
    """A target while somebody is connected to it."""

    @property
    def target(self) -> Target:
        """The target itself."""

    def expect_own(self) -> None:
        """Raise WrongEngine unless the runtime that answers is the one of this target."""

    def close(self) -> None:
        """Disconnect."""


def target_of(
    ref: TargetRef, configuration: Configuration, engine: Callable[[str], Engine], login: Login
) -> Target:
    """The adapter of a target. ``engine`` gives the engine of a host, which is known to be its
    own; what it raises passes through.
    """
    match ref:
        case DockerHost():
            paths = configuration.host(ref.name).allow_paths
            return DockerHostTarget(engine(ref.name), login, paths)
        case _:
            assert_never(ref)


def connector(
    configuration: Configuration, usual: str | None, connection: Connection, keys: Keys
) -> Callable[[TargetRef], TargetConnection]:
    """Connects to targets, to look after services; ``usual`` is the address of an engine whose host
    has none. A call raises OutsideFailure when the runtime does not answer.
    """

    def connect(ref: TargetRef) -> TargetConnection:
        match ref:
            case DockerHost():
                url = configuration.host(ref.name).docker or usual
                engine = Engine.connect(url, name=ref.name)
                return HostConnection(engine, Owner(configuration, connection, keys))
            case _:
                assert_never(ref)

    return connect


@dataclass(frozen=True, slots=True)
class HostConnection:
    """A connection to a Docker host, for whoever pulls nothing there."""

    engine: Engine
    owner: Owner

    @property
    def target(self) -> Target:
        """The Docker host."""
        return DockerHostTarget(self.engine, lambda _: None)

    def expect_own(self) -> None:
        """Raise WrongEngine where another engine answers: it has services of its own, which may
        have the same names.
        """
        self.owner.expect(self.engine)

    def close(self) -> None:
        """Disconnect from the engine."""
        self.engine.close()
