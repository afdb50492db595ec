"""A Docker engine of a test run's own: data, sockets, network, all under the run directory."""

import json
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import docker

from tests.engines.daemon import Daemon
from tests.engines.run_directory import RunDirectory
from trial.bridge import Bridge
from trial.dockerd import Dockerd
from trial.installed import find_program

_VERSION = re.compile(r"Docker version ([0-9]+)\.")
_FIRST_WITH_CONTAINERDS_STORE = 26
"""Debian 13's. Earlier ones have it as an experiment."""

# Networks that an engine has from the start.
BUILT_IN_NETWORKS = frozenset({"bridge", "host", "none"})


@dataclass(frozen=True, slots=True)
class DockerDaemon:
    """A running dockerd."""

    places: Dockerd
    daemon: Daemon
    bridge: Bridge

    @property
    def host(self) -> str:
        """Its address as DOCKER_HOST takes it."""
        return self.places.host

    @classmethod
    def start(
        cls,
        run: RunDirectory,
        name: str = "docker",
        *,
        data: Path | None = None,
        **features: bool,
    ) -> "DockerDaemon":
        """Start dockerd and wait until it answers; needs root and the package docker.io.

        Another engine of the same run needs a name of its own, of at most ten characters. `data`
        is where its images are kept, if not for this run alone: one engine at a time.
        """
        directory = run.path / name
        directory.mkdir()
        # What is kept is found again by its name.
        spaces = "qm-kept" if data else f"{run.name}-{name}"
        places = Dockerd(spaces, directory, data or directory / "data")
        # https://docs.docker.com/reference/cli/dockerd/#feature-options
        written = {one.replace("_", "-"): is_on for one, is_on in features.items()}
        places.configuration.write_text(json.dumps({"features": written}))
        bridge = Bridge.create((run.name if name == "docker" else f"qm-{name}")[:15])
        try:
            command = places.command("dockerd", bridge)
            command.append(f"--insecure-registry={bridge.network}")  # whoever signed for it
            # What is kept is closed properly also when whoever started it is killed.
            number = signal.SIGTERM if data else signal.SIGKILL
            daemon = Daemon.start(run, f"{name}d", command, dies_with_parent=number)
            daemon.wait_until_ready(places.answers, within=60)
        except BaseException:
            bridge.remove()
            raise
        return cls(places, daemon, bridge)

    def containerd(self, *command: str) -> None:
        """Tell the engine's containerd something behind the engine's back."""
        address, namespace = self.places.containerd_socket, self.places.name
        subprocess.run(
            [find_program("ctr"), f"--address={address}", f"--namespace={namespace}", *command],
            check=True,
            capture_output=True,
        )

    def stop(self) -> None:
        """Remove all containers and networks, end the engine, and take its network down."""
        client = docker.DockerClient(base_url=self.host)
        try:
            for container in client.containers.list(all=True):
                container.remove(force=True, v=True)
            for network in client.networks.list():
                if network.name not in BUILT_IN_NETWORKS:
                    network.remove()
        finally:
            client.close()
            self.daemon.stop(within=20)
            self.places.end_containerd()
            self.bridge.remove()


def has_containerds_store() -> bool:
    """Whether the installed dockerd can leave its images to containerd: Debian 13's can."""
    command = [find_program("dockerd"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = _VERSION.search(said)
    return found is not None and int(found.group(1)) >= _FIRST_WITH_CONTAINERDS_STORE
