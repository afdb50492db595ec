"""The way to a Docker engine on another machine: its socket, forwarded by the system's ``ssh``.

The SDK's own ssh:// needs paramiko or a Docker CLI on the other side, and knows no timeouts. One
``ssh`` per job forwards the socket and carries every further connection (ssh_config(5),
ControlMaster); options that could ask a person are off.
"""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from quaymaster.errors import ConfigurationError
from workers.docker.failures import unreachable_over_ssh
from workers.docker.helper_environment import for_helpers

_REMOTE_SOCKET = "/var/run/docker.sock"
_END_SECONDS = 3.0
_LONGEST_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class SshTunnel:
    """A running ``ssh`` that forwards the engine's socket."""

    destination: tuple[str, ...]
    """The arguments that name the other machine."""
    directory: Path
    _carriers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    """One for each connection that was dialled; each ends with its connection."""

    @classmethod
    @contextmanager
    def open(cls, url: str, name: str, timeout: float) -> Iterator[Self]:
        """Connect, wait until the socket is there, and end ``ssh`` afterwards.

        Raises OutsideFailure with what ``ssh`` said when the machine or its engine is not reached.
        """
        destination, remote = _parsed(url)
        # /tmp and not $TMPDIR: a Unix socket's path has at most 107 bytes (unix(7)).
        with tempfile.TemporaryDirectory(prefix="qm-ssh-", dir="/tmp") as directory:
            tunnel = cls(destination, Path(directory))
            with (tunnel.directory / "log").open("w+") as log:
                process = subprocess.Popen(
                    tunnel._master(remote, timeout),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    env=for_helpers(os.environ),
                )
                try:
                    tunnel._wait(process, name, timeout)
                    yield tunnel
                finally:
                    for running in (*tunnel._carriers, process):
                        _end(running)

    @property
    def socket_url(self) -> str:
        """Where the engine answers on this machine."""
        return f"unix://{self._socket}"

    def dial(self, address: str, port: int, timeout: float) -> socket.socket:
        """A connection that the other machine makes. Raises OSError.

        A refusal shows as an end of the stream: ``ssh -W`` reports it on its own error output.
        """
        if address.startswith("-"):
            raise OSError(f"{address} is not an address")
        ours, theirs = socket.socketpair()
        ours.settimeout(timeout)
        host = f"[{address}]" if ":" in address else address
        try:
            arguments = ["ssh", *self._common(), "-W", f"{host}:{port}", *self.destination]
            self._reap()
            self._carriers.append(
                subprocess.Popen(
                    arguments,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.DEVNULL,
                    env=for_helpers(os.environ),
                )
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return ours

    def _reap(self) -> None:
        self._carriers[:] = [carrier for carrier in self._carriers if carrier.poll() is None]

    @property
    def _socket(self) -> Path:
        return self.directory / "docker.sock"

    def _common(self) -> list[str]:
        return ["-o", "BatchMode=yes", "-o", f"ControlPath={self.directory / 'ctl'}"]

    def _master(self, remote: str, timeout: float) -> list[str]:
        options = (
            "ControlMaster=yes",
            "ExitOnForwardFailure=yes",
            "ServerAliveInterval=5",
            "ServerAliveCountMax=3",
            f"ConnectTimeout={max(1, int(timeout))}",
        )
        flags = [part for option in options for part in ("-o", option)]
        forward = f"{self._socket}:{remote}"
        return ["ssh", *self._common(), *flags, "-N", "-T", "-L", forward, *self.destination]

    def _wait(self, process: "subprocess.Popen[bytes]", name: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self._socket.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                with (self.directory / "log").open(errors="replace") as log:
                    output = log.read(_LONGEST_WORDS).strip()
                raise unreachable_over_ssh(name, output)
            time.sleep(0.02)


def _parsed(url: str) -> tuple[tuple[str, ...], str]:
    parts = urlsplit(url)
    host, user = parts.hostname or "", parts.username or ""
    if not host or host.startswith("-") or user.startswith("-") or parts.password:
        raise ConfigurationError(
            "The address of the Docker host is not understood.",
            why="It is ssh://user@host or ssh://user@host:port, without a password.",
            next_step="Give the worker's user an SSH key that the host accepts.",
        )
    port = ("-p", str(parts.port)) if parts.port else ()
    login = ("-l", user) if user else ()
    path = parts.path if parts.path not in ("", "/") else _REMOTE_SOCKET
    return (*port, *login, "--", host), path


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
