"""The Docker engine of a trial: reached, asked what it is, and cleaned of what is ours."""

import contextlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import docker
import requests
from docker.errors import DockerException, NotFound

from quaymaster.errors import Conflict, OutsideFailure, UsageError

DEFAULT_HOST = "unix:///var/run/docker.sock"
LABEL = "io.quaymaster.trial"
"""On every image that a trial makes, and so on every container that runs one: which trial."""

ENVIRONMENTS = frozenset({"staging", "production"})
"""The environments of the sample configuration."""

# What the workers write on containers and networks of services (workers/candidates.py).
_ENVIRONMENT = "quaymaster.environment"
_ROLE_NETWORK = "quaymaster.role=network"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


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

        A service is known by its environment and its name, so the staging/web of somebody else
        would be replaced by the first deploy.
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
        found: list[Any] = self.client.containers.list(all=True, ignore_removed=True)
        return found

    def _remove_networks(self, environments: Collection[str]) -> None:
        """Remove the networks of these environments; one that somebody is in stays."""
        for listed in self.client.networks.list(filters={"label": _ROLE_NETWORK}):
            labels = listed.attrs["Labels"] or {}
            if labels.get(_ENVIRONMENT) not in environments:
                continue
            with contextlib.suppress(NotFound):
                network = self.client.networks.get(listed.id)
                if not network.attrs["Containers"]:
                    network.remove()


@contextmanager
def connected(given: str | None) -> Iterator[Engine]:
    """The engine of ``given``, DOCKER_HOST or the usual socket.

    Raises OutsideFailure when none answers, UsageError for one on another machine.
    """
    host = given or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    _check_local(host)
    try:
        client = docker.DockerClient(base_url=host, timeout=60)
    except (DockerException, requests.RequestException, ValueError) as error:
        raise OutsideFailure(
            f"No Docker engine answers at {host}.",
            why=_reason(error),
            next_step=_way_out(host, given),
        ) from error
    try:
        yield Engine(host, client, client.version()["Arch"])
    finally:
        client.close()


def _check_local(host: str) -> None:
    url = urlsplit(host)
    if url.scheme == "unix" or (url.scheme in ("tcp", "http") and url.hostname in _LOOPBACK):
        return
    raise UsageError(
        f"`quaymaster try` needs a Docker engine on this machine, and {host} is not one.",
        why="The sample registry and the services are on this machine's loopback.",
        next_step="Name a local one, for example --docker unix:///var/run/docker.sock.",
    )


def _reason(error: Exception) -> str:
    text = str(error)
    for sign, reason in (
        ("PermissionError", "You may not open its socket."),
        ("FileNotFoundError", "There is no such socket."),
        ("ConnectionRefused", "Nothing listens there."),
    ):
        if sign in text:
            return reason
    return ""


def _way_out(host: str, given: str | None) -> str:
    if given or os.environ.get("DOCKER_HOST"):
        return "Correct the address (--docker or DOCKER_HOST), or start the engine there."
    return (
        "Start Docker (for example `sudo systemctl start docker`), join the group that may use "
        f"{host.removeprefix('unix://')}, or name another engine with --docker or DOCKER_HOST."
    )


def _is_ours(container: Any, trial: str, registry: str) -> bool:
    """Whether it runs an image of this trial, or any image of its registry."""
    image = str(container.attrs["Config"]["Image"])
    return container.labels.get(LABEL) == trial or image.startswith(f"{registry}/")


def _environment(container: Any) -> str:
    return str(container.labels.get(_ENVIRONMENT, ""))
