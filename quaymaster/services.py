"""How a service runs, apart from its image: plans hold it, releases restore it, workers render it.

Sizes are bytes, times are seconds. A secret is kept as the reference it was configured with and a
keyed fingerprint of what that meant, never as its value.
"""

from dataclasses import dataclass, field
from typing import Literal

from quaymaster.capabilities import BY_DOCKER
from quaymaster.quantities import memory_in_words


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: either a plain value, or a reference with a fingerprint."""

    name: str
    value: str | None = None
    """Fit to be shown. None for a secret."""
    reference: str | None = None
    """The text as configured, such as ``${DATABASE_URL}`` or ``postgres://web:${PW}@db``."""
    fingerprint: str | None = None
    """Keyed, over the rendered value: tells that a secret changed without telling the secret."""

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reference is None):
            raise ValueError(f"{self.name} needs either a value or a reference")

    @property
    def is_secret(self) -> bool:
        """Whether the value has to be looked up and must not be shown."""
        return self.reference is not None


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """``[address:]host_port:container_port[/protocol]``. No address: all of the host's."""

    host_port: int
    container_port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    address: str = ""

    def __str__(self) -> str:
        address = f"{self.address}:" if self.address else ""
        protocol = "" if self.protocol == "tcp" else f"/{self.protocol}"
        return f"{address}{self.host_port}:{self.container_port}{protocol}"


@dataclass(frozen=True, slots=True)
class Volume:
    """``source:target[:ro]``: a named volume, or a directory of the host when it starts with /."""

    source: str
    target: str
    read_only: bool = False

    def __str__(self) -> str:
        return f"{self.source}:{self.target}{':ro' if self.read_only else ''}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may use at most. None: as much as there is."""

    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None
    """Processes and threads together."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """When a container counts as healthy.

    With ``http``: when that path on ``port`` answers 200 to 399. Without: by the image's own
    HEALTHCHECK, and where it has none, when the container has run for ``steady`` seconds.
    """

    http: str | None = None
    port: int | None = None
    within: float = 30.0
    steady: float = 3.0
    outbound: bool = False
    """The check needs a way out to the network, so it can only be made on the service's own
    network, after the old container has left it."""

    def __post_init__(self) -> None:
        if self.http is not None and self.port is None:
            raise ValueError("an HTTP health check needs a port")


@dataclass(frozen=True, slots=True)
class Difference:
    """What a workload adds, changes or drops, in words for a card. Never a variable's value."""

    how: str
    """A verb such as “adds”; “new” before settings with their new value."""
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceConfiguration:
    """Everything about a service but its image. Two that are equal run alike."""

    environment: tuple[Variable, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    volumes: tuple[Volume, ...] = ()
    command: tuple[str, ...] | None = None
    """None: the image's own."""
    limits: Limits = field(default_factory=Limits)
    health: HealthCheck = field(default_factory=HealthCheck)
    drain: float = 10.0
    """How long the old container may take to end."""
    bake: float = 0.0
    """How long after the switch it is looked at once more."""
    capabilities: tuple[str, ...] | None = None
    """All that it has, sorted. None: what Docker gives, as a release had it before this was
    recorded."""
    no_new_privileges: bool = False
    """Whether no program in it gains rights by its file: setuid, file capabilities."""
    init: bool = True
    """Whether Docker's init is its first process, and not the image's own program."""
    kind: Literal["containers"] = "containers"

    def differences(self, before: "Workload") -> tuple[Difference, ...]:
        """How this differs from what ran before; empty if both run alike."""
        old = {variable.name: variable for variable in before.environment}
        new = {variable.name: variable for variable in self.environment}
        could_before, may_now = _capabilities(before), _capabilities(self)
        changed = (name for name in new if name in old and old[name] != new[name])
        differences = (
            Difference("adds", tuple(name for name in new if name not in old)),
            Difference("changes", tuple(changed)),
            Difference("drops", tuple(name for name in old if name not in new)),
            Difference("gives the capabilities", tuple(sorted(may_now - could_before))),
            Difference("takes the capabilities", tuple(sorted(could_before - may_now))),
            Difference("new", _settings(before, self)),
        )
        return tuple(one for one in differences if one.names)


Workload = ServiceConfiguration
"""How a service runs, apart from its image. So far there is one way: as a container on a Docker
host. Each way compares itself with what ran before, so that cards know no settings. They are told
apart by ``kind``, also in storage.
"""


def _settings(before: ServiceConfiguration, after: ServiceConfiguration) -> tuple[str, ...]:
    rows = (
        ("ports", before.ports, after.ports, " ".join(map(str, after.ports)) or "none"),
        ("volumes", before.volumes, after.volumes, " ".join(map(str, after.volumes)) or "none"),
        ("command", before.command, after.command, ""),
        ("limits", before.limits, after.limits, _limits(after.limits)),
        (
            "privileges",
            before.no_new_privileges,
            after.no_new_privileges,
            "cannot be gained" if after.no_new_privileges else "can be gained",
        ),
        (
            "first process",
            before.init,
            after.init,
            "Docker's init" if after.init else "the image's own",
        ),
        ("health check", before.health, after.health, ""),
        ("drain", before.drain, after.drain, f"{after.drain:g} s"),
        ("bake", before.bake, after.bake, f"{after.bake:g} s"),
    )
    return tuple(f"{name} {shown}".strip() for name, old, new, shown in rows if old != new)


def _limits(limits: Limits) -> str:
    words = [
        memory_in_words(limits.memory) if limits.memory is not None else "",
        f"{limits.cpus:g} CPU" if limits.cpus is not None else "",
        f"{limits.pids:,} processes" if limits.pids is not None else "",
    ]
    return " ".join(word for word in words if word) or "none"


def _capabilities(configuration: ServiceConfiguration) -> frozenset[str]:
    """Docker's defaults if none are recorded."""
    capabilities = configuration.capabilities
    return frozenset(BY_DOCKER if capabilities is None else capabilities)
