"""One question to a service: does it answer? Over any connection that an engine can dial."""

import http.client
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

Dial = Callable[[], socket.socket]
"""Makes a connection with a timeout. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the service is fine, and what it answered, in words."""

    is_fine: bool
    words: str


class _Connection(http.client.HTTPConnection):
    """HTTP over a connection that somebody else makes."""

    def __init__(self, dial: Dial) -> None:
        super().__init__("localhost")
        self._dial = dial

    def connect(self) -> None:
        self.sock = self._dial()


def ask_http(dial: Dial, path: str) -> Answer:
    """GET the path: 200 to 399 is fine, whatever the body. Raises nothing."""
    connection = _Connection(dial)
    try:
        with closing(connection):
            connection.request("GET", path, headers={"User-Agent": "quaymaster"})
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(False, f"{path} does not answer ({_reason(error)})")
    return Answer(200 <= status < 400, f"{path} answers {status}")


def ask_tcp(dial: Dial, port: int, stands: float = 0.05) -> Answer:
    """Connect: fine when the connection still stands after so many seconds. Raises nothing.

    The engine's proxy accepts for a container that does not listen, and hangs up at once.
    """
    try:
        with closing(dial()) as connection:
            connection.settimeout(stands)
            try:
                if connection.recv(1) == b"":
                    return Answer(False, f"port {port} hangs up")
            except TimeoutError:
                pass
    except OSError as error:
        return Answer(False, f"port {port} does not answer ({_reason(error)})")
    return Answer(True, f"port {port} answers")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return getattr(error, "strerror", None) or type(error).__name__
