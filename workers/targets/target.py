"""What a target promises: the one way in which the product changes what runs.

``stage`` and ``commit`` are the two phases of a change: many targets can stage, and commit only
when all have. Whoever calls holds the lease of the service. The process may die anywhere, in the
middle of a call to the runtime too: what is left is read from the runtime, never remembered, and
``settle`` by the next holder of the lease makes it wholly old or wholly new.

What every call raises: LeaseLost as soon as the lease is gone, Unavailable where nobody can say
whether it is, and an OutsideFailure (NotFound, Unhealthy and the others) where the runtime fails.
Besides, ``stage`` and ``commit`` raise what ``Work.check``, ``Work.confirm`` and
``Work.commit_point`` raise, Conflict where something stands in the way, and NotAllowed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from quaymaster.plans import Change
from quaymaster.progress import Progress
from quaymaster.target import ServiceRef
from workers.targets.observed import Observed, Version
from workers.targets.rendering import Values


class Work(Protocol):
    """What a target is handed besides the change: on whose behalf it works, and whether it may."""

    @property
    def operation(self) -> int:
        """The operation that the change belongs to; the runtime keeps it beside what it runs."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that no log line and no error may show."""

    def report(self, progress: Progress) -> None:
        """Show how far it is. Costs little; raises nothing."""

    def check(self) -> None:
        """Raise Cancelled or HandedBack when the work should stop here. It then leaves everything
        as it was. Silent after ``commit_point``.
        """

    def confirm(self) -> None:
        """To be called after what may have taken hours, before anything of the change runs: ask
        again whether it may still happen. Raises NotAdmissible or another error of the product.
        """

    def fence(self) -> None:
        """To be called before each changing call to the runtime. Raises LeaseLost."""

    def commit_point(self) -> None:
        """From here nobody can cancel. Raises Cancelled and HandedBack where somebody asked in
        time, and LeaseLost. Passing it again is fine.
        """


@dataclass(frozen=True, slots=True)
class Staged:
    """A change that needs only ``commit``. Each kind of target adds what it has to know."""

    change: Change
    before: Observed
    """What ran when it was staged: ``restore`` goes back to it."""


@dataclass(frozen=True, slots=True)
class Live:
    """What serves after a switch."""

    serving: Version | None
    """None after going back to where nothing served."""
    gap_seconds: float
    """How long no caller was answered; 0 where nothing served before."""


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason why a change could not be carried out now, as a sentence."""

    what: str


class Target(Protocol):
    """Where services run: one Docker engine, or several targets as one."""

    def observe(self, service: ServiceRef, probe: Work | None = None) -> Observed:
        """What runs and what is retained, by digest. Changes nothing.

        With ``probe`` the service is also asked where its callers ask, and ``unhealthy`` says what
        is wrong with what serves; the log lines in it are without that work's secrets.
        """

    def objections(self, change: Change) -> tuple[Objection, ...]:
        """What would stand in the way of this change now. Changes nothing."""

    def stage(self, change: Change, values: Values, work: Work) -> Staged:
        """Bring exactly the change's image there, and the new version beside the old one, healthy
        as far as that can be known while the old one serves. The new one serves nobody yet.

        What serves goes on serving. Whatever is raised, nothing of the new version stays but its
        image. ``confirm`` is called after a transfer, ``check`` several times a second.
        """

    def commit(self, staged: Staged, work: Work) -> Live:
        """Let the new version serve in the place of the old one; it is asked where callers ask.

        Passes the commit point before it cannot go back any more. When it raises, what served
        serves again and the new version is gone; ``runs_now`` of the error says so, or that this
        failed too. The old version runs on beside, unserving, or is retained already.
        """

    def discard(self, staged: Staged, work: Work) -> None:
        """Leave everything as it was before ``stage``; the image stays. What was committed, or is
        gone, is left alone.
        """

    def restore(self, before: Observed, work: Work) -> Live:
        """Let the version serve again that serves in ``before`` (see ``Observed.back_to``), or
        nothing where that is absent; nobody can cancel it. When it serves already, nothing changes.

        Raises NotFound where nothing of that version is left. Whatever is raised, what served goes
        on serving. The version that it replaces stays, unserving.
        """

    def settle(self, service: ServiceRef, work: Work) -> Observed:
        """After any crash: make it wholly old or wholly new, and say which.

        A switch whose new version answers is finished, any other is taken back. What never served
        is removed; what did is retained. May itself be interrupted anywhere and called again and
        again; it changes nothing where all is well.
        """

    def retire(self, service: ServiceRef, keep: int, drain: float, work: Work) -> None:
        """Stop what serves no more, at most ``drain`` seconds after it was asked to end, and retain
        it for a rollback; at most ``keep`` versions are retained. What serves is not touched, and
        where nothing does, nothing is stopped.
        """

    def logs(self, service: ServiceRef, lines: int, since: datetime | None) -> Iterator[str]:
        """The last lines of what serves, oldest first, without what looks like a secret. Nothing
        where nothing serves.
        """
