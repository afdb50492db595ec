"""A target made of targets: all of them change, or none does."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from quaymaster.errors import LeaseLost, OutsideFailure, QuaymasterError, Unavailable
from quaymaster.plans import Change
from quaymaster.target import ServiceRef
from workers.outside.best_effort import cleaning_up_after
from workers.targets.agreement import Goal, goal_of, joined, of_part, serves
from workers.targets.observed import Condition, MemberObserved, Observed
from workers.targets.rendering import Values
from workers.targets.target import Live, Objection, Staged, Target, Work

_NOT_OURS = (LeaseLost, Unavailable)
"""Another process has the service, or may have: it settles what is left here."""


@dataclass(frozen=True, slots=True)
class StagedFleet(Staged):
    """The change, staged on each member."""

    members: tuple[tuple[str, Staged], ...]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Targets that run the same services. One that cannot be reached is ``unknown``, and the
    service then is split; nothing is changed before each of them has staged the change.
    """

    members: Mapping[str, Target]
    """By name, in the order in which they change."""

    def observe(self, service: ServiceRef, probe: Work | None = None) -> Observed:
        """See ``Target.observe``."""
        return joined(service, self._parts(service, probe))

    def objections(self, change: Change) -> tuple[Objection, ...]:
        """Those of each member, with its name."""
        return tuple(
            Objection(f"{name}: {objection.what}")
            for name, target in self.members.items()
            for objection in target.objections(change)
        )

    def stage(self, change: Change, values: Values, work: Work) -> StagedFleet:
        """See ``Target.stage``. Where one member cannot, none stays staged."""
        staged: list[tuple[str, Staged]] = []
        for name, target in self.members.items():
            try:
                staged.append((name, target.stage(change, values, work)))
            except _NOT_OURS:
                raise
            except QuaymasterError as error:
                with cleaning_up_after(error):
                    self._discard(staged, work)
                raise
        before = joined(
            change.service_ref, [MemberObserved(name, one.before) for name, one in staged]
        )
        return StagedFleet(change, before, tuple(staged))

    def commit(self, staged: Staged, work: Work) -> Live:
        """See ``Target.commit``. Where one member cannot, those that have committed go back."""
        own = _own(staged)
        gap = 0.0
        for number, (name, one) in enumerate(own.members):
            try:
                gap = max(gap, self.members[name].commit(one, work).gap_seconds)
            except _NOT_OURS:
                raise
            except QuaymasterError as error:
                with cleaning_up_after(error):
                    self._discard(own.members[number + 1 :], work)
                before = [
                    MemberObserved(done, staged.before) for done, staged in own.members[:number]
                ]
                self._take_back(own.change.service_ref, before, work, error)
                raise
        return Live(self.observe(own.change.service_ref).serving, gap)

    def discard(self, staged: Staged, work: Work) -> None:
        """See ``Target.discard``."""
        self._discard(_own(staged).members, work)

    def restore(self, before: Observed, work: Work) -> Live:
        """See ``Target.restore``. Where one member cannot, the others go back to what they serve
        now.
        """
        now = self._parts(before.service)
        gap = 0.0
        for number, part in enumerate(now):
            try:
                live = self.members[part.name].restore(_before(before, part), work)
                gap = max(gap, live.gap_seconds)
            except _NOT_OURS:
                raise
            except QuaymasterError as error:
                self._take_back(before.service, now[:number], work, error)
                raise
        return Live(self.observe(before.service).serving, gap)

    def settle(self, service: ServiceRef, work: Work) -> Observed:
        """See ``Target.settle``. While a member cannot be reached, each of the others is settled by
        itself, and the service stays split.
        """
        parts = self._parts(service)
        reached = [one for one in parts if one.observed.condition is not Condition.UNKNOWN]
        goal = goal_of(parts) if len(reached) == len(parts) else None
        if goal is not None:
            self._bring_to(goal, parts, work)
        _each(partial(self.members[one.name].settle, service, work) for one in reached)
        return self.observe(service)

    def retire(self, service: ServiceRef, keep: int, drain: float, work: Work) -> None:
        """See ``Target.retire``."""
        _each(partial(one.retire, service, keep, drain, work) for one in self.members.values())

    def logs(self, service: ServiceRef, lines: int, since: datetime | None) -> Iterator[str]:
        """Those of each member, each line behind its name."""
        for name, target in self.members.items():
            for line in target.logs(service, lines, since):
                yield f"{name}: {line}"

    def _parts(self, service: ServiceRef, probe: Work | None = None) -> list[MemberObserved]:
        return [
            MemberObserved(name, _reached(target, service, probe))
            for name, target in self.members.items()
        ]

    def _discard(self, staged: Sequence[tuple[str, Staged]], work: Work) -> None:
        _each(partial(self.members[name].discard, one, work) for name, one in staged)

    def _take_back(
        self,
        service: ServiceRef,
        before: Sequence[MemberObserved],
        work: Work,
        error: QuaymasterError,
    ) -> None:
        """Every one of these parts to what it served before; the error then says what runs. Raises
        another one where that fails, because then the service is split.
        """
        split: list[str] = []
        for part in reversed(before):
            target = self.members[part.name]
            try:
                target.restore(part.observed, work)
                target.settle(service, work)
            except _NOT_OURS:
                raise
            except QuaymasterError as second:
                split.append(f"{part.name}: {second.problem.what}")
        if split:
            raise OutsideFailure(
                f"{service} is split: not every part of its target runs the same version.",
                why=f"{error.problem.what} {error.problem.why} Going back failed too. "
                f"{' '.join(split)}",
                next_step="Deploy again when all parts can be reached.",
                log_tail=error.problem.log_tail,
            ) from error
        if before:
            error.runs_now = self.observe(service).words

    def _bring_to(self, goal: Goal, parts: Sequence[MemberObserved], work: Work) -> None:
        """Those that serve first: what is staged elsewhere shows, until the end, how it began."""
        for part in parts:
            target, service = self.members[part.name], part.observed.service
            if serves(part.observed, goal):
                continue
            if goal.version is None:
                target.restore(part.observed.back_to(None), work)
                continue
            observed = target.settle(service, work)
            own = of_part(observed, goal.version)
            if own is not None and not serves(observed, goal):
                target.restore(observed.back_to(own), work)


def _each(calls: Iterable[Callable[[], object]]) -> None:
    """Make each of them, also after one has failed. Raises the first error then."""
    failed: QuaymasterError | None = None
    for call in calls:
        try:
            call()
        except _NOT_OURS:
            raise
        except QuaymasterError as error:
            failed = failed or error
    if failed is not None:
        raise failed


def _own(staged: Staged) -> StagedFleet:
    if not isinstance(staged, StagedFleet):
        raise TypeError("another target staged this")
    return staged


def _reached(target: Target, service: ServiceRef, probe: Work | None) -> Observed:
    try:
        return target.observe(service, probe)
    except OutsideFailure:
        return Observed(service, Condition.UNKNOWN)


def _before(before: Observed, part: MemberObserved) -> Observed:
    """What one part is to serve: what it served itself, where that was observed."""
    for one in before.parts:
        if one.name == part.name:
            return one.observed
    return before
