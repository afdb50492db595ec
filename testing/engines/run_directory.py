"""The one directory a test run writes to, and the processes and ports that belong to it."""

import fcntl
import os
import random
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from trial.dockerd import unmount_below
from trial.processes import command_line, kill_and_wait

PARENT_VARIABLE = "QUAYMASTER_ENGINES_DIR"

# Below Linux's default range of ephemeral ports (32768 to 60999), so that no outgoing connection
# takes a port between its reservation and its use; below those of trials too (trial/ports.py),
# which come back to theirs. Only even ones: a test may use the next port as well.
_PORTS = range(10_000, 20_000, 2)

# A Unix socket's path has at most 107 bytes (man 7 unix), and the longest one here is
# containerd's: <run directory>/docker/x/containerd/containerd.sock.debug and the like.
_LONGEST_PATH = 60


class EngineError(Exception):
    """An engine could not be started, or did not behave; the text says which log to read."""


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """One run's directory. It may be handed to other processes as its path."""

    path: Path

    @classmethod
    def choose(cls) -> "RunDirectory":
        """A new path in $QUAYMASTER_ENGINES_DIR, or where temporary files go; not made yet."""
        parent = Path(os.environ.get(PARENT_VARIABLE) or tempfile.gettempdir()).resolve()
        path = parent / f"qm-{secrets.token_hex(4)}"
        if len(str(path)) > _LONGEST_PATH:
            raise EngineError(
                f"{parent} is too long a path for the sockets of the engines; "
                f"set {PARENT_VARIABLE} to a shorter one, for example /var/tmp"
            )
        return cls(path)

    @classmethod
    def create(cls) -> "RunDirectory":
        """Choose a path and make the directory."""
        run = cls.choose()
        run.make()
        return run

    def make(self) -> None:
        """Make the directory; harmless when another process of the run did."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in ("pids", "ports", "logs"):
            (self.path / part).mkdir(exist_ok=True)

    @property
    def name(self) -> str:
        """A short name that no other run on this machine has."""
        return self.path.name

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold a lock that all processes of the run respect."""
        with (self.path / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def reserve_port(self) -> int:
        """A TCP port on 127.0.0.1 that is free; this run gives it to nobody else, nor the next
        port.
        """
        first = random.randrange(len(_PORTS))
        for port in chain(_PORTS[first:], _PORTS[:first]):
            reservation = self.path / "ports" / str(port)
            try:
                reservation.touch(exist_ok=False)
            except FileExistsError:
                continue
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            return port
        raise EngineError("no free TCP port on 127.0.0.1 between 10000 and 20000")

    def record(self, process: "subprocess.Popen[bytes]") -> None:
        """Remember a process, so that it ends with the run whatever happens to its parent."""
        (self.path / "pids" / str(process.pid)).touch()

    def forget(self, pid: int) -> None:
        """Strike out a process that ended; nothing happens when it was not recorded."""
        (self.path / "pids" / str(pid)).unlink(missing_ok=True)

    def end_processes(self) -> list[str]:
        """Kill what was recorded and still runs; return the command lines of those."""
        killed = []
        for entry in (self.path / "pids").glob("*"):
            command = command_line(int(entry.name))
            # A process id may have been reused: our processes name the run directory.
            if str(self.path) in command:
                kill_and_wait(int(entry.name))
                killed.append(command)
            entry.unlink(missing_ok=True)
        return killed

    def remove(self) -> None:
        """Unmount whatever is still mounted in the directory, then delete it."""
        unmount_below(self.path)
        shutil.rmtree(self.path, ignore_errors=True)
