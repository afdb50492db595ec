"""The Docker engine of a trial: how it is reached, inspected, and cleaned of our containers."""

import contextlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker
import requests
from docker.errors import DockerException, NotFound

from quaymaster.errors import Conflict, OutsideFailure

LABEL = "io.quaymaster.trial"
"""On every image that a trial makes, and so on every container that runs one: which trial."""

ENVIRONMENTS = frozenset({"staging", "production"})
"""The environments of the sample configuration."""

# The labels of a service's containers and networks (workers/targets/docker_host/labels.py).
_ENVIRONMENT = "quaymaster.environment"
_ROLE_NETWORK = "quaymaster.role=network"


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine on this machine."""

    host: str
    client: docker.DockerClient
    architecture: str
    """As Go calls it, for the images that it is to run."""

    def end_services(self, trial: str, registry: str) -> int:
        """Stop and remove the services of a trial, and their networks; how many containers."""
        ours = [one for one in self._containers() if _is_ours(one, trial, registry)]
        environments = {_environment(one) for one in ours} | ENVIRONMENTS
        for container in ours:
            with contextlib.suppress(NotFound):
                container.stop(timeout=3)
            with contextlib.suppress(NotFound):
                container.remove(force=True, v=True)
        self._remove_networks(environments)
        return len(ours)

    def expect_no_other_quaymaster(self, trial: str, registry: str) -> None:
        """Raise Conflict when services run here that this trial would take for its own.

        A service is known by its environment and its name, so the first deploy would replace the
        staging/web of another installation.
        """
        for container in self._containers():
            if _environment(container) in ENVIRONMENTS and not _is_ours(container, trial, registry):
                raise Conflict(
                    f"The engine at {self.host} has the container {container.name} of another "
                    f"Quaymaster, in an environment called {_environment(container)} as well.",
                    why="A deploy of this trial would replace it.",
                    next_step="Try it on another engine (--docker HOST), or end the other "
                    "`quaymaster try`, or remove the container.",
                )

    def remove_images(self, trial: str) -> None:
        """Remove the images that a trial made, by every name that they have."""
        for image in self.client.images.list(filters={"label": f"{LABEL}={trial}"}):
            with contextlib.suppress(NotFound):
                self.client.images.remove(image.id, force=True)

    def _containers(self) -> list[Any]:
        containers: list[Any] = self.client.containers.list(all=True, ignore_removed=True)
        return containers

    def _remove_networks(self, environments: Collection[str]) -> None:
        """Remove the networks of these environments; one with other containers stays."""
        for listed in self.client.networks.list(filters={"label": _ROLE_NETWORK}):
            labels = listed.attrs["Labels"] or {}
            if labels.get(_ENVIRONMENT) not in environments:
                continue
            with contextlib.suppress(NotFound):
                network = self.client.networks.get(listed.id)
                if not network.attrs["Containers"]:
                    network.remove()


@contextmanager
def connected(host: str) -> Iterator[Engine]:
    """The engine at this address. Raises OutsideFailure when it cannot be used."""
    try:
        client = docker.DockerClient(base_url=host, timeout=60)
    except (DockerException, requests.RequestException, ValueError) as error:
        raise OutsideFailure(
            f"The Docker engine at {host} cannot be used.",
            why=f"{error}.",
            next_step="Its own log says more.",
        ) from error
    try:
        yield Engine(host, client, client.version()["Arch"])
    finally:
        client.close()


@contextmanager
def speaking_of_the_engine() -> Iterator[None]:
    """Errors inside are reported as failures of the engine."""
    try:
        yield
    except (DockerException, requests.RequestException) as error:
        raise OutsideFailure(
            "The Docker engine failed.",
            why=str(error),
            next_step="Its own log says more; start again when it works.",
        ) from error


def _is_ours(container: Any, trial: str, registry: str) -> bool:
    """Whether it runs an image of this trial, or any image of its registry."""
    image = str(container.attrs["Config"]["Image"])
    return container.labels.get(LABEL) == trial or image.startswith(f"{registry}/")


def _environment(container: Any) -> str:
    return str(container.labels.get(_ENVIRONMENT, ""))
