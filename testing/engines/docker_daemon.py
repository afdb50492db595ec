"""A Docker engine of a test run's own: data, sockets, network, all under the run directory."""

import json
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import docker

from testing.engines.daemon import Daemon
from testing.engines.kinds import EngineKind, chosen_kind
from testing.engines.run_directory import RunDirectory
from trial.bridge import Bridge
from trial.dockerd import Dockerd
from trial.installed import find_program

# Networks that an engine has from the start.
BUILT_IN_NETWORKS = frozenset({"bridge", "host", "none"})


@dataclass(frozen=True, slots=True)
class DockerDaemon:
    """A running dockerd."""

    places: Dockerd
    daemon: Daemon
    bridge: Bridge
    kind: EngineKind

    @property
    def host(self) -> str:
        """Its address as DOCKER_HOST takes it."""
        return self.places.host

    @classmethod
    def start(
        cls,
        run: RunDirectory,
        name: str = "docker",
        kind: EngineKind | None = None,
        data: Path | None = None,
    ) -> "DockerDaemon":
        """Start dockerd and wait until it answers; needs root and the package docker.io.

        Another engine of the same run needs a name of its own, of at most ten characters. `data`
        is where its images are kept, if not for this run alone: one engine at a time. Raises
        EngineError where its programs cannot be had.
        """
        kind = kind or chosen_kind()
        environment = kind.environment()
        directory = run.path / name
        directory.mkdir()
        # Kept data is found again by its name.
        spaces = "qm-kept" if data else f"{run.name}-{name}"
        places = Dockerd(spaces, directory, data or directory / "data")
        places.configuration.write_text(json.dumps({"features": dict(kind.features)}))
        bridge = Bridge.create((run.name if name == "docker" else f"qm-{name}")[:15])
        try:
            command = places.command("dockerd", bridge)
            command.append(f"--insecure-registry={bridge.network}")  # the CA that signed for it
            # Kept data is closed properly even if the process that started this one is killed.
            number = signal.SIGTERM if data else signal.SIGKILL
            daemon = Daemon.start(
                run, f"{name}d", command, environment=environment, dies_with_parent=number
            )
            daemon.wait_until_ready(places.answers, within=60)
        except BaseException:
            bridge.remove()
            raise
        return cls(places, daemon, bridge, kind)

    def containerd(self, *command: str) -> None:
        """Run a command of the engine's containerd, without the engine noticing."""
        address, namespace = self.places.containerd_socket, self.places.name
        ctr = find_program("ctr", self.kind.environment())
        subprocess.run(
            [ctr, f"--address={address}", f"--namespace={namespace}", *command],
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
