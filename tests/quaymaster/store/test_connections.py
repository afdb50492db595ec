"""A client of a worker never sends a command twice."""

import socket
import threading
from collections.abc import Iterator

import pytest
import redis

from quaymaster.errors import Unavailable
from quaymaster.store.connections import worker_connection
from quaymaster.store.transactions import Query, ask
from testing.engines.valkey import ValkeyServer

pytestmark = pytest.mark.engine


class Losing:
    """A way to a real server on which the answer to every INCR is lost, and the connection."""

    def __init__(self, server: ValkeyServer) -> None:
        self._port = server.port
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = server.url.replace(f":{server.port}/", f":{port}/")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self._port)) as server:
                self._carry(client, server)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        while asked := client.recv(65_536):
            server.sendall(asked)
            answer = server.recv(65_536)
            if b"INCR" in asked:
                return
            client.sendall(answer)


@pytest.fixture
def losing(valkey_server: ValkeyServer) -> Iterator[Losing]:
    way = Losing(valkey_server)
    yield way
    way.close()


def test_a_command_whose_answer_was_lost_is_not_sent_again(
    losing: Losing, valkey: redis.Redis
) -> None:
    connection = worker_connection(losing.url)
    with pytest.raises(Unavailable):
        ask(connection, Query(("INCR", "x"), int))
    connection.close()
    assert valkey.get("x") == b"1"
