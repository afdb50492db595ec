"""The bot's server hears whoever asks, whatever others leave half open."""

import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException

import pytest

from testing.engines.waiting import wait_until

pytestmark = pytest.mark.timeout(120)

HALF = b"POST /echo HTTP/1.1\r\nHost: bot\r\n"
OPEN_FILES = 1_024
"""As most systems allow a process."""


@contextmanager
def serving(port: int, seconds: float, idle: float = 3_600) -> Iterator[int]:
    """The server for as long as the block runs."""

    def few_files() -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, hard))

    command = [
        sys.executable,
        "-m",
        "tests.bot.listening.server_process",
        *map(str, (port, seconds, idle)),
    ]
    with subprocess.Popen(command, preexec_fn=few_files) as process:
        try:
            wait_until(
                lambda: hears(port) or process.poll() is not None, within=60, what="the server"
            )
            assert process.poll() is None
            yield port
        finally:
            process.terminate()


def hears(port: int, seconds: float = 30.0) -> bool:
    """Whether a request is answered."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b"alive"
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@pytest.fixture(scope="module")
def impatient(reserve_port: Callable[[], int]) -> Iterator[int]:
    """A server that waits half a second for a request; tests that leave nothing open share it."""
    with serving(reserve_port(), 0.5) as port:
        yield port


@pytest.fixture(scope="module")
def patient(reserve_port: Callable[[], int]) -> Iterator[int]:
    """A server that waits an hour; tests that leave nothing open share it."""
    with serving(reserve_port(), 3_600) as port:
        yield port


@pytest.fixture
def crowded(reserve_port: Callable[[], int]) -> Iterator[int]:
    """The same for one test alone: its places are all that helps."""
    with serving(reserve_port(), 3_600) as port:
        yield port


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may open enough of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4_096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_hung_up_on(port: int, *pieces: bytes) -> bool:
    """Whether whoever sends these, the last again and again, is hung up on."""
    with (
        socket.create_connection(("127.0.0.1", port), 0.05) as connection,
        suppress(ConnectionError),
    ):
        for piece in pieces:
            connection.sendall(piece)
        for _ in range(200):
            with suppress(TimeoutError):
                if connection.recv(65_536) == b"":
                    return True
            if pieces:
                connection.sendall(pieces[-1])
        return False
    return True


@pytest.mark.usefixtures("many_files")
def test_1200_half_open_requests_make_nobody_deaf(crowded: int) -> None:
    with ExitStack() as stack:
        for _ in range(1_200):
            connection = socket.create_connection(("127.0.0.1", crowded), 10)
            stack.enter_context(connection)
            with suppress(ConnectionError):
                connection.sendall(HALF)
        assert hears(crowded)


@pytest.mark.usefixtures("many_files")
def test_whoever_comes_while_all_places_are_taken_by_idle_ones_is_heard(crowded: int) -> None:
    with ExitStack() as stack:
        for _ in range(700):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", crowded), 10))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n")
            assert connection.recv(65_536)
        assert hears(crowded)


@pytest.mark.usefixtures("many_files")
def test_who_asks_on_and_takes_no_answer_keeps_nobody_out(crowded: int) -> None:
    # The answer repeats the path, and neither end has room for much of it.
    asking = b"GET /healthz/?" + b"x" * 50_000 + b" HTTP/1.1\r\nHost: bot\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(540):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
            connection.connect(("127.0.0.1", crowded))
            connection.settimeout(0.5)
            with suppress(OSError):
                connection.sendall(6 * asking)
        assert hears(crowded)


def test_nobody_stays_idle_for_ever_by_empty_lines(reserve_port: Callable[[], int]) -> None:
    with serving(reserve_port(), 3_600, idle=0.5) as port:
        assert is_hung_up_on(port, b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n", b"\r\n")
        assert hears(port)


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (HALF, b"X-Slow: 1\r\n"),
        (HALF + b"X-Slow: ", b"x"),
        (HALF + b"Content-Length: 900000\r\n\r\n", b"x"),
        (HALF + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        # A second request on the same connection has no more time than the first.
        (b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n", HALF, b"X-Slow: 1\r\n"),
        # What is refused is not listened to for ever.
        (HALF + b"Expect: 100-continue\r\nContent-Length: 90\r\n\r\n", b""),
    ],
    ids=["nothing", "headers", "one header", "body", "chunks", "the second", "expect"],
)
def test_a_request_that_is_not_complete_in_time_is_hung_up_on(
    impatient: int, pieces: tuple[bytes, ...]
) -> None:
    assert is_hung_up_on(impatient, *pieces)
    assert hears(impatient)


@pytest.mark.parametrize(
    "pieces",
    [
        (HALF, b"X-Many: " + b"x" * 9_000 + b"\r\n"),
        (HALF + b"X-Long: ", b"x" * 9_000),
        (b"GET /", b"x" * 9_000),
        (
            HALF + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
            b"X-Trailer: " + b"x" * 20_000 + b"\r\n",
        ),
        (HALF + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 20_000 + b"\r\nx\r\n"),
    ],
    ids=["headers", "one header", "the path", "trailers", "chunk extensions"],
)
def test_a_request_that_is_too_long_is_hung_up_on(patient: int, pieces: tuple[bytes, ...]) -> None:
    assert is_hung_up_on(patient, *pieces)


def test_a_connection_serves_one_request_after_the_other(impatient: int) -> None:
    connection = HTTPConnection("127.0.0.1", impatient, timeout=10)
    for size in (0, 9, 300_000, 3):
        connection.request("POST", "/echo", b"x" * size)
        assert connection.getresponse().read() == str(size).encode()
    connection.close()
