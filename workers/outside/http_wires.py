"""Watched sockets in httpcore's interface: each belongs to the exchange that uses it."""

import select
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from workers.outside.exchange import OutOfTime
from workers.outside.wire import WatchedSocket, connected

Dial = Callable[[], socket.socket]
"""Makes a connection. Raises OSError."""

_READ = 64 * 1024
_HANDSHAKE_IS_WATCHED = 60.0
"""Any time but none: the handshake of a socket that does not wait has to be made by hand."""


class Wires(httpcore.NetworkBackend):
    """Connections of the current exchange, for httpcore."""

    def __init__(self, may_be_local: Callable[[str, int], bool]) -> None:
        self._may_be_local = may_be_local

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the exchange has its own
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """A connection over which httpcore speaks."""
        try:
            return _Stream(connected(host, port, self._may_be_local(host, port)))
        except OutOfTime:
            raise
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(error) from error


class Dialled(Wires):
    """Connections made by a function of the caller."""

    def __init__(self, dial: Dial) -> None:
        super().__init__(lambda _host, _port: True)
        self._dial = dial

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """A connection over which httpcore speaks."""
        try:
            return _Stream(WatchedSocket.adopt(self._dial()))
        except OSError as error:
            raise httpcore.ConnectError(error) from error


class _Stream(httpcore.NetworkStream):
    def __init__(self, sock: WatchedSocket | ssl.SSLSocket) -> None:
        self._sock = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        try:
            return self._sock.recv(min(max_bytes, _READ))
        except OutOfTime:
            raise
        except OSError as error:
            raise httpcore.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        try:
            if buffer:
                self._sock.sendall(buffer)
        except OutOfTime:
            raise
        except OSError as error:
            raise httpcore.WriteError(error) from error

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        if isinstance(self._sock, ssl.SSLSocket):
            raise httpcore.ProxyError("TLS within TLS")
        try:
            self._sock.settimeout(_HANDSHAKE_IS_WATCHED)
            return _Stream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname))
        except OutOfTime:
            self.close()
            raise
        except (OSError, ValueError) as error:
            self.close()
            raise httpcore.ConnectError(error) from error
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "ssl_object" if isinstance(self._sock, ssl.SSLSocket):
                return self._sock
            case "socket":
                return self._sock
            case "is_readable":
                return _is_readable(self._sock)
        return None


def _is_readable(sock: socket.socket) -> bool:
    """Whether a kept-alive connection was closed by the other side."""
    try:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return True
