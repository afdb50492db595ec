"""A tiny HTTP server that answers as no registry should: what real ones cannot be made to do."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import SecretStr

from quaymaster.image_ref import ImageRef
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry

PASSWORD = "made-up-for-tests"


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``headers`` may repeat a name."""

    status: int = 200
    content: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Answer = Callable[[SentRequest], Reply]


@dataclass(slots=True)
class LyingRegistry:
    """Answers with ``answer``, which a test may change, and remembers what it was asked."""

    host: str
    answer: Answer
    asked: list[SentRequest] = field(default_factory=list)

    def ref(self, text: str) -> ImageRef:
        """A reference in this registry."""
        return ImageRef.parse(text, self.host)

    @property
    def login(self) -> RegistryLogin:
        """A login as ``ci``."""
        return RegistryLogin(self.host, "http", "ci", SecretStr(PASSWORD))

    def registry(self) -> Registry:
        """A client that logs in; use it in a `with`."""
        return Registry(self.login)


@contextmanager
def lying_registry(answer: Answer) -> Iterator[LyingRegistry]:
    """A server on a free port of 127.0.0.1 for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Who tries TLS first goes on without it only where what comes back begins like HTTP.
        default_request_version = "HTTP/1.1"

        def reply(self) -> None:
            body = self.body()
            incoming = SentRequest(self.command, self.path, dict(self.headers.items()), body)
            lying.asked.append(incoming)
            said = lying.answer(incoming)
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            if not any(name.lower() == "content-length" for name, _ in said.headers):
                self.send_header("Content-Length", str(len(said.content)))
            self.end_headers()
            if self.command != "HEAD":
                try:
                    self.wfile.write(said.content)
                except OSError:  # the client has read enough
                    self.close_connection = True

        def body(self) -> bytes:
            """By its length, or in chunks: so engines send layers."""
            if self.headers.get("Transfer-Encoding", "") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = reply  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    lying = LyingRegistry(f"127.0.0.1:{server.server_address[1]}", answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield lying
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
