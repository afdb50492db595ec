"""What a person asked for, parsed and valid. One frozen type per verb; the verb is its word."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from quaymaster.image_ref import ImageRef, Repository
from quaymaster.target import ServiceRef


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """``help [VERB]``"""

    topic: str | None = None
    verb: Literal["help"] = "help"


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """``status [ENVIRONMENT]``: what runs where."""

    environment: str | None = None
    verb: Literal["status"] = "status"


@dataclass(frozen=True, slots=True)
class JobsRequest:
    """``jobs``: operations that have not ended, and the latest that have."""

    verb: Literal["jobs"] = "jobs"


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """``cancel ID``"""

    operation: int
    verb: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class ApproveRequest:
    """``approve ID``"""

    operation: int
    verb: Literal["approve"] = "approve"


@dataclass(frozen=True, slots=True)
class RejectRequest:
    """``reject ID``"""

    operation: int
    verb: Literal["reject"] = "reject"


@dataclass(frozen=True, slots=True)
class ImagesRequest:
    """``images [on HOST]``: the images of a Docker host."""

    host: str
    verb: Literal["images"] = "images"


@dataclass(frozen=True, slots=True)
class TagsRequest:
    """``tags REPOSITORY``: the tags in the registry."""

    repository: Repository
    verb: Literal["tags"] = "tags"


@dataclass(frozen=True, slots=True)
class InspectRequest:
    """``inspect REF [on HOST]``: in the registry, or on a host when one is named."""

    image: ImageRef
    host: str | None = None
    verb: Literal["inspect"] = "inspect"


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """``history REF [on HOST]``: the steps an image was built in."""

    image: ImageRef
    host: str | None = None
    verb: Literal["history"] = "history"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """``pull REF [on HOST]``"""

    image: ImageRef
    host: str
    verb: Literal["pull"] = "pull"


@dataclass(frozen=True, slots=True)
class TagRequest:
    """``tag SOURCE as NEW [on HOST]``: NEW is what the image will also be called.

    In the registry when the source is there, else on the host (the only one needs no naming).
    """

    source: ImageRef
    new: ImageRef
    host: str | None = None
    verb: Literal["tag"] = "tag"


@dataclass(frozen=True, slots=True)
class PushRequest:
    """``push REF [from HOST]``"""

    image: ImageRef
    host: str
    verb: Literal["push"] = "push"


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """``scan REF [on HOST]``: straight from the registry, or a host's local image."""

    image: ImageRef
    host: str | None = None
    verb: Literal["scan"] = "scan"


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """``deploy REF to ENVIRONMENT [--service NAME]``"""

    image: ImageRef
    environment: str
    service: str
    verb: Literal["deploy"] = "deploy"

    @property
    def service_ref(self) -> ServiceRef:
        """The service that it is about."""
        return ServiceRef(self.environment, self.service)


@dataclass(frozen=True, slots=True)
class RollbackRequest:
    """``rollback ENVIRONMENT/SERVICE``"""

    environment: str
    service: str
    verb: Literal["rollback"] = "rollback"

    @property
    def service_ref(self) -> ServiceRef:
        """The service that it is about."""
        return ServiceRef(self.environment, self.service)


@dataclass(frozen=True, slots=True)
class DriftRequest:
    """What nobody types: the product tells what a look at a service found (see ``drift``)."""

    environment: str
    service: str
    verb: Literal["drift"] = "drift"

    @property
    def service_ref(self) -> ServiceRef:
        """The service that it is about."""
        return ServiceRef(self.environment, self.service)


Request = Annotated[
    HelpRequest
    | StatusRequest
    | JobsRequest
    | CancelRequest
    | ApproveRequest
    | RejectRequest
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
