"""What an operation ended with. One frozen type per kind of result; the bot draws each.

Sizes are bytes, durations seconds. Text that came from an image, a registry or a scanner is kept
as it came: whoever draws it escapes it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from quaymaster.errors import Problem
from quaymaster.findings import Finding, ScannerDatabase, Severity, Verdict
from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository
from quaymaster.platforms import Member
from quaymaster.target import OfService


@dataclass(frozen=True, slots=True)
class LocalImage:
    """One image of a Docker host."""

    names: tuple[str, ...]
    image_id: str
    size: int
    created: datetime | None
    more_names: int = 0
    """How many names it has besides."""


@dataclass(frozen=True, slots=True)
class ImagesListed:
    """The images of a host, newest first: one page of them (see ``listings``)."""

    host: str
    images: tuple[LocalImage, ...]
    total: int
    """How many there are."""
    kept: int
    """How many of them can be turned to."""
    kind: Literal["images"] = "images"


@dataclass(frozen=True, slots=True)
class TagsListed:
    """The tags of a repository, newest version first: one page of them (see ``listings``)."""

    repository: Repository
    tags: tuple[str, ...]
    total: int
    kept: int
    kind: Literal["tags"] = "tags"


@dataclass(frozen=True, slots=True)
class ExecutionParameters:
    """How an image is run. Values that look secret are already replaced.

    https://github.com/opencontainers/image-spec/blob/main/config.md; Docker's differ by the health
    check (https://docs.docker.com/reference/dockerfile/#healthcheck).
    """

    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    user: str
    ports: tuple[str, ...]
    """``8080/tcp``"""
    environment: tuple[str, ...]
    """``NAME=value``"""
    labels: tuple[tuple[str, str], ...]
    health_check: str = ""
    """The command, or nothing where there is no check."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an image is."""

    image: ImageRef
    where: str
    """“registry” or the name of a host."""
    digest: Digest | None
    size: int
    created: datetime | None
    platforms: tuple[str, ...]
    parameters: ExecutionParameters
    layers: int
    is_image_id: bool = False
    """The digest is the host's own id of the image: it knows none of its repository."""
    left_out: int = 0
    """How many of its words, variables and labels are too many or too long to be kept."""
    kind: Literal["inspected"] = "inspected"


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One step of a build. ``size`` is None where only the registry was asked."""

    created_by: str
    created: datetime | None
    size: int | None


@dataclass(frozen=True, slots=True)
class HistoryListed:
    """The steps that an image was built in, newest first: one page of them (see ``listings``)."""

    image: ImageRef
    where: str
    steps: tuple[HistoryStep, ...]
    total: int
    kept: int
    kind: Literal["history"] = "history"


@dataclass(frozen=True, slots=True)
class Pulled:
    """An image is on the host."""

    image: PinnedImage
    host: str
    digest: Digest
    size: int
    seconds: float
    already_there: bool = False
    kind: Literal["pulled"] = "pulled"


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image is in the registry."""

    image: PinnedImage
    host: str
    digest: Digest
    size: int
    layers: int
    layers_already_there: int
    seconds: float
    kind: Literal["pushed"] = "pushed"


@dataclass(frozen=True, slots=True)
class Tagged:
    """An image has one more name. ``replaced`` is what the name meant before."""

    source: ImageRef
    new: ImageRef
    where: str
    digest: Digest | None
    replaced: Digest | None
    seconds: float
    kind: Literal["tagged"] = "tagged"


@dataclass(frozen=True, slots=True)
class Alert:
    """Findings that a channel has not been told of yet."""

    channel: str
    findings: tuple[Finding, ...]
    """The worst of them, at most ten."""
    total: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan's summary; the whole report is kept under its digest and database."""

    image: PinnedImage
    where: str
    digest: Digest
    database: ScannerDatabase | None
    """None where the scanner could not say anything; the verdict says why."""
    verdict: Verdict
    counts: tuple[tuple[Severity, int], ...]
    worst: tuple[Finding, ...]
    total: int
    seconds: float
    reused: bool = False
    """The verdict was looked up: this digest was scanned with this database before."""
    alerts: tuple[Alert, ...] = ()
    member: Member | None = None
    """What else is known of the image, where it is in a registry."""
    kind: Literal["scanned"] = "scanned"


@dataclass(frozen=True, slots=True)
class Deployed(OfService):
    """A release went live."""

    environment: str
    service: str
    image: PinnedImage
    gap_seconds: float | None
    """How long the port answered nobody, measured; None where the worker died before it could."""
    replaced: PinnedImage | None
    seconds: float
    notes: tuple[str, ...] = ()
    """What a person should know: a tag that moved, a secret that changed since."""
    kind: Literal["deployed"] = "deployed"


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended in an error."""

    trouble: Problem
    runs_now: str = ""
    """For a deploy: what serves now, in words."""
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The worker died; this is what somebody found who looked afterwards."""

    what_was_found: str
    next_step: str
    kind: Literal["lost"] = "lost"


@dataclass(frozen=True, slots=True)
class Ended:
    """It ended because somebody or something decided so (cancelled, rejected, expired …)."""

    why: str
    by: str | None = None
    """The user id of who decided, where it was a person."""
    next_step: str = ""
    kind: Literal["ended"] = "ended"


Listed = Annotated[ImagesListed | TagsListed | HistoryListed, Field(discriminator="kind")]
"""A list that may be long."""

Outcome = Annotated[
    ImagesListed
    | TagsListed
    | Inspected
    | HistoryListed
    | Pulled
    | Pushed
    | Tagged
    | Scanned
    | Deployed
    | Failed
    | Interrupted
    | Ended,
    Field(discriminator="kind"),
]
"""Any outcome. Told apart by ``kind``, also in storage."""
