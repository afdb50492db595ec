"""A connection to one Docker engine, and the ways from this process to what runs there.

https://docs.docker.com/reference/api/engine/ ; the SDK's low-level client is used, because its
convenient one hides the streams and with them the failures.
"""

import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from docker import APIClient

from quaymaster.errors import ConfigurationError
from quaymaster.limits import ENGINE_SECONDS
from workers.docker.client import BoundedClient
from workers.docker.failures import translated
from workers.docker.ssh_tunnel import SshTunnel

DEFAULT_URL = "unix:///var/run/docker.sock"

_OLDEST_API = "1.41"
"""Docker 20.10's (https://docs.docker.com/reference/api/engine/#api-version-matrix)."""
# https://github.com/moby/moby/blob/master/daemon/containerd/service.go (LayerStoreStatus)
_CONTAINERDS_STORE = "io.containerd.snapshotter.v1"
_DIAL_SECONDS = 2.0
_LOOPBACK = "127.0.0.1"
_OWN_CONTAINER = re.compile(r"/containers/([0-9a-f]{64})/")


class Engine:
    """One Docker engine. Not to be shared between processes; a context manager that disconnects.

    Every call raises only errors of the product: OutsideFailure when the engine is not reached or
    does not answer in time, NotFound, Conflict and the others as they fit.
    """

    def __init__(self, name: str, url: str, api: APIClient, tunnel: SshTunnel | None) -> None:
        self.name = name
        """What people call it: the host's name in the configuration."""
        self.url = url
        self.api = api
        self._tunnel = tunnel
        self._stack = ExitStack()

    @classmethod
    def connect(
        cls, url: str | None = None, *, name: str = "", timeout: float = ENGINE_SECONDS
    ) -> Self:
        """Connect to ``unix://``, ``tcp://`` or ``ssh://``; ask once whether it answers.

        Over SSH the engine's socket is forwarded by the system's ``ssh`` (keys and known hosts are
        those of the worker's user). Raises OutsideFailure, or ConfigurationError for another URL.
        """
        url = url or DEFAULT_URL
        label = name or _shown(url)
        scheme = urlsplit(url).scheme
        if scheme not in ("unix", "tcp", "http", "https", "ssh"):
            raise ConfigurationError(
                f"{label} is not the address of a Docker engine.",
                next_step="Write unix:///var/run/docker.sock, ssh://user@host or tcp://host:2376.",
            )
        with ExitStack() as stack:
            tunnel = None
            if scheme == "ssh":
                tunnel = stack.enter_context(SshTunnel.open(url, label, timeout))
            with translated(label):
                api = _client(tunnel.socket_url if tunnel else url, timeout)
            stack.callback(api.close)
            engine = cls(label, url, api, tunnel)
            engine._stack = stack.pop_all()
        return engine

    def close(self) -> None:
        """Disconnect. Transfers that still run are cut."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def calling(self, subject: str = "", secrets: Iterable[str] = ()) -> Iterator[APIClient]:
        """The SDK's client; whatever it raises inside the block is translated, once, here."""
        with translated(self.name, subject=subject, secrets=secrets):
            yield self.api

    @cached_property
    def own_container(self) -> str | None:
        """The id of the container of this engine that this process runs in, if it does."""
        if self._tunnel is not None or not Path("/.dockerenv").exists():
            return None
        # The engine mounts /etc/hostname from the container's own directory, whose name is its id;
        # the host name is the short id unless another one was chosen.
        match = _OWN_CONTAINER.search(_read("/proc/self/mountinfo"))
        candidate = match.group(1) if match else socket.gethostname()
        with self.calling() as api:
            matches = api.containers(all=True, filters={"id": candidate}, quiet=True)
            return str(matches[0]["Id"]) if matches else None

    @property
    def reaches_published_ports(self) -> bool:
        """Whether ``dial_port`` works from here: not out of a container, whose loopback is its own.

        From there a published port answers only in some setups of the engine
        (https://docs.docker.com/engine/network/packet-filtering-firewalls/).
        """
        return self.own_container is None

    @property
    def reaches_containers(self) -> bool:
        """Whether the addresses of containers can be dialled: not over plain TCP elsewhere."""
        return self._tunnel is not None or self._address_of_host == _LOOPBACK

    @property
    def hang_up_seconds(self) -> float:
        """How long to wait for a hang-up, which shows that nothing listens behind a connection."""
        return 0.05 if self._tunnel is None else 0.5

    def dial(self, address: str, port: int, timeout: float = _DIAL_SECONDS) -> socket.socket:
        """A connection to a container's own address. Raises OSError."""
        if self._tunnel is not None:
            return self._tunnel.dial(address, port, timeout)
        return socket.create_connection((address, port), timeout)

    def dial_port(
        self, port: int, address: str = "", timeout: float = _DIAL_SECONDS
    ) -> socket.socket:
        """A connection to a published port, as callers of the service make it. Raises OSError."""
        if self._tunnel is not None:
            return self._tunnel.dial(address or _LOOPBACK, port, timeout)
        return socket.create_connection((address or self._address_of_host, port), timeout)

    @property
    def _address_of_host(self) -> str:
        parts = urlsplit(self.url)
        if parts.scheme in ("unix", "ssh") or parts.hostname in ("localhost", "127.0.0.1", "::1"):
            return _LOOPBACK
        return parts.hostname or _LOOPBACK

    def information(self) -> dict[str, Any]:
        """What the engine says about itself (``GET /info``)."""
        with self.calling() as api:
            return dict(api.info())

    @cached_property
    def has_containerds_store(self) -> bool:
        """Whether containerd keeps its images: their ids are then digests of manifests."""
        status = self.information().get("DriverStatus") or ()
        with self.calling():
            return ["driver-type", _CONTAINERDS_STORE] in [list(pair) for pair in status]


def _client(url: str, timeout: float) -> APIClient:
    """A client in the engine's own version of the API.

    The SDK would ask for it in its constructor, and leave its connections open when that fails.
    """
    if url.startswith("unix://"):
        # A refusal comes without the SDK's wrappings, which leave the socket open.
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(timeout)
            knocking.connect(url.removeprefix("unix://"))
    with closing(BoundedClient(url, _OLDEST_API, timeout)) as asking:
        version = asking.version(api_version=False)["ApiVersion"]
    return BoundedClient(url, version, timeout)


def _shown(url: str) -> str:
    """The address without what may be a password in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
