"""A relay that counts every byte that passes between a client and a server."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Relay:
    """What has passed so far, in both directions together."""

    port: int
    _counts: list[int] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """How many bytes."""
        return sum(self._counts)

    def passed(self, count: int) -> None:
        """So many more."""
        self._counts.append(count)


@contextmanager
def relay(server_port: int) -> Iterator[Relay]:
    """A relay on a free port before a server on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        counted = Relay(listener.getsockname()[1])
        accepting = threading.Thread(
            target=_accept, args=(listener, server_port, counted), daemon=True
        )
        accepting.start()
        yield counted
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        accepting.join(5)


def _accept(listener: socket.socket, server_port: int, counted: Relay) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # it was closed
            return
        server = socket.create_connection(("127.0.0.1", server_port))
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=_pass_on, args=(one, other, counted), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket, counted: Relay) -> None:
    with one, contextlib.suppress(OSError):
        while part := one.recv(65_536):
            counted.passed(len(part))
            other.sendall(part)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)
