"""What a request states about itself: who may ask, what it changes, where its work begins. Pure.

The code that admits, routes, judges and recovers requests reads these facts and knows no verb. No
fact has a default, so a new verb must state every one of them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from quaymaster.errors import Forged
from quaymaster.image_ref import ImageRef, Repository
from quaymaster.plan_kinds import PlanKind
from quaymaster.rights import Right
from quaymaster.stages import Stage
from quaymaster.target import ServiceRef


class Eligibility(StrEnum):
    """Who may ask if no right decides."""

    MEMBER = "member"
    """Every full member. What they may do to an operation depends on that operation."""
    PRODUCT = "product"
    """No person: the product makes the request, and its operation has ended when it is recorded."""


class Effect(StrEnum):
    """What a request changes if it changes no service."""

    NOTHING = "nothing"
    """It only answers."""
    REPORT = "report"
    """It answers and leaves a report, an alert or an event in the audit."""
    IMAGES = "images"
    """Images and their names, on a host or in a registry."""
    OPERATION = "operation"
    """Another operation."""


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A service runs something else afterwards. Whether that is allowed is asked at the request, at
    planning, at the last vote and at apply.
    """

    service: ServiceRef
    kind: PlanKind
    """Of the plan that it leads to."""

    @property
    def is_rescue(self) -> bool:
        """Whether it restores what served before (see ``KindFacts.is_rescue``)."""
        return self.kind.facts.is_rescue


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
    """At a registry, by a worker without a Docker socket."""

    may_go_on_at_host: bool
    """If the registry does not have the image, a host does the rest of the work."""


Place = OnHost | OnTarget | InRegistry


class Lane(StrEnum):
    """Which of a host's queues the jobs wait in."""

    USUAL = "usual"
    SCANS = "scans"
    """For slow work that must not delay anything else."""
    URGENT = "urgent"
    """For work that waits behind nothing."""


@dataclass(frozen=True, slots=True)
class FirstJob:
    """The job that a request begins with."""

    stage: Stage
    place: Place
    lane: Lane
    is_repeatable: bool
    """Doing it twice is the same as doing it once, so a job that broke off runs again."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """Everything that other code has to know about a request. Raises ValueError if the facts of a
    change of a service do not fit together.
    """

    right: Right | Eligibility
    about: ServiceRef | None
    """The service, also if the request only reports about it. A right may be limited to it."""
    changes: Effect | ServiceChange
    work: FirstJob | None
    """None if the bot answers by itself and records no operation."""

    def __post_init__(self) -> None:
        change = self.service_change
        if change is None:
            return
        if self.about != change.service or self.work is None or not isinstance(self.right, Right):
            raise ValueError("a change of a service is about it, needs a right and is work")

    @property
    def service_change(self) -> ServiceChange | None:
        """How it changes a service; None if it changes none."""
        return self.changes if isinstance(self.changes, ServiceChange) else None

    @property
    def environment(self) -> str:
        """The environment of the service; "" if the request is about no service."""
        return self.about.environment if self.about is not None else ""


@dataclass(frozen=True, slots=True)
class Name:
    """What people have chosen, in a headline: of any length, and with any characters."""

    text: str


Headline = tuple[str | Name | ImageRef | Repository, ...]
"""A request in a few words of ours, and in names of theirs. Whoever shows it shortens those."""


class AnyRequest(Protocol):
    """A request, for code that reads only its facts."""

    right: ClassVar[Right | Eligibility]
    """The same for every request of its verb, so that the help can name it."""

    @property
    def verb(self) -> str:
        """The word for it."""

    @property
    def headline(self) -> Headline:
        """What was asked for: “Push shop/web:1.4 from build1”."""

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""


def service_change(request: AnyRequest) -> ServiceChange:
    """How the request changes a service. Raises Forged if it changes none."""
    change = request.facts.service_change
    if change is None:
        raise Forged(f"`{request.verb}` changes no service.")
    return change
