"""How a Docker engine of our own is started beside any other: nothing of it is shared."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from trial.bridge import Bridge
from trial.installed import find_program
from trial.processes import command_line, kill_and_wait
from trial.reachable import why_silent


@dataclass(frozen=True, slots=True)
class Dockerd:
    """Where an engine of our own has what it has.

    A Unix socket's path has at most 107 bytes (man 7 unix), and the longest one of an engine is
    that of its containerd, ``RUN/x/containerd/containerd.sock.ttrpc``: ``run`` has to be short.
    """

    name: str
    """Of its namespaces in containerd: no other engine of this machine has it."""
    run: Path
    """Sockets and what else ends with the engine."""
    data: Path
    """Images, containers and volumes."""

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.run / "docker.sock"

    @property
    def host(self) -> str:
        """Its address as DOCKER_HOST takes it."""
        return f"unix://{self.socket}"

    @property
    def configuration(self) -> Path:
        """What the flags do not say (https://docs.docker.com/reference/cli/dockerd/)."""
        return self.run / "daemon.json"

    @property
    def containerd_socket(self) -> Path:
        """Where its containerd listens, which it starts unless the system's runs."""
        return self._containerd / "containerd.sock"

    def command(self, program: str, bridge: Bridge) -> list[str]:
        """The command line."""
        return [
            program,
            f"--host={self.host}",
            f"--data-root={self.data}",
            f"--exec-root={self._execution}",
            f"--pidfile={self.run / 'docker.pid'}",
            # Where the system's containerd runs, dockerd uses it, and would share "moby" there.
            f"--containerd-namespace={self.name}",
            f"--containerd-plugins-namespace={self.name}-plugins",
            f"--bridge={bridge.name}",
            # An engine that starts with packet filter rules flushes those of every other engine
            # on the machine (moby, libnetwork/drivers/bridge, removeIPChains). Ports published on
            # loopback go through docker-proxy either way.
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--ip-masq=false",
            f"--default-address-pool={bridge.pool}",
            "--insecure-registry=127.0.0.0/8",
            # The host's own /etc/docker/daemon.json is not for this engine.
            f"--config-file={self.configuration}",
            "--shutdown-timeout=2",
            "--log-level=warn",
        ]

    def forget_networks(self) -> None:
        """Have it begin without networks. It remembers them with their addresses, and would give
        the bridge the one of its last start in the place of its own.
        """
        shutil.rmtree(self.data / "network", ignore_errors=True)

    def answers(self) -> bool:
        """Whether it does by now."""
        return why_silent(self.host) is None

    def end_containerd(self) -> None:
        """End the containerd that a dockerd leaves behind when it had to be killed."""
        file = self._containerd / "containerd.pid"
        if not file.exists():
            return
        pid = int(file.read_text())
        # The process id may have been reused.
        if str(self._containerd) in command_line(pid):
            kill_and_wait(pid)

    def unmount(self) -> None:
        """Unmount what a dockerd that was killed leaves mounted."""
        unmount_below(self.data)
        unmount_below(self.run)

    @property
    def _execution(self) -> Path:
        return self.run / "x"

    @property
    def _containerd(self) -> Path:
        return self._execution / "containerd"


def unmount_below(directory: Path) -> None:
    """Unmount everything that is mounted in a directory or on it, innermost first."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in mounts]
    for point in sorted(points, key=len, reverse=True):
        if f"{point}/".startswith(f"{directory}/"):
            subprocess.run([find_program("umount"), "--lazy", point], check=False)
