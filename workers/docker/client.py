"""The Docker SDK's client over watched sockets: each call has a deadline and a limit of bytes.

The SDK's own timeout is for a single read, and its answers have any length. Calls are not
cancelled: whether a changing call that was cut off has happened, nobody knows; they are short.
"""

import socket
import ssl
from typing import Any, cast

import requests
import requests.adapters
import urllib3
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions
import urllib3.util.ssl_
from docker import APIClient
from docker.transport.unixconn import UnixHTTPAdapter, UnixHTTPConnection, UnixHTTPConnectionPool

from quaymaster.limits import ENGINE_BYTES, ENGINE_SECONDS, HEAD_BYTES
from workers.outside.exchange import Exchange, current_exchange
from workers.outside.wire import WatchedSocket, watched_by


class BoundedClient(APIClient):  # type: ignore[misc]  # the SDK ships no types
    """As the SDK's low-level client. Raises TooMuch besides what that raises."""

    def __init__(self, base_url: str, version: str, timeout: float) -> None:
        super().__init__(base_url=base_url, version=version, timeout=timeout)
        # Packed answers could be unpacked to any size.
        self.headers["Accept-Encoding"] = "identity"
        if self.base_url.startswith("http+docker://"):
            self._custom_adapter = _UnixAdapter(base_url.replace("unix://", ""), timeout)
            self.mount("http+docker://", self._custom_adapter)
        else:
            self.mount("http://", _TcpAdapter())
            self.mount("https://", _TcpAdapter())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request of the SDK and read its answer within the limits; a stream is read by
        whoever wants it, within an exchange of their own. Where there is one already, it holds.
        """
        exchange = current_exchange()
        if exchange is not None:
            return self._sent(request, kwargs)
        exchange = Exchange(ENGINE_BYTES + HEAD_BYTES, _seconds(kwargs.get("timeout")))
        with exchange.current():
            try:
                return self._sent(request, kwargs)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
                if exchange.is_over:
                    raise requests.ReadTimeout from None
                raise

    def _sent(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response:
        """No redirect is followed: an engine has no reason for one."""
        is_streamed = bool(kwargs.get("stream"))
        options = {**kwargs, "stream": True, "allow_redirects": False}
        response = cast(requests.Response, super().send(request, **options))
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            response.close()
            raise requests.exceptions.ContentDecodingError("a compressed answer was not requested")
        if not is_streamed:
            _ = response.content  # it keeps what it has read
        return response


def _seconds(timeout: object) -> float:
    """Of a whole call, from the timeout that the SDK gives for a read."""
    if isinstance(timeout, tuple):
        timeout = timeout[-1]
    return float(timeout) if isinstance(timeout, int | float) else ENGINE_SECONDS


class _UnixConnection(UnixHTTPConnection):  # type: ignore[misc]
    def connect(self) -> None:
        sock = WatchedSocket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self.timeout)
            sock.connect(self.unix_socket)
        except BaseException:
            sock.close()
            raise
        self.sock = sock


class _UnixPool(UnixHTTPConnectionPool):  # type: ignore[misc]
    def _new_conn(self) -> _UnixConnection:
        return _UnixConnection(self.base_url, self.socket_path, self.timeout)


class _UnixAdapter(UnixHTTPAdapter):  # type: ignore[misc]
    def get_connection(self, url: str, proxies: object = None) -> _UnixPool:  # noqa: ARG002
        with self.pools.lock:
            pool = self.pools.get(url)
            if pool is None:
                pool = _UnixPool(url, self.socket_path, self.timeout, maxsize=self.max_pool_size)
                self.pools[url] = pool
        return cast(_UnixPool, pool)


class _TcpConnection(urllib3.connection.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = WatchedSocket.adopt(self.sock)


class _TcpPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _TcpConnection


class _TcpAdapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As HTTPAdapter does, with connections over watched sockets."""
        context: ssl.SSLContext = urllib3.util.ssl_.create_urllib3_context()
        super().init_poolmanager(*args, ssl_context=watched_by(context), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _TcpPool,
            "https": urllib3.connectionpool.HTTPSConnectionPool,
        }
