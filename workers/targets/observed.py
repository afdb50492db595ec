"""What runs of a service, as its target tells, whatever the runtime is."""

from dataclasses import dataclass, replace
from enum import StrEnum

from quaymaster.errors import Conflict, Problem
from quaymaster.image_ref import PinnedImage
from quaymaster.target import ServiceRef

NOTHING_SERVED = "Nothing ran before, and nothing runs now."
"""For a card, after a change that failed."""


class Condition(StrEnum):
    """Whether a service runs, over all parts of its target."""

    ABSENT = "absent"
    """Nothing serves."""
    WHOLE = "whole"
    """One version serves, on every part."""
    SPLIT = "split"
    """The parts differ: in what serves, or in whether they can be reached."""
    UNKNOWN = "unknown"
    """No part can be reached."""


class VersionRole(StrEnum):
    """What a version is to its service."""

    SERVING = "serving"
    STAGED = "staged"
    """Made or started by a change, and not switched to."""
    DETACHED = "detached"
    """It was live and still runs, but no caller reaches it."""
    STOPPED = "stopped"
    """It is where callers ask, and does not serve."""
    RETAINED = "retained"
    """It was live, and is stopped and retained for a rollback."""


class Remains(StrEnum):
    """What there is for ``Target.settle`` to do."""

    NONE = "none"
    DISTURBED = "disturbed"
    """Something is not as a finished change leaves it. A person may have done that."""
    HALF_WAY = "half-way"
    """So only a change leaves it that is under way or broke off."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a service: a digest with a workload, brought there by one change."""

    name: str
    """What people find it by in its runtime."""
    identity: str
    """The runtime's own version of it: a different one means that it was made again."""
    image: PinnedImage | None
    """None where the runtime runs something else than its labels say: somebody else made it."""
    image_id: str
    """What the runtime calls its image."""
    operation: int
    """The operation that made it."""
    turn: int
    """Of the change that it serves for, or served for last."""
    workload: str
    """The fingerprint of the workload that it was made with."""
    role: VersionRole
    has_been_live: bool
    """Whether it has served, now or before."""
    problem: str = ""
    """Why it does not serve, as a sentence; empty for what serves."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A service at one moment."""

    service: ServiceRef
    condition: Condition
    versions: tuple[Version, ...] = ()
    """The one that started last first."""
    remains: Remains = Remains.NONE
    unhealthy: Problem | None = None
    """Why what serves is not healthy, if that was asked (``Target.observe`` with ``probe``)."""
    parts: tuple["MemberObserved", ...] = ()
    """Of a target that is made of targets."""

    @property
    def serving(self) -> Version | None:
        """The version that serves on every part; None where there is none."""
        if self.condition is not Condition.WHOLE:
            return None
        return next(iter(self.having(VersionRole.SERVING)), None)

    @property
    def is_settled(self) -> bool:
        """Whether it is wholly old or wholly new: there is nothing to settle."""
        return self.remains is Remains.NONE

    @property
    def newest(self) -> Version | None:
        """The version with the highest turn, serving or not."""
        return max(self.versions, key=lambda one: one.turn, default=None)

    @property
    def highest_turn(self) -> int:
        """Of all its versions; 0 where there is none."""
        return self.newest.turn if self.newest else 0

    @property
    def words(self) -> str:
        """For a card: what runs."""
        match self.condition:
            case Condition.ABSENT:
                return "Nothing is running."
            case Condition.UNKNOWN:
                return "It cannot be reached, so nobody knows what is running."
            case Condition.SPLIT:
                return " ".join(f"On {one.name}: {one.observed.words}" for one in self.parts)
            case Condition.WHOLE:
                return _running(self.serving)

    def expect_one_version(self) -> None:
        """Raise Conflict where parts differ or cannot be reached: nothing can be said of what a
        change would replace.
        """
        if self.condition in (Condition.SPLIT, Condition.UNKNOWN):
            raise Conflict(
                f"{self.service} does not run one version everywhere.",
                why=self.words,
                next_step="Ask again when all parts of its target run the same.",
            )

    def having(self, *roles: VersionRole) -> tuple[Version, ...]:
        """The versions that have one of these roles."""
        return tuple(one for one in self.versions if one.role in roles)

    def back_to(self, version: Version | None) -> "Observed":
        """The service as it is when this version alone serves; None for nothing. It says to
        ``Target.restore`` what to restore.
        """
        if version is None:
            return Observed(self.service, Condition.ABSENT)
        serving = replace(version, role=VersionRole.SERVING, problem="")
        return Observed(self.service, Condition.WHOLE, (serving,))


@dataclass(frozen=True, slots=True)
class MemberObserved:
    """A service on one target of several."""

    name: str
    observed: Observed


def _running(version: Version | None) -> str:
    if version is None:
        return "Nothing is running."
    image = version.image
    what = image.familiar(image.repository.registry) if image else version.image_id
    return f"{what} is running (container {version.name})."
