"""The Docker engine of a trial: reached, asked what it is, and cleaned of what is ours."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import docker
import requests
from docker.errors import DockerException, NotFound

from quaymaster.errors import OutsideFailure, UsageError

DEFAULT_HOST = "unix:///var/run/docker.sock"
LABEL = "io.quaymaster.trial"
"""On every image that a trial makes, and so on every container that runs one: which trial."""

_BUILT_IN_NETWORKS = frozenset({"bridge", "host", "none"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine on this machine."""

    host: str
    client: docker.DockerClient
    architecture: str
    """As Go calls it, for the images that it is to run."""

    def end_containers(self, trial: str, registry: str) -> int:
        """Stop and remove the services of a trial, and their networks; how many containers."""
        ours = [one for one in self._containers() if _is_ours(one.attrs, trial, registry)]
        networks = {name for one in ours for name in _networks(one.attrs)}
        for container in ours:
            with contextlib.suppress(NotFound):
                container.stop(timeout=3)
            with contextlib.suppress(NotFound):
                container.remove(force=True, v=True)
        self._remove_networks(networks)
        return len(ours)

    def remove_images(self, trial: str) -> None:
        """Remove the images that a trial made, by every name that they have."""
        for image in self.client.images.list(filters={"label": f"{LABEL}={trial}"}):
            with contextlib.suppress(NotFound):
                self.client.images.remove(image.id, force=True)

    def _containers(self) -> list[Any]:
        found: list[Any] = self.client.containers.list(all=True, ignore_removed=True)
        return found

    def _remove_networks(self, names: set[str]) -> None:
        """Remove networks that were made for the services and that nobody else is in."""
        for name in names - _BUILT_IN_NETWORKS:
            with contextlib.suppress(NotFound):
                network = self.client.networks.get(name)
                is_quaymasters = any("quaymaster" in label for label in network.attrs["Labels"])
                if is_quaymasters and not network.attrs["Containers"]:
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


def _is_ours(container: dict[str, Any], trial: str, registry: str) -> bool:
    configuration = container["Config"]
    labels: dict[str, str] = configuration["Labels"] or {}
    return labels.get(LABEL) == trial or str(configuration["Image"]).startswith(f"{registry}/")


def _networks(container: dict[str, Any]) -> tuple[str, ...]:
    return tuple(container["NetworkSettings"]["Networks"])
