"""Nothing that a server says holds or fills who asks: by the deadline, by bytes, by cancel."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quaymaster.errors import Cancelled
from quaymaster.limits import HEAD_BYTES
from tests.misbehaving import OK, Script, answer, bomb, misbehaving, once, repeated, silent
from workers.outside.exchange import Exchange, ExchangeTooLarge, OutOfTime
from workers.outside.http_client import (
    ExchangeLimits,
    HttpClient,
    HttpFailure,
    HttpRequest,
    HttpResponse,
    Kind,
)
from workers.outside.packing import Unpacking
from workers.outside.wire import NotLocal, connected, is_local
from workers.targets.docker_host.probe import ask_http

pytestmark = pytest.mark.timeout(60)

SOON = ExchangeLimits(0.6, 10_000)
LATE = ExchangeLimits(3600, 10_000)
ENDLESS: dict[str, Script] = {
    "nothing at all": silent,
    "endless 102": repeated(b"", b"HTTP/1.1 102 Processing\r\n\r\n", 0.01),
    "endless 100 Continue": repeated(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
    "a header byte by byte": repeated(OK + b"X-Slow: ", b"x", 0.02),
    "a body byte by byte": repeated(OK + b"Content-Length: 9000\r\n\r\n", b"x", 0.02),
    "chunks byte by byte": repeated(
        OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.02
    ),
    "a redirect byte by byte": repeated(b"HTTP/1.1 307 X\r\nLocation: /", b"x", 0.02),
}
FLOODS: dict[str, Script] = {
    "102": repeated(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 500),
    "headers": repeated(OK, b"X-Many: " + b"x" * 8_000 + b"\r\n"),
    "one header": repeated(OK + b"X-Long: ", b"x" * 60_000),
    "a body": repeated(OK + b"\r\n", b"x" * 60_000),
    "chunks": repeated(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 5_000),
    "the size of a chunk": repeated(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 60_000),
}


def client(**given: object) -> HttpClient:
    return HttpClient(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), lambda _h, _p: True, **given)  # type: ignore[arg-type]


def ask(
    script: Script, limits: ExchangeLimits = SOON, check: Callable[[], None] = lambda: None
) -> HttpResponse:
    with misbehaving(script) as (host, port), client() as asking:
        question = HttpRequest("GET", f"http://{host}:{port}/x")
        return asking.ask(question, limits, follow=lambda url: url, check=check)


@dataclass
class CancelledSoon:
    """A person who cancels after so many questions whether to go on."""

    after: int = 3
    asked: list[int] = field(default_factory=list)

    def __call__(self) -> None:
        self.asked.append(threading.get_ident())
        if len(self.asked) > self.after:
            raise Cancelled("It was cancelled.")


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
class TestWhatNeverEnds:
    def test_ends_by_the_deadline_of_the_whole(self, script: Script) -> None:
        with pytest.raises(HttpFailure) as failed:
            ask(script)
        assert failed.value.kind is Kind.TOO_SLOW

    def test_is_cancelled_when_somebody_wants_that(self, script: Script) -> None:
        with pytest.raises(Cancelled):
            ask(script, LATE, CancelledSoon())

    def test_is_no_health(self, script: Script) -> None:
        with misbehaving(script) as address:
            found = ask_http(lambda: socket.create_connection(address), "/healthz", 0.6)
            if found.is_fine:  # its status came in time: who wants no more does not wait for it
                assert script in (ENDLESS["a body byte by byte"], ENDLESS["chunks byte by byte"])
            else:
                assert "no answer in time" in found.words

    def test_as_a_health_is_cancelled(self, script: Script) -> None:
        soon = CancelledSoon(after=0)
        with misbehaving(script) as address, pytest.raises(Cancelled):
            ask_http(lambda: socket.create_connection(address), "/healthz", 3600, soon)


@pytest.mark.parametrize("script", FLOODS.values(), ids=FLOODS)
def test_a_flood_ends_by_its_bytes(script: Script) -> None:
    with pytest.raises(HttpFailure) as failed:
        ask(script, LATE)
    assert failed.value.kind in (Kind.TOO_LONG, Kind.NOT_HTTP)


class TestPacked:
    """Nobody asked for a packed answer."""

    packed = b"Content-Encoding: gzip"

    def test_a_bomb_ends_at_the_limit(self) -> None:
        body = bomb(8_000_000)
        assert len(body) < SOON.most
        with pytest.raises(HttpFailure) as failed:
            ask(once(answer(body, self.packed)), LATE)
        assert failed.value.kind is Kind.TOO_LONG

    def test_a_bomb_in_many_parts_ends_at_the_limit(self) -> None:
        parts = bomb(SOON.most - 1) * 50
        with pytest.raises(HttpFailure) as failed:
            ask(once(answer(parts, self.packed)), LATE)
        assert failed.value.kind is Kind.TOO_LONG

    def test_a_bomb_in_a_redirect_is_not_unpacked(self) -> None:
        headers = (self.packed, b"Location: /x")
        script = once(answer(bomb(8_000_000), *headers, status=b"307 Elsewhere"))
        with pytest.raises(HttpFailure) as failed:
            ask(script, LATE)
        assert failed.value.kind is Kind.CIRCLES

    def test_a_bomb_in_an_error_is_not_unpacked(self) -> None:
        reply = ask(once(answer(bomb(8_000_000), self.packed, status=b"500 X")), LATE)
        assert (reply.status, reply.content) == (500, b"")

    def test_a_small_one_is_read(self) -> None:
        assert ask(once(answer(bomb(9), self.packed)), LATE).content == bytes(9)

    @pytest.mark.parametrize(
        "script",
        [
            once(answer(bomb(900)[:-9], packed)),
            once(answer(b"not packed", packed)),
            once(answer(b"x", b"Content-Encoding: br")),
        ],
    )
    def test_what_cannot_be_unpacked_is_no_answer(self, script: Script) -> None:
        with pytest.raises(HttpFailure) as failed:
            ask(script, LATE)
        assert failed.value.kind is Kind.NOT_HTTP


class TestRedirects:
    def test_an_endless_body_of_a_redirect_is_not_read(self) -> None:
        endless = repeated(b"HTTP/1.1 307 X\r\nLocation: /y\r\n\r\n", b"x" * 60_000)

        def script(connection: socket.socket, over: threading.Event) -> None:
            request = connection.recv(65536, socket.MSG_PEEK)
            (once(answer(b"there")) if b" /y " in request else endless)(connection, over)

        assert ask(script, LATE).content == b"there"

    def test_circles_end(self) -> None:
        with pytest.raises(HttpFailure) as failed:
            ask(once(answer(b"", b"Location: /x", status=b"302 X")), LATE)
        assert failed.value.kind is Kind.CIRCLES

    @pytest.mark.parametrize(
        "place", [b"ftp://h/x", b"file:///etc/passwd", b"http://h:x/", b"//h:99999/"]
    )
    def test_what_is_no_address_is_not_followed(self, place: bytes) -> None:
        with pytest.raises(HttpFailure) as failed:
            ask(once(answer(b"", b"Location: " + place, status=b"302 X")), LATE)
        assert failed.value.kind is Kind.NO_ADDRESS


@pytest.mark.parametrize("nonsense", [b"SECRET nonsense\r\n\r\n", OK + b"SECRET header\r\n\r\n"])
def test_what_the_other_side_says_is_in_no_error(nonsense: bytes) -> None:
    with pytest.raises(HttpFailure) as failed:
        ask(once(nonsense), LATE)
    assert failed.value.kind is Kind.NOT_HTTP
    assert "SECRET" not in str(failed.value)


class TestAddresses:
    @pytest.mark.parametrize(
        "host",
        [
            *("127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST.", "a.localhost", "[::1]", "::1"),
            *("169.254.169.254", "fe80::1%eth0", "0.0.0.0", "::", "::ffff:127.0.0.1"),  # noqa: S104
            *("::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254", "224.0.0.1"),
        ],
    )
    def test_of_this_machine_or_its_link_are_known_as_such(self, host: str) -> None:
        assert is_local(host)

    @pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "registry.test", "2001:db8::1"])
    def test_of_others_are_not(self, host: str) -> None:
        assert not is_local(host)

    def test_a_name_that_means_this_machine_is_not_connected_to(self) -> None:
        for host in ("localhost", "127.0.0.1", "0.0.0.0"):  # noqa: S104
            with pytest.raises(NotLocal), Exchange(None, 5).current():
                connected(host, 9, may_be_local=False)


def hostile() -> st.SearchStrategy[bytes]:
    """Bytes that look like an answer for a while."""
    parts = st.sampled_from(
        [
            *(
                OK,
                b"HTTP/1.1 ",
                b"102 X\r\n\r\n",
                b"\r\n",
                b"\r\n\r\n",
                b": ",
                b"Content-Length: 5",
            ),
            *(b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"Location: /x", b"307 X"),
            *(b"5\r\n", b"FFFFFFFF\r\n", b"-1", b"\x00", bomb(100), b"x" * 3_000),
        ]
    )
    return st.lists(parts | st.binary(max_size=40), max_size=30).map(b"".join)


@settings(deadline=None, max_examples=200)
@given(said=hostile(), size=st.integers(1, 4_000))
def test_whatever_is_said_is_read_once_and_not_beyond_the_limits(said: bytes, size: int) -> None:
    pieces = [said[at : at + size] for at in range(0, len(said), size)]
    talker = _Talker(pieces)
    limits = ExchangeLimits(3600, 2_000)
    with client(dial=talker.dial) as asking:
        try:
            found = asking.ask(HttpRequest("GET", "http://h/x"), limits, lambda url: url)
            assert len(found.content) <= max(limits.most, 64 * 1024)
        except HttpFailure:
            pass
    talker.join()
    # Of each connection once: two for a question that is asked again, six for its redirects.
    assert talker.taken <= 12 * (limits.most + HEAD_BYTES + 64 * 1024)


class _Talker:
    """Says its pieces on each connection that is made to it, and hangs up."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.taken = 0
        self.threads: list[threading.Thread] = []

    def dial(self) -> socket.socket:
        ours, theirs = socket.socketpair()

        def talk() -> None:
            with theirs:
                try:
                    theirs.recv(65536)
                    for piece in self.pieces:
                        theirs.sendall(piece)
                        self.taken += len(piece)
                except OSError:
                    return

        thread = threading.Thread(target=talk)
        thread.start()
        self.threads.append(thread)
        return ours

    def join(self) -> None:
        for thread in self.threads:
            thread.join()


