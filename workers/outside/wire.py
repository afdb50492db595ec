"""Sockets that ask the exchange they are used in whether to go on, before each wait.

They are ordinary sockets otherwise, so the libraries on top of them need no change.
"""

import errno
import select
import socket
import ssl
import threading
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeVar

from workers.outside.exchange import Exchange, current_exchange

T = TypeVar("T")

_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EINTR)
_RESOLVE_TO_THIS_MACHINE = ("localhost", "localhost.localdomain", "ip6-localhost")


class WatchedSocket(socket.socket):
    """A stream socket of an exchange."""

    @classmethod
    def adopt(cls, plain: socket.socket) -> Self:
        """The same connection; the original socket is detached afterwards."""
        return cls(fileno=plain.detach())

    def connect(self, address: Any) -> None:
        """Connect within the exchange. Raises OSError."""
        exchange = current_exchange()
        if exchange is None:
            super().connect(address)
            return
        self.settimeout(0)
        while (number := self.connect_ex(address)) in (*_UNDER_WAY, errno.EAGAIN):
            wait = exchange.look()
            if number == errno.EAGAIN:  # a Unix socket whose queue is full
                select.select((), (), (), min(wait, 0.05))
                continue
            poll = select.poll()
            poll.register(self, select.POLLOUT)
            if poll.poll(wait * 1000):
                number = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                break
        if number not in (0, errno.EISCONN):
            raise OSError(number, errno.errorcode.get(number, "connect")) from None

    def recv(self, *args: Any) -> bytes:
        """As socket.recv."""
        return _patiently(self, lambda: super(WatchedSocket, self).recv(*args), len)

    def recv_into(self, *args: Any) -> int:
        """As socket.recv_into."""
        return _patiently(self, lambda: super(WatchedSocket, self).recv_into(*args), int)

    def send(self, data: Any, flags: int = 0) -> int:
        """As socket.send."""
        return _patiently(self, lambda: super(WatchedSocket, self).send(data, flags), _nothing)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """As socket.sendall, which does not report how much it sent before a timeout."""
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view, flags) :]


class WatchedTls(ssl.SSLSocket):
    """The same with TLS: an SSLContext makes it (``sslsocket_class``)."""

    def do_handshake(self, block: bool = False) -> None:
        """As SSLSocket.do_handshake."""
        _patiently(self, lambda: super(WatchedTls, self).do_handshake(block), _nothing)

    def recv(self, *args: Any) -> bytes:
        """As SSLSocket.recv."""
        return _patiently(self, lambda: super(WatchedTls, self).recv(*args), len)

    def recv_into(self, *args: Any) -> int:
        """As SSLSocket.recv_into."""
        return _patiently(self, lambda: super(WatchedTls, self).recv_into(*args), int)

    def send(self, data: Any, flags: int = 0) -> int:
        """As SSLSocket.send; its sendall is made of this."""
        return _patiently(self, lambda: super(WatchedTls, self).send(data, flags), _nothing)


def watched_by(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same context; the sockets that it makes belong to exchanges."""
    context.sslsocket_class = WatchedTls
    return context


def connected(host: str, port: int, may_be_local: bool) -> WatchedSocket:
    """A connection to a name or an address. Raises OSError; NotLocal where one of its addresses is
    this machine's or its link's and that is not meant.
    """
    addresses = _addresses(host, port)
    if not may_be_local and any(is_local(str(address[0])) for _, address in addresses):
        raise NotLocal(host)
    last: OSError = OSError(errno.EHOSTUNREACH, "No address")
    for family, address in addresses:
        made = WatchedSocket(family, socket.SOCK_STREAM)
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            if isinstance(error, TimeoutError):
                raise
            last = error
        except BaseException:
            made.close()
            raise
        else:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
    raise last


class NotLocal(Exception):
    """An outside system named an address of this machine, or of its link."""


def is_local(host: str) -> bool:
    """Whether this name or address means this machine, or what only its own link reaches (there
    cloud providers answer with credentials). Other names are not looked up.
    """
    name = host.strip("[]").partition("%")[0].rstrip(".").lower()
    if name in _RESOLVE_TO_THIS_MACHINE or name.endswith(".localhost"):
        return True
    try:
        address = _innermost(ip_address(name))
    except ValueError:
        return False
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        # Link-local by use: where AWS and Alibaba answer with credentials.
        or str(address) in ("fd00:ec2::254", "100.100.100.200")
    )


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is written inside one of IPv6 (mapped, 6to4, NAT64)."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    packed = address.packed
    is_nat64 = packed.startswith(b"\x00\x64\xff\x9b" + bytes(8))
    return IPv4Address(packed[12:]) if is_nat64 else address


def _addresses(host: str, port: int) -> list[tuple[int, Any]]:
    """By the system, which takes as long as it likes: in a thread that may outlast the caller."""
    exchange = current_exchange()
    try:
        ip_address(host)
    except ValueError:
        if exchange is not None:
            return _looked_up(host, port, exchange)
    return _by_system(host, port)


def _looked_up(host: str, port: int, exchange: Exchange) -> list[tuple[int, Any]]:
    answers: SimpleQueue[list[tuple[int, Any]] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(_by_system(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=look_up, daemon=True, name="look-up").start()
    while True:
        try:
            addresses = answers.get(timeout=exchange.look())
        except Empty:
            continue
        if isinstance(addresses, OSError):
            raise addresses
        return addresses


def _by_system(host: str, port: int) -> list[tuple[int, Any]]:
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in addresses]


def _patiently(
    sock: WatchedSocket | WatchedTls, call: Callable[[], T], arrived: Callable[[T], int]
) -> T:
    """Make a call that may have to wait, in ticks."""
    exchange = current_exchange()
    if exchange is None:
        return call()
    while True:
        sock.settimeout(exchange.look())
        try:
            done = call()
        except TimeoutError:
            continue
        exchange.took(arrived(done))
        return done


def _nothing(_: object) -> int:
    return 0
