"""A Docker engine of a test run's own: data, sockets, network, all under the run directory."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException

from tests.engines.bridge import Bridge
from tests.engines.daemon import Daemon, find_program
from tests.engines.run_directory import RunDirectory, kill_and_wait

_VERSION = re.compile(r"Docker version ([0-9]+)\.")
_FIRST_WITH_CONTAINERDS_STORE = 26
"""Debian 13's. Earlier ones have it as an experiment."""

# Networks that an engine has from the start.
BUILT_IN_NETWORKS = frozenset({"bridge", "host", "none"})


@dataclass(frozen=True, slots=True)
class DockerDaemon:
    """A running dockerd; `host` is its address as DOCKER_HOST takes it."""

    host: str
    daemon: Daemon
    bridge: Bridge
    directory: Path

    @classmethod
    def start(cls, run: RunDirectory, name: str = "docker", **features: bool) -> "DockerDaemon":
        """Start dockerd and wait until it answers; needs root and the package docker.io.

        Another engine of the same run needs a name of its own, of at most ten characters.
        """
        directory = run.path / name
        directory.mkdir()
        # https://docs.docker.com/reference/cli/dockerd/#feature-options
        written = {one.replace("_", "-"): is_on for one, is_on in features.items()}
        (directory / "daemon.json").write_text(json.dumps({"features": written}))
        socket = directory / "docker.sock"
        bridge = Bridge.create((run.name if name == "docker" else f"qm-{name}")[:15])
        try:
            daemon = Daemon.start(run, f"{name}d", _command(run, directory, socket, bridge))
            daemon.wait_until_ready(lambda: _answers(socket), within=60)
        except BaseException:
            bridge.remove()
            raise
        return cls(f"unix://{socket}", daemon, bridge, directory)

    def containerd(self, *command: str) -> None:
        """Tell the engine's containerd something behind the engine's back."""
        run = self.directory.parent
        socket = self.directory / "x" / "containerd" / "containerd.sock"
        spaces = f"{run.name}-{self.directory.name}"
        subprocess.run(
            [find_program("ctr"), f"--address={socket}", f"--namespace={spaces}", *command],
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
            self._end_containerd()
            self.bridge.remove()

    def _end_containerd(self) -> None:
        """End the containerd that a dockerd leaves behind when it had to be killed."""
        file = self.directory / "x" / "containerd" / "containerd.pid"
        if file.exists():
            kill_and_wait(int(file.read_text()))


def has_containerds_store() -> bool:
    """Whether the installed dockerd can leave its images to containerd: Debian 13's can."""
    command = [find_program("dockerd"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = _VERSION.search(said)
    return found is not None and int(found.group(1)) >= _FIRST_WITH_CONTAINERDS_STORE


def _command(run: RunDirectory, directory: Path, socket: Path, bridge: Bridge) -> list[str]:
    return [
        "dockerd",
        f"--host=unix://{socket}",
        f"--data-root={directory / 'data'}",
        f"--exec-root={directory / 'x'}",
        f"--pidfile={directory / 'docker.pid'}",
        # Where the system's containerd runs, dockerd uses it, and would share "moby" there.
        f"--containerd-namespace={run.name}-{directory.name}",
        f"--containerd-plugins-namespace={run.name}-{directory.name}-plugins",
        f"--bridge={bridge.name}",
        # An engine that starts with packet filter rules flushes those of every other engine on
        # the machine (moby, libnetwork/drivers/bridge, removeIPChains). Ports published on
        # loopback go through docker-proxy either way.
        "--iptables=false",
        "--ip-forward=false",
        "--ip-masq=false",
        f"--default-address-pool={bridge.pool}",
        "--insecure-registry=127.0.0.0/8",
        # The host's own /etc/docker/daemon.json is not for this engine.
        f"--config-file={directory / 'daemon.json'}",
        "--shutdown-timeout=2",
        "--log-level=warn",
    ]


def _answers(socket: Path) -> bool:
    if not socket.exists():
        return False
    try:
        client = docker.DockerClient(base_url=f"unix://{socket}", timeout=5)
    except DockerException:  # asks for the version on creation; not listening yet
        return False
    client.close()
    return True
