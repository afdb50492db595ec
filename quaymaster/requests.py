"""What a person asked for, parsed and valid. One frozen type per verb; the verb is its word.

Each type states its headline and its facts (see ``request_facts``), in the class itself if they are
the same for all its requests. The type checker rejects a member of ``Request`` without them,
because all other code asks every request for its facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from quaymaster.image_ref import ImageRef, Repository
from quaymaster.plan_kinds import PlanKind
from quaymaster.request_facts import (
    AnyRequest,
    Effect,
    Eligibility,
    FirstJob,
    Headline,
    InRegistry,
    Lane,
    Name,
    OnHost,
    OnTarget,
    Place,
    RequestFacts,
    ServiceChange,
)
from quaymaster.rights import Right
from quaymaster.stages import Stage
from quaymaster.target import OfService, ServiceRef

_REGISTRY = InRegistry(may_go_on_at_host=False)


def _at(host: str | None) -> Place:
    return OnHost(host) if host else _REGISTRY


def _on(host: str | None) -> Headline:
    return (" on ", Name(host)) if host is not None else ()


def _service(service: ServiceRef) -> Headline:
    return Name(service.environment), "/", Name(service.service)


def _again(place: Place) -> FirstJob:
    """One job that does no harm if it runs twice."""
    return FirstJob(Stage.WORK, place, Lane.USUAL, is_repeatable=True)


def _once(place: Place) -> FirstJob:
    """One job; if it breaks off, the next worker finds out what it left."""
    return FirstJob(Stage.WORK, place, Lane.USUAL, is_repeatable=False)


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """``help [VERB]``"""

    topic: str | None = None
    verb: Literal["help"] = "help"
    right: ClassVar[Right | Eligibility] = Eligibility.MEMBER
    facts: ClassVar = RequestFacts(right, about=None, changes=Effect.NOTHING, work=None)

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Help on ", Name(self.topic)) if self.topic else ("Help",)


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """``status [ENVIRONMENT]``: what runs where."""

    environment: str | None = None
    verb: Literal["status"] = "status"
    right: ClassVar[Right | Eligibility] = Right.READ
    facts: ClassVar = RequestFacts(right, about=None, changes=Effect.NOTHING, work=None)

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Status of ", Name(self.environment)) if self.environment else ("Status",)


@dataclass(frozen=True, slots=True)
class JobsRequest:
    """``jobs``: operations that have not ended, and the latest that have."""

    verb: Literal["jobs"] = "jobs"
    right: ClassVar[Right | Eligibility] = Right.READ
    headline: ClassVar[Headline] = ("Jobs",)
    facts: ClassVar = RequestFacts(right, about=None, changes=Effect.NOTHING, work=None)


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """``cancel ID``"""

    operation: int
    verb: Literal["cancel"] = "cancel"
    right: ClassVar[Right | Eligibility] = Eligibility.MEMBER
    facts: ClassVar = RequestFacts(right, about=None, changes=Effect.OPERATION, work=None)

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return (f"Cancel #{self.operation}",)


@dataclass(frozen=True, slots=True)
class ApproveRequest:
    """``approve ID``. The words show the plan, and its button approves it."""

    operation: int
    verb: Literal["approve"] = "approve"
    right: ClassVar[Right | Eligibility] = Eligibility.MEMBER
    facts: ClassVar = RequestFacts(right, about=None, changes=Effect.NOTHING, work=None)

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return (f"Approve #{self.operation}",)


@dataclass(frozen=True, slots=True)
class RejectRequest:
    """``reject ID``"""

    operation: int
    verb: Literal["reject"] = "reject"
    right: ClassVar[Right | Eligibility] = Eligibility.MEMBER
    facts: ClassVar = RequestFacts(right, about=None, changes=Effect.OPERATION, work=None)

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return (f"Reject #{self.operation}",)


@dataclass(frozen=True, slots=True)
class ImagesRequest:
    """``images [on HOST]``: the images of a Docker host."""

    host: str
    verb: Literal["images"] = "images"
    right: ClassVar[Right | Eligibility] = Right.READ

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Images on ", Name(self.host))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        return RequestFacts(
            self.right, about=None, changes=Effect.NOTHING, work=_again(OnHost(self.host))
        )


@dataclass(frozen=True, slots=True)
class TagsRequest:
    """``tags REPOSITORY``: the tags in the registry."""

    repository: Repository
    verb: Literal["tags"] = "tags"
    right: ClassVar[Right | Eligibility] = Right.READ
    facts: ClassVar = RequestFacts(
        right, about=None, changes=Effect.NOTHING, work=_again(_REGISTRY)
    )

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Tags of ", self.repository)


@dataclass(frozen=True, slots=True)
class InspectRequest:
    """``inspect REF [on HOST]``: in the registry, or on a host when one is named."""

    image: ImageRef
    host: str | None = None
    verb: Literal["inspect"] = "inspect"
    right: ClassVar[Right | Eligibility] = Right.READ

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Inspect ", self.image, *_on(self.host))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        return RequestFacts(
            self.right, about=None, changes=Effect.NOTHING, work=_again(_at(self.host))
        )


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """``history REF [on HOST]``: the steps an image was built in."""

    image: ImageRef
    host: str | None = None
    verb: Literal["history"] = "history"
    right: ClassVar[Right | Eligibility] = Right.READ

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("History of ", self.image, *_on(self.host))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        return RequestFacts(
            self.right, about=None, changes=Effect.NOTHING, work=_again(_at(self.host))
        )


@dataclass(frozen=True, slots=True)
class PullRequest:
    """``pull REF [on HOST]``"""

    image: ImageRef
    host: str
    verb: Literal["pull"] = "pull"
    right: ClassVar[Right | Eligibility] = Right.PULL

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Pull ", self.image, *_on(self.host))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        return RequestFacts(
            self.right, about=None, changes=Effect.IMAGES, work=_once(OnHost(self.host))
        )


@dataclass(frozen=True, slots=True)
class TagRequest:
    """``tag SOURCE as NEW [on HOST]``: NEW is what the image will also be called.

    In the registry when the source is there, else on the host (the only one needs no naming).
    """

    source: ImageRef
    new: ImageRef
    host: str | None = None
    verb: Literal["tag"] = "tag"
    right: ClassVar[Right | Eligibility] = Right.TAG
    facts: ClassVar = RequestFacts(
        right,
        about=None,
        changes=Effect.IMAGES,
        work=_again(InRegistry(may_go_on_at_host=True)),
    )

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Tag ", self.source, " as ", self.new, *_on(self.host))


@dataclass(frozen=True, slots=True)
class PushRequest:
    """``push REF [from HOST]``"""

    image: ImageRef
    host: str
    verb: Literal["push"] = "push"
    right: ClassVar[Right | Eligibility] = Right.PUSH

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Push ", self.image, " from ", Name(self.host))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        return RequestFacts(
            self.right, about=None, changes=Effect.IMAGES, work=_once(OnHost(self.host))
        )


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """``scan REF [on HOST]``: straight from the registry, or a host's local image."""

    image: ImageRef
    host: str | None = None
    verb: Literal["scan"] = "scan"
    right: ClassVar[Right | Eligibility] = Right.SCAN

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Scan ", self.image, *_on(self.host))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        stage = Stage.WORK if self.host else Stage.EXAMINE
        work = FirstJob(stage, _at(self.host), Lane.SCANS, is_repeatable=True)
        return RequestFacts(self.right, about=None, changes=Effect.REPORT, work=work)


