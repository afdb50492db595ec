"""The plan of a deploy: everything that will change, frozen before anybody approves it."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from pydantic import TypeAdapter

from quaymaster.findings import Finding, Severity, Verdict
from quaymaster.image_ref import Digest, ImageRef
from quaymaster.seals import Sealer, fingerprint
from quaymaster.services import ServiceConfiguration


@dataclass(frozen=True, slots=True)
class Running:
    """What serves now, according to the engine and the releases."""

    image: ImageRef
    release: int | None
    configuration: ServiceConfiguration | None
    size: int | None = None
    """Like that of ``Examined``; None where the registry does not tell."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known about the image of a deploy before the plan is made."""

    image: ImageRef
    """Pinned: the tag as typed and the digest that it meant at that moment."""
    size: int | None
    """Bytes to transfer, as the registry counts; None where it was not asked."""
    verdict: Verdict
    counts: tuple[tuple[Severity, int], ...]
    gained: tuple[Finding, ...] = ()
    """Findings that what runs now does not have; worst first, at most ten."""
    lost: tuple[Finding, ...] = ()
    """Findings of what runs now that are gone; worst first, at most ten."""
    gained_total: int = 0
    lost_total: int = 0


@dataclass(frozen=True, slots=True)
class Undo:
    """The release that a rollback would restore."""

    image: ImageRef
    release: int


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """Digest, configuration, verdict, target and what runs now. Never changes under its id."""

    kind: Literal["deploy", "rollback"]
    environment: str
    service: str
    host: str
    examined: Examined
    configuration: ServiceConfiguration
    configuration_revision: str
    running: Running | None
    restores: int | None = None
    """For a rollback: the release that it brings back."""
    notes: tuple[str, ...] = ()
    undo: Undo | None = None
    """For a deploy: what a rollback goes back to from it; None where there is nothing."""
    seal: str = ""

    @property
    def image(self) -> ImageRef:
        """What will run, pinned to a digest."""
        return self.examined.image

    @property
    def digest(self) -> Digest:
        """The digest that was approved. A plan without one cannot be made."""
        return self.examined.image.pin

    def hash(self) -> str:
        """SHA-256 over what will change: digest, configuration, target, verdict, what runs now.

        Ages, sizes, notes, the undo and container ids are not part of it.
        """
        running = self.running
        return fingerprint(
            self.kind,
            self.environment,
            self.service,
            self.host,
            str(self.image),
            self.examined.verdict.kind,
            _CONFIGURATION.dump_json(self.configuration).decode(),
            self.configuration_revision,
            str(self.restores or ""),
            str(running.image) if running else "",
            _CONFIGURATION.dump_json(running.configuration).decode()
            if running and running.configuration
            else "",
        )

    def sealed(self, sealer: Sealer, operation: int) -> Self:
        """The plan as the worker that made it stores it."""
        return replace(self, seal=sealer.seal("plan", str(operation), self.hash()))

    def check_seal(self, sealer: Sealer, operation: int) -> None:
        """Raise Forged unless this plan was made by a worker for this operation, unchanged."""
        sealer.check(self.seal, "plan", str(operation), self.hash())


_CONFIGURATION = TypeAdapter(ServiceConfiguration)
