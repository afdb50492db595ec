"""What a request says of itself: who may ask, what it changes, and where its work begins. Pure.

Whoever admits, routes, judges or recovers a request reads these facts and knows no verb. No fact
has a default, so a new verb states every one of them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from quaymaster.errors import Forged
from quaymaster.rights import Right
from quaymaster.stages import Stage
from quaymaster.target import ServiceRef


class Asker(StrEnum):
    """Who may ask where no right decides."""

    MEMBER = "member"
    """Every full member. What they may do to an operation depends on that operation."""
    PRODUCT = "product"
    """No person: the product makes the request, and it has ended when it is recorded."""


class Effect(StrEnum):
    """What a request changes that changes no service."""

    NOTHING = "nothing"
    """It leaves its answer."""
    REPORT = "report"
    """It leaves something that can be looked up later, and alerts."""
    IMAGES = "images"
    """Images and their names, on a host or in a registry."""
    OPERATION = "operation"
    """Another operation."""


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A service runs something else afterwards. Whether it may is asked when somebody asks for it,
    when it is planned, at the last vote and when it is carried out.
    """

    service: ServiceRef
    is_rescue: bool
    """It brings back what served before (docs/decisions/0003): gate, freeze and windows are shown
    and do not stop it, ``after`` and approvals are not asked about, and it waits behind no other
    change.
    """


@dataclass(frozen=True, slots=True)
class OnHost:
    """At a Docker host, by its name."""

    host: str


@dataclass(frozen=True, slots=True)
class OnTarget:
    """Where the services of an environment run."""

    environment: str


@dataclass(frozen=True, slots=True)
class InRegistry:
    """Where there is no Docker socket."""

    may_go_on_at_host: bool
    """A registry that does not have the image leaves the rest of the work to a host."""


Place = OnHost | OnTarget | InRegistry


class Lane(StrEnum):
    """Which of a host's queues the jobs wait in."""

    USUAL = "usual"
    SCANS = "scans"
    """Takes long, and holds up nothing else."""
    URGENT = "urgent"
    """Waits behind nothing."""


@dataclass(frozen=True, slots=True)
class Work:
    """The job that a request begins with."""

    stage: Stage
    place: Place
    lane: Lane
    is_repeatable: bool
    """Doing it twice is the same as doing it once, so a job that broke off is done again."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """Everything that is decided about a request without knowing its verb."""

    right: Right | Asker
    about: ServiceRef | None
    """The service that it is about, also where it only looks. A right may be bound to it."""
    changes: Effect | ServiceChange
    work: Work | None
    """None where the bot answers it and no operation is made."""

    def __post_init__(self) -> None:
        change = self.service_change
        is_whole = self.about is not None and self.work is not None and self.right in Right
        if change is not None and not (is_whole and self.about == change.service):
            raise ValueError("what changes a service is about it, needs a right, and is work")

    @property
    def service_change(self) -> ServiceChange | None:
        """How it changes a service; None where it changes none."""
        return self.changes if isinstance(self.changes, ServiceChange) else None

    @property
    def environment(self) -> str:
        """The environment that it is about; "" where it is about none."""
        return self.about.environment if self.about is not None else ""


class AnyRequest(Protocol):
    """A request to those who look at its facts alone."""

    right: ClassVar[Right | Asker]
    """The same for every request of its verb, so that the help can name it."""

    @property
    def verb(self) -> str:
        """The word for it."""

    @property
    def facts(self) -> RequestFacts:
        """What it says of itself."""


def service_change(request: AnyRequest) -> ServiceChange:
    """How it changes a service. Raises Forged where it changes none."""
    change = request.facts.service_change
    if change is None:
        raise Forged(f"`{request.verb}` changes no service.")
    return change
