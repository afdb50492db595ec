"""How a registry is reached."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from quaymaster.configuration.secret_references import SecretReference


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """Where a registry is and how to log in; without credentials the access is anonymous."""

    host: str
    username: str | None = None
    password: SecretReference | None = None
    ca_file: Path | None = None
    """Certificates to trust in addition to the system's."""
    redirects_to: tuple[str, ...] = ()
    """Other ``host[:port]`` to which it may send those who read."""

    @property
    def scheme(self) -> Literal["http", "https"]:
        """Plain HTTP on this very machine, as Docker does."""
        return "http" if is_loopback(self.host) else "https"

    @property
    def url(self) -> str:
        """``scheme://host[:port]``, without a slash at the end."""
        return f"{self.scheme}://{self.host}"


def is_loopback(registry: str) -> bool:
    """Whether this ``host[:port]`` is this very machine.

    Docker uses plain HTTP for such registries:
    https://docs.docker.com/reference/cli/dockerd/#insecure-registries.
    """
    if registry.startswith("["):
        name = registry[1:].partition("]")[0]
    else:
        name = registry.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