@settings(deadline=None)
@given(st.binary(max_size=2_000) | st.integers(0, 300_000).map(bomb), st.integers(0, 5_000))
def test_unpacking_never_makes_more_than_it_may(packed: bytes, most: int) -> None:
    unpacking = Unpacking(most)
    with suppress(ExchangeTooLarge, ValueError):
        unpacking.unpacked(packed)
    assert unpacking.made <= most + 1


class TestAnExchange:
    def test_counts_its_bytes_and_its_time(self) -> None:
        now = [0.0]
        exchange = Exchange(10, 5, clock=lambda: now[0])
        exchange.took(10)
        assert exchange.look() <= 0.25
        now[0] = 4.9
        assert exchange.look() == pytest.approx(0.1)
        now[0] = 5.0
        with pytest.raises(OutOfTime):
            exchange.look()
        with pytest.raises(ExchangeTooLarge):
            exchange.took(1)

    def test_of_redirects_has_one_time_for_all(self) -> None:
        now = [0.0]
        exchange = Exchange(10, 5, clock=lambda: now[0])
        exchange.took(10)
        exchange.again(10)
        exchange.took(10)
        now[0] = 5.0
        with pytest.raises(OutOfTime):
            exchange.look()


@pytest.fixture
def gone() -> tuple[str, int]:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()[:2]
    return host, port


