"""Asking a service whether it answers."""

import http.server
import socket
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from workers.targets.docker_host.probe import ask_http, ask_tcp


class _Status(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Status) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(("status", "is_fine"), [(200, True), (302, True), (404, False)])
def test_the_status_decides(port: int, status: int, is_fine: bool) -> None:
    answer = ask_http(partial(socket.create_connection, ("127.0.0.1", port), 2), f"/{status}")
    assert answer.is_fine is is_fine
    assert str(status) in answer.words


@pytest.mark.parametrize("path", ["/a b", "/\r\nX: y", "/ü", ""])
def test_a_strange_path_is_an_answer_and_no_exception(port: int, path: str) -> None:
    assert not ask_http(partial(socket.create_connection, ("127.0.0.1", port), 2), path).is_fine


def test_nobody_there_is_said_in_words() -> None:
    def refused() -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    assert ask_http(refused, "/healthz").words == "/healthz did not answer (connection refused)"
    assert not ask_tcp(refused, 8080).is_fine


def test_a_proxy_that_hangs_up_is_no_service() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    assert ask_tcp(lambda: ours, 8080).words == "port 8080 closed the connection"


def test_a_connection_that_stands_is_a_service() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        assert ask_tcp(lambda: ours, 8080).is_fine
