"""The client of everything that is asked over HTTP, save the engines, whose client is their SDK.

httpcore speaks the protocol; here are the limits (``exchange``), the redirects, which are followed
only where the caller says so, and the unpacking, which stops at the limit. What the other side
says never gets into an error: only what this machine found out about it.
"""

import os
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from quaymaster.limits import ERROR_BYTES, HEAD_BYTES, REDIRECTS
from quaymaster.proxies import NO_PROXIES, Proxies, ProxyServer
from workers.outside.exchange import Check, Exchange, ExchangeTooLarge, OutOfTime, go_on
from workers.outside.http_wires import Dial, Dialled, Wires
from workers.outside.packing import NotPackedSo, packing_of, unpacked
from workers.outside.wire import NotLocal, is_local, watched_by

_CONNECTIONS = 16
_IDLE_SECONDS = 5.0
_REDIRECTS = (301, 302, 303, 307, 308)
_FOR_ONE_HOST = ("authorization", "cookie", "proxy-authorization")


class Kind(Enum):
    """How an exchange failed."""

    UNREACHED = auto()
    UNTRUSTED = auto()
    OUTDATED = auto()
    """Its certificate is not valid yet, or not any more."""
    OTHER_NAME = auto()
    """Its certificate is for another name."""
    NO_TLS = auto()
    BROKEN = auto()
    NOT_HTTP = auto()
    TOO_SLOW = auto()
    TOO_LONG = auto()
    NO_ADDRESS = auto()
    CIRCLES = auto()
    LOCAL = auto()


# https://github.com/openssl/openssl/blob/master/include/openssl/x509_vfy.h.in
_OF_CERTIFICATES = {
    9: Kind.OUTDATED,
    10: Kind.OUTDATED,
    62: Kind.OTHER_NAME,
    64: Kind.OTHER_NAME,
}


class HttpFailure(Exception):
    """There is no answer. ``words`` are this machine's, and fit for people."""

    def __init__(self, kind: Kind, words: str = "") -> None:
        super().__init__(kind, words)
        self.kind = kind
        self.words = words


@dataclass(frozen=True, slots=True)
class ExchangeLimits:
    """Of one exchange: with all its redirects in time, of its last answer in bytes."""

    seconds: float
    most: int
    """Bytes of a success, also when it is unpacked; more is a failure."""
    reads_body: bool = True
    """Without it the status is all that is asked for."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer, read to its end (that of an error at most to ``ERROR_BYTES``)."""

    status: int
    headers: httpx.Headers
    content: bytes
    url: str

    @property
    def is_success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is asked."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


Follow = Callable[[str], str]
"""Where to go on for an address that a redirect names. Raises where it is not to be followed."""