def test_nobody_there_is_said_at_once(gone: tuple[str, int]) -> None:
    with client() as asking, pytest.raises(HttpFailure) as failed:
        asking.ask(HttpRequest("GET", f"http://{gone[0]}:{gone[1]}/"), LATE)
    assert failed.value.kind is Kind.UNREACHED


def test_cancel_is_looked_at_before_each_wait() -> None:
    soon = CancelledSoon(after=1)
    exchange = Exchange(None, None, soon)
    exchange.look()
    with pytest.raises(Cancelled):
        exchange.look()


def test_a_health_asks_whether_to_go_on() -> None:
    soon = CancelledSoon(after=0)
    with misbehaving(once(answer(b""))) as address, pytest.raises(Cancelled):
        ask_http(lambda: socket.create_connection(address), "/healthz", 5, soon)


def test_a_length_beyond_the_limit_is_not_begun() -> None:
    with pytest.raises(HttpFailure) as failed:
        ask(repeated(OK + b"Content-Length: 10001\r\n\r\n", b"", 0.05), SOON)
    assert failed.value.kind is Kind.TOO_LONG


def test_a_body_of_unsaid_length_ends_at_the_limit() -> None:
    chunks = b"fa0\r\n%s\r\n" % (b"x" * 4_000) * 3
    body = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    with pytest.raises(HttpFailure) as failed:
        ask(once(body), LATE)
    assert failed.value.kind is Kind.TOO_LONG
