"""Plans: everything that will change, frozen before anybody approves it."""

from dataclasses import dataclass

from quaymaster.approvals import ApprovalRule
from quaymaster.findings import Finding, Severity, Verdict
from quaymaster.image_ref import Digest, PinnedImage
from quaymaster.plan_kinds import KindFacts, PlanKind
from quaymaster.platforms import Member
from quaymaster.services import Workload
from quaymaster.target import OfService, ServiceRef, TargetRef


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves now, according to the engine and the releases."""

    image: PinnedImage
    release: int | None
    workload: Workload | None
    """As its release says; None where there is none."""
    size: int | None = None
    """Like that of ``Examined``; None where the registry does not tell."""
    turn: int | None = None
    """Of the container that serves: another one serves when it is another."""
    member: Member | None = None
    """As its release says; None where there is none."""

    @property
    def resolved(self) -> "Resolved":
        """What its name meant, as far as that is known."""
        return Resolved(self.image, None, self.member)


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known about the image of a deploy before the plan is made."""

    image: PinnedImage
    """The tag as typed, and the digest of the one image that runs."""
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
    member: Member | None = None
    """None for a plan of before this was known: it is not carried out."""

    @property
    def resolved(self) -> "Resolved":
        """What the name meant."""
        return Resolved(self.image, None, self.member)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The first thing that is found out about an image: what its name meant at that moment."""

    image: PinnedImage
    """The tag as typed, and the digest of the one image that it means."""
    size: int | None
    """Bytes to transfer, as the registry counts; None where it was not asked."""
    member: Member | None = None
    """What else is known of that image."""

    @property
    def named(self) -> Digest:
        """What the name itself meant: the index, where there is one."""
        index = self.member.index if self.member else None
        return index or self.image.digest


@dataclass(frozen=True, slots=True)
class Undo:
    """The release that a rollback would restore."""

    image: PinnedImage
    release: int


@dataclass(frozen=True, slots=True)
class Change(OfService):
    """What a plan does to one service: its image, its workload, and what runs there now."""

    environment: str
    service: str
    turn: int
    """One more than the highest of the service that anybody knew: nothing older can run again."""
    examined: Examined
    workload: Workload
    running: Serving | None
    restores: int | None = None
    """The release that it brings back; None if it brings back none."""
    undo: Undo | None = None
    """What a rollback goes back to from it; None where there is nothing."""

    @property
    def image(self) -> PinnedImage:
        """What will run."""
        return self.examined.image

    @property
    def digest(self) -> Digest:
        """The digest that was approved."""
        return self.examined.image.digest

    @property
    def resolved(self) -> Resolved:
        """What the name meant when it was examined."""
        return self.examined.resolved

    @property
    def named(self) -> Digest:
        """What the tag meant: the index, where there is one. A tag that moved no longer does."""
        return self.resolved.named


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operation will change, one change for each service. Never changes under its id.

    It is stored signed, and its hash is that of the stored text: whatever a voter is shown is
    covered. Raises ValueError if it changes nothing, one service twice, or two environments.
    """

    kind: PlanKind
    target: TargetRef
    """Where all of it runs: an environment has one target."""
    changes: tuple[Change, ...]
    """In the order in which they are carried out."""
    revision: str
    """Of the environment's configuration, by which it was planned."""
    rule: ApprovalRule | None = None
    """None where nobody has to agree."""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.changes:
            raise ValueError("a plan changes at least one service")
        if len(set(self.services)) != len(self.changes):
            raise ValueError("a plan changes each service once")
        if len({change.environment for change in self.changes}) > 1:
            raise ValueError("a plan is about one environment")

    @property
    def facts(self) -> KindFacts:
        """What follows from its kind."""
        return self.kind.facts

    @property
    def services(self) -> tuple[ServiceRef, ...]:
        """What it changes, in order."""
        return tuple(change.service_ref for change in self.changes)

    def change_of(self, service: ServiceRef) -> Change | None:
        """The change of that service; None if it does not change it."""
        return next((one for one in self.changes if one.service_ref == service), None)
