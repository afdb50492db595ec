"""Where a registry is, however it or somebody on the way names that."""

from urllib.parse import urlsplit

from quaymaster.image_ref import DOCKER_HUB, DOCKER_HUB_API
from workers.outside.http_client import origin

_USUAL_PORTS = {"http": 80, "https": 443}


def api_host(host: str) -> str:
    """Where a registry's API is. Docker Hub's differs from its name."""
    return DOCKER_HUB_API if host == DOCKER_HUB else host


def base_of(scheme: str, host: str) -> str:
    """The address of a registry's API, without a slash at the end."""
    return f"{scheme}://{api_host(host)}"


def has_login(url: str) -> bool:
    """Whether a user or a password stands in an address, be they empty. Raises ValueError for what
    is not an address.
    """
    return "@" in urlsplit(url).netloc


def as_reached(url: str, base: str) -> str:
    """An address of the registry at ``base`` as it is reached from here; any other as it is.

    Behind a proxy a registry does not know that: it names its host with the scheme and the port (or
    without any) of the connection that the proxy makes to it. Raises ValueError for what is no
    address.
    """
    parts = urlsplit(url)
    port = parts.port
    scheme, host, own_port = origin(base)
    usual = _USUAL_PORTS.get(parts.scheme)
    if usual is None or parts.hostname != host or has_login(url):
        return url
    is_usual = port in (None, usual)
    # Beside a registry on a port of its own, the usual one may be somebody else's.
    is_without_port = own_port == _USUAL_PORTS[scheme] or parts.path.startswith("/v2/")
    if port != own_port and not (is_usual and is_without_port):
        return url
    own = urlsplit(base)
    return parts._replace(scheme=own.scheme, netloc=own.netloc).geturl()


def never_in_clear(url: str, base: str) -> str:
    """The same address over HTTPS where it is one of the registry's own host, and that is how the
    registry is spoken to. Raises ValueError for what is not an address.
    """
    parts = urlsplit(url)
    port = parts.port
    scheme, host, _ = origin(base)
    if parts.scheme != "http" or scheme != "https" or parts.hostname != host or has_login(url):
        return url
    own = urlsplit(base).netloc.rpartition(":")[0] if urlsplit(base).port else urlsplit(base).netloc
    return parts._replace(
        scheme="https", netloc=own if port in (None, 80) else f"{own}:{port}"
    ).geturl()