class HttpClient:
    """Kept-alive connections. Threads may share it; it must not cross a fork.

    ``may_be_local`` says for which host and port an address of this machine is meant.
    """

    def __init__(
        self,
        tls: ssl.SSLContext,
        may_be_local: Callable[[str, int], bool],
        proxies: Proxies = NO_PROXIES,
        dial: Dial | None = None,
    ) -> None:
        self._tls = watched_by(tls)
        self._wires = Dialled(dial) if dial is not None else Wires(may_be_local)
        self._proxies = proxies
        self._direct = httpcore.ConnectionPool(**self._pool_options())
        self._proxied: dict[ProxyServer, httpcore.HTTPProxy] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        for pool in (self._direct, *self._proxied.values()):
            pool.close()

    def ask(
        self,
        question: HttpRequest,
        limits: ExchangeLimits,
        follow: Follow | None = None,
        check: Check = go_on,
    ) -> HttpResponse:
        """Ask, and follow redirects that ``follow`` does not refuse (with None, none is followed).

        Raises HttpFailure, and what ``check`` and ``follow`` raise.
        """
        if not question.url.isascii():
            raise HttpFailure(Kind.NO_ADDRESS)
        exchange = Exchange(limits.most + HEAD_BYTES, limits.seconds, check)
        asked = question
        try:
            with exchange.current():
                for _ in range(REDIRECTS + 1):
                    exchange.again(max(limits.most, ERROR_BYTES) + HEAD_BYTES)
                    answer = self._once_more(asked, limits, follow is not None)
                    if isinstance(answer, HttpResponse):
                        return answer
                    asked = _elsewhere(asked, follow(answer) if follow is not None else answer)
        except OutOfTime:
            raise HttpFailure(Kind.TOO_SLOW) from None
        except ExchangeTooLarge:
            raise _too_long(limits.most) from None
        raise HttpFailure(Kind.CIRCLES)

    def _once_more(
        self, question: HttpRequest, limits: ExchangeLimits, follows: bool
    ) -> "HttpResponse | str":
        """Ask, and once more when a kept-alive connection turns out to be closed. An address is
        that of a redirect.
        """
        for attempt in (1, 2):
            try:
                return self._exchanged(question, limits, follows)
            except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError) as error:
                if attempt == 2:
                    raise _failure(error) from None
            except NotLocal:
                raise HttpFailure(Kind.LOCAL) from None
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as e:
                raise _failure(e) from None
            except (httpcore.ProxyError, httpcore.UnsupportedProtocol, OSError, ValueError) as e:
                if isinstance(e, OutOfTime):
                    raise
                raise _failure(e) from None
        raise AssertionError("unreachable")

    def _exchanged(
        self, question: HttpRequest, limits: ExchangeLimits, follows: bool
    ) -> "HttpResponse | str":
        parts = urlsplit(question.url)
        headers: dict[bytes | str, bytes | str] = {
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": "quaymaster",
            "Accept-Encoding": "identity",
            **dict(question.headers.items()),
        }
        if question.content or question.method in ("POST", "PUT"):
            headers["Content-Length"] = str(len(question.content))
        with self._pool_for(question.url).stream(
            question.method,
            question.url,
            headers=headers,
            content=question.content,
            extensions={"timeout": {"pool": limits.seconds}},
        ) as response:
            answered = httpx.Headers(response.headers)
            place = answered.get("location", "")
            is_read = question.method in ("GET", "HEAD")
            if follows and is_read and response.status in _REDIRECTS and place:
                # Its body is not even looked at.
                return _target(question.url, place)
            if not limits.reads_body:
                return HttpResponse(response.status, answered, b"", question.url)
            content = _read(question.method, response, answered, limits.most)
            return HttpResponse(response.status, answered, content, question.url)

    def _pool_for(self, url: str) -> httpcore.ConnectionPool:
        """Proxies of the environment are for the world outside, as they are for Docker."""
        server = None if is_local(urlsplit(url).hostname or "") else self._proxies.to(url)
        if server is None:
            return self._direct
        if server not in self._proxied:
            self._proxied[server] = self._proxy(server)
        return self._proxied[server]

    def _proxy(self, server: ProxyServer) -> httpcore.HTTPProxy:
        # Whoever runs the worker chose it, wherever it is.
        options = {**self._pool_options(), "network_backend": Wires(lambda _host, _port: True)}
        return httpcore.HTTPProxy(
            server.address,
            proxy_auth=(server.username.encode(), server.password.encode())
            if server.has_login
            else None,
            **options,
        )

    def _pool_options(self) -> dict[str, Any]:
        return {
            "ssl_context": self._tls,
            "max_connections": _CONNECTIONS,
            "max_keepalive_connections": _CONNECTIONS,
            "keepalive_expiry": _IDLE_SECONDS,
            "network_backend": self._wires,
        }


