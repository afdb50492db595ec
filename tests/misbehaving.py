"""Servers that speak as nobody should: each connection is handed to a script, in a thread."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Script = Callable[[socket.socket, threading.Event], None]
"""What is said on one connection, until it ends or the event is set."""

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def misbehaving(script: Script, path: str = "") -> Iterator[tuple[str, int]]:
    """Where such a server listens for as long as the block runs; with a path, a Unix socket.

    Afterwards no connection and no thread is left.
    """
    listener = _listener(path)
    over = threading.Event()
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=_speak, args=(script, connection, over))
            connections.append(connection)
            thread.start()
            threads.append(thread)

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield ("", 0) if path else listener.getsockname()[:2]
    finally:
        over.set()
        for one in (listener, *connections):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


def repeated(head: bytes, piece: bytes, pause: float = 0.0) -> Script:
    """The head, and then the same piece for ever, with a pause before each."""

    def script(connection: socket.socket, over: threading.Event) -> None:
        asked(connection)
        connection.sendall(head)
        while not over.wait(pause):
            connection.sendall(piece)

    return script


def once(answer: bytes) -> Script:
    """One answer to each request, until the client hangs up."""

    def script(connection: socket.socket, _: threading.Event) -> None:
        while asked(connection):
            connection.sendall(answer)

    return script


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Takes the request and says nothing."""
    asked(connection)
    over.wait()


def bomb(size: int) -> bytes:
    """So many zero bytes, packed."""
    return gzip.compress(bytes(size), 9)


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """An answer as it should be, with more headers."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def asked(connection: socket.socket) -> bytes:
    """A request with its headers; nothing when the client has hung up."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(65536)
        if not piece:
            return b""
        request += piece
    return request


def _speak(script: Script, connection: socket.socket, over: threading.Event) -> None:
    with connection, suppress(OSError):
        script(connection, over)


def _listener(path: str) -> socket.socket:
    if not path:
        return socket.create_server(("127.0.0.1", 0))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    return listener
