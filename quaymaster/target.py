"""What a change is about: a service of an environment, and where it runs.

One environment has one target: ``Configuration.target_of`` finds it.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class ServiceRef:
    """``environment/service``, as people write it. Whether both exist, the configuration says."""

    environment: str
    service: str

    @property
    def place(self) -> tuple[str, str]:
        """Its part of the place of a signed text (see ``store.envelopes.Place``)."""
        return self.environment, self.service

    def __str__(self) -> str:
        return f"{self.environment}/{self.service}"


class OfService:
    """Something that belongs to one service and holds its two names, as stored types do."""

    __slots__ = ()
    environment: str
    service: str

    @property
    def service_ref(self) -> ServiceRef:
        """The service that it belongs to."""
        return ServiceRef(self.environment, self.service)


@dataclass(frozen=True, slots=True)
class DockerHost:
    """The Docker engine of that name under ``hosts``."""

    name: str
    kind: Literal["docker_host"] = "docker_host"

    def __str__(self) -> str:
        return self.name


TargetRef = DockerHost
"""Where the services of an environment run. Other kinds will join it in a union here, told
apart by ``kind``, also in storage.
"""