def _read(method: str, response: httpcore.Response, headers: httpx.Headers, most: int) -> bytes:
    """The body; of an error the first bytes do. Packed or not, it has no more bytes than it may."""
    is_success = 200 <= response.status < 300
    packing = packing_of(headers)
    may = most if is_success else ERROR_BYTES
    # What is packed can be a little larger than what is in it.
    arriving = max(may, ERROR_BYTES) if packing else may
    declared = headers.get("content-length", "")
    is_number = declared.isascii() and declared.isdigit() and len(declared) < 20
    if is_success and method != "HEAD" and is_number and int(declared) > arriving:
        raise ExchangeTooLarge
    read = _collected(response.iter_stream(), arriving, is_success)
    if not read or not packing:
        return read
    try:
        return unpacked(read, packing, may)
    except (ExchangeTooLarge, ValueError, NotPackedSo) as error:
        if not is_success:
            return b""  # the status says enough
        if isinstance(error, ExchangeTooLarge):
            raise
        raise HttpFailure(Kind.NOT_HTTP, _why_not_unpacked(error)) from None


def _why_not_unpacked(error: Exception) -> str:
    if isinstance(error, NotPackedSo):
        return "It compresses its answer in a way that was not requested."
    return "Its answer cannot be decompressed."


def _collected(chunks: Iterable[bytes], most: int, is_whole: bool) -> bytes:
    read = bytearray()
    for chunk in chunks:
        read += chunk
        if len(read) > most:
            if is_whole:
                raise ExchangeTooLarge
            break
    return bytes(read[:most])


def _target(url: str, place: str) -> str:
    try:
        target = urljoin(url, place)
        parts = urlsplit(target)
        _ = parts.port  # a number, or ValueError
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or not target.isascii() or not target.isprintable() or " " in target:
        raise HttpFailure(Kind.NO_ADDRESS)
    return parts._replace(fragment="").geturl()


def _elsewhere(question: HttpRequest, url: str) -> HttpRequest:
    """The same question to another address; what is for one host's eyes stays there."""
    headers = question.headers
    if origin(url) != origin(question.url):
        headers = {k: v for k, v in headers.items() if k.lower() not in _FOR_ONE_HOST}
    return HttpRequest(question.method, url, headers)


def _too_long(most: int) -> HttpFailure:
    return HttpFailure(Kind.TOO_LONG, f"Its answer is longer than {most:,} bytes.")


def _failure(error: Exception) -> HttpFailure:
    """In this machine's words: those of a protocol error quote the other side."""
    # httpcore forgets causes on the way: what is raised here takes its own along.
    cause = next((one for one in error.args if isinstance(one, OSError)), error)
    match error:
        case httpcore.TimeoutException():
            return HttpFailure(Kind.TOO_SLOW)
        case _ if isinstance(cause, ssl.SSLCertVerificationError):
            kind = _OF_CERTIFICATES.get(cause.verify_code, Kind.UNTRUSTED)
            return HttpFailure(kind, f"{cause.verify_message.rstrip('.')}.")
        case _ if isinstance(cause, ssl.SSLError):
            return HttpFailure(Kind.NO_TLS, f"TLS says: {(cause.reason or 'no').lower()}.")
        case httpcore.ProxyError():
            return HttpFailure(
                Kind.UNREACHED, "The proxy in the environment does not connect to it."
            )
        case httpcore.ConnectError():
            return HttpFailure(Kind.UNREACHED, _of_system(cause))
        case httpcore.RemoteProtocolError():
            return HttpFailure(Kind.NOT_HTTP, "What it sends is not HTTP, or ends too early.")
        case httpcore.UnsupportedProtocol() | httpcore.LocalProtocolError() | ValueError():
            return HttpFailure(Kind.NO_ADDRESS)
        case _:
            return HttpFailure(Kind.BROKEN, _of_system(cause))


def _of_system(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "Its name cannot be resolved."
    if isinstance(error, OSError) and error.errno is not None:
        return f"{os.strerror(error.errno)}."
    return ""


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address. Raises ValueError for what is none."""
    parts = urlsplit(url)
    port = parts.port
    usual = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname or "", usual if port is None else port