@dataclass(frozen=True, slots=True)
class DeployRequest(OfService):
    """``deploy REF to ENVIRONMENT [--service NAME]``"""

    image: ImageRef
    environment: str
    service: str
    verb: Literal["deploy"] = "deploy"
    right: ClassVar[Right | Eligibility] = Right.DEPLOY

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Deploy ", self.image, " to ", *_service(self.service_ref))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        service = self.service_ref
        work = FirstJob(Stage.EXAMINE, OnTarget(self.environment), Lane.USUAL, is_repeatable=False)
        return RequestFacts(
            self.right, about=service, changes=ServiceChange(service, PlanKind.DEPLOY), work=work
        )


@dataclass(frozen=True, slots=True)
class RollbackRequest(OfService):
    """``rollback ENVIRONMENT/SERVICE``"""

    environment: str
    service: str
    verb: Literal["rollback"] = "rollback"
    right: ClassVar[Right | Eligibility] = Right.ROLLBACK

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Roll back ", *_service(self.service_ref))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        service = self.service_ref
        work = FirstJob(Stage.PLAN, OnTarget(self.environment), Lane.URGENT, is_repeatable=False)
        return RequestFacts(
            self.right, about=service, changes=ServiceChange(service, PlanKind.ROLLBACK), work=work
        )


@dataclass(frozen=True, slots=True)
class DriftRequest(OfService):
    """Never typed: the product reports what a check of a service has found (see ``drift``)."""

    environment: str
    service: str
    verb: Literal["drift"] = "drift"
    right: ClassVar[Right | Eligibility] = Eligibility.PRODUCT

    @property
    def headline(self) -> Headline:
        """What was asked for."""
        return ("Check of ", *_service(self.service_ref))

    @property
    def facts(self) -> RequestFacts:
        """What the request states about itself."""
        service = self.service_ref
        return RequestFacts(
            self.right, about=service, changes=Effect.REPORT, work=_once(OnTarget(self.environment))
        )


AnsweredByBot = (
    HelpRequest | StatusRequest | JobsRequest | CancelRequest | ApproveRequest | RejectRequest
)
"""What the bot answers by itself, without an operation."""

Request = Annotated[
    AnsweredByBot
    | ImagesRequest
    | TagsRequest
    | InspectRequest
    | HistoryRequest
    | PullRequest
    | TagRequest
    | PushRequest
    | ScanRequest
    | DeployRequest
    | RollbackRequest
    | DriftRequest,
    Field(discriminator="verb"),
]
"""Any request. Told apart by ``verb``, also in storage."""

REQUESTS: Mapping[str, type[AnyRequest]] = {
    str(field.default): kind
    for kind in get_args(get_args(Request)[0])
    for field in fields(kind)
    if field.name == "verb"
}
"""The type of every request, by its verb."""
