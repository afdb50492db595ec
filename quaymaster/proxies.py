"""The proxy that the environment names, read as curl and Go's programs read it.

Docker and Trivy are written in Go, so the same variables mean the same for all that reach a
registry: https://pkg.go.dev/golang.org/x/net/http/httpproxy and
https://everything.curl.dev/usingcurl/proxies/env.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import quote, unquote, urlsplit

from quaymaster.errors import ConfigurationError

_VARIABLES = {
    "http": "HTTP_PROXY",
    "https": "HTTPS_PROXY",
    "ws": "HTTP_PROXY",
    "wss": "HTTPS_PROXY",
}
_NO_PROXY = "NO_PROXY"
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_PROXY_PORT = 80
_SOCKS = ("socks", "socks4", "socks4a", "socks5", "socks5h")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+(?:%[a-z0-9._-]+)?")
_BETWEEN = re.compile(r"[,\s]+")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class ProxyServer:
    """A proxy that is reached over plain HTTP."""

    address: str
    """``http://host:port``"""
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def has_login(self) -> bool:
        """Whether requests to it carry a login."""
        return bool(self.username or self.password)

    @property
    def url(self) -> str:
        """With the login in it."""
        if not self.has_login:
            return self.address
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return self.address.replace("http://", f"http://{login}@", 1)


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which proxy, if any, leads to an address."""

    by_scheme: Mapping[str, ProxyServer] = field(default_factory=dict)
    without: tuple["_Exception", ...] = ()

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """What the environment says. Raises ConfigurationError naming the variable that cannot be
        followed.
        """
        servers: dict[str, ProxyServer] = {}
        for scheme, variable in _VARIABLES.items():
            name = next((one for one in (variable, variable.lower()) if environ.get(one)), "")
            # A web server hands the header Proxy of a request to its programs as HTTP_PROXY:
            # https://httpoxy.org/
            if not name or (name == "HTTP_PROXY" and environ.get("REQUEST_METHOD")):
                continue
            servers[scheme] = _server(name, environ[name].strip())
        listed = environ.get(_NO_PROXY) or environ.get(_NO_PROXY.lower()) or ""
        words = _BETWEEN.split(listed.strip().lower())
        return cls(
            servers, tuple(one for word in words if (one := _Exception.of(word)) is not None)
        )

    def to(self, url: str) -> ProxyServer | None:
        """The proxy through which an address is reached; this machine is reached without."""
        parts = urlsplit(url)
        server = self.by_scheme.get(parts.scheme)
        host = (parts.hostname or "").rstrip(".")
        address = _address(host)
        if server is None or host == "localhost" or host.endswith(".localhost"):
            return None
        if address is not None and address.is_loopback:
            return None
        port = parts.port or _PORTS[parts.scheme]
        return None if any(one.holds(host, address, port) for one in self.without) else server

    @property
    def secrets(self) -> tuple[str, ...]:
        """The passwords of the proxies, as they are and as they are written in a URL."""
        passwords = (one.password for one in self.by_scheme.values() if one.password)
        return tuple(
            dict.fromkeys(form for one in passwords for form in (one, quote(one, safe="")))
        )


NO_PROXIES = Proxies()
"""Everything is reached directly."""


@dataclass(frozen=True, slots=True)
class _Exception:
    """One entry of NO_PROXY: everything, a network, an address, or a domain with what is in it."""

    everything: bool = False
    network: IPv4Network | IPv6Network | None = None
    domain: str = ""
    only_inside: bool = False
    """It is written with a dot before it: the domain itself does not match."""
    port: int | None = None

    @classmethod
    def of(cls, word: str) -> "_Exception | None":
        """None for what means nothing, which Go passes over as well."""
        if word == "*":
            return cls(everything=True)
        if (network := _network(word)) is not None:
            return cls(network=network)
        host, port = _parted(word)
        if (network := _network(host)) is not None and "/" not in host:
            return cls(network=network, port=port)
        domain = host.removeprefix("*").rstrip(".")
        inside = domain.startswith(".")
        domain = domain.removeprefix(".")
        if not domain or "*" in domain or "/" in domain:
            return None
        return cls(domain=domain, only_inside=inside, port=port)

    def holds(self, host: str, address: Address | None, port: int) -> bool:
        """Whether it applies to this host, in lower case."""
        if self.everything:
            return True
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return address is not None and address in self.network
        is_it = host == self.domain and not self.only_inside
        return is_it or host.endswith(f".{self.domain}")


def _server(variable: str, value: str) -> ProxyServer:
    """Its complaints do not repeat the value, which may hold a password."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname or "", parts.port or _PROXY_PORT
    except ValueError:
        host, port, parts = "", 0, urlsplit("")
    if parts.scheme in _SOCKS:
        raise _not_followed(variable, "It names a SOCKS proxy, which Quaymaster does not support.")
    if parts.scheme == "https":
        raise _not_followed(
            variable, "It names a proxy that itself requires TLS, which is not supported."
        )
    # A / # or ? in a password ends the host: what precedes it is not a host.
    rest = f"{parts.path}{parts.query}{parts.fragment}"
    if parts.scheme != "http" or not _HOST.fullmatch(host) or "@" in rest:
        raise _not_followed(variable, "It is not the address of an HTTP proxy.")
    name = f"[{host}]" if ":" in host else host
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    return ProxyServer(f"http://{name}:{port}", username, password)


def _not_followed(variable: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{variable} cannot be used.",
        why=why,
        next_step=f"Write it like {variable}=http://proxy.example.com:3128, or remove it from this "
        "program's environment.",
    )


def _parted(word: str) -> tuple[str, int | None]:
    """Host and port of ``host``, ``host:port``, ``[address]`` and ``[address]:port``."""
    host, colon, port = word.rpartition(":")
    if colon and port.isascii() and port.isdigit() and (":" not in host or host.endswith("]")):
        return host.removeprefix("[").removesuffix("]"), int(port)
    return word.removeprefix("[").removesuffix("]"), None


def _network(word: str) -> IPv4Network | IPv6Network | None:
    """A network by its prefix, or one address."""
    address, slash, prefix = word.partition("/")
    try:
        plain = ip_address(address.removeprefix("[").removesuffix("]"))
        network = ip_network((plain, int(prefix) if slash else plain.max_prefixlen), strict=False)
    except ValueError:
        return None
    return network if not slash or prefix.isdigit() else None


def _address(host: str) -> Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
