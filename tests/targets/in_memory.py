"""A target that runs nothing: its services are entries of a table, and each change of it is a call
of its own. It keeps every promise of the protocol, so that what is made of targets can be tested
without engines.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from quaymaster.errors import (
    Conflict,
    NotFound,
    OutsideFailure,
    Problem,
    QuaymasterError,
    Unhealthy,
)
from quaymaster.image_ref import Digest
from quaymaster.plans import Change
from quaymaster.target import ServiceRef
from workers.outside.best_effort import cleaning_up_after
from workers.targets.observed import Condition, Observed, Remains, Version, VersionRole
from workers.targets.rendering import Values, workload_fingerprint
from workers.targets.target import Live, Objection, Staged, Work


@dataclass
class Runtime:
    """What outlives the process: the versions, the images, and who is in the way."""

    versions: dict[str, Version] = field(default_factory=dict)
    images: set[Digest] = field(default_factory=set)
    sick: set[Digest] = field(default_factory=set)
    """What is never healthy."""
    is_away: bool = False
    obstacle: str = ""
    made: int = 0


@dataclass(frozen=True, slots=True)
class StagedEntry(Staged):
    """The entry that is to serve."""

    old: str | None
    new: str
    turn_before: int | None
    """Of a version that had been retained."""


@dataclass
class InMemory:
    """One service on one runtime."""

    runtime: Runtime

    def observe(self, service: ServiceRef, probe: Work | None = None) -> Observed:
        """See ``Target.observe``."""
        self._reach()
        versions = tuple(sorted(self.runtime.versions.values(), key=lambda one: -one.turn))
        serving = next((one for one in versions if one.role is VersionRole.SERVING), None)
        roles = {one.role for one in versions}
        remains = Remains.NONE
        if roles & {VersionRole.STAGED, VersionRole.DETACHED}:
            remains = Remains.HALF_WAY
        elif VersionRole.STOPPED in roles:
            remains = Remains.DISTURBED
        unhealthy = None
        if probe and serving and self._is_sick(serving):
            unhealthy = Problem("It is sick.")
        condition = Condition.WHOLE if serving else Condition.ABSENT
        return Observed(service, condition, versions, remains, unhealthy)

    def objections(self, change: Change) -> tuple[Objection, ...]:
        """See ``Target.objections``."""
        self._reach()
        return (Objection(self.runtime.obstacle),) if self.runtime.obstacle else ()

    def stage(self, change: Change, values: Values, work: Work) -> StagedEntry:
        """See ``Target.stage``."""
        before = self.observe(change.service_ref)
        if change.digest not in self.runtime.images:
            work.check()
            self.runtime.images.add(change.digest)
            work.confirm()
        retained = self._retained(change)
        if retained is None:
            new = self._make(change, work)
        else:
            new = retained.identity
            self._set(new, work, turn=change.turn)
            self._set(new, work, role=VersionRole.STAGED)
        old = before.serving.identity if before.serving else None
        turn = retained.turn if retained else None
        staged = StagedEntry(change, before, old, new, turn)
        try:
            work.check()
            if change.digest in self.runtime.sick:
                raise Unhealthy("It is sick.")
        except QuaymasterError as error:
            with cleaning_up_after(error):
                self.discard(staged, work)
            raise
        return staged

    def commit(self, staged: Staged, work: Work) -> Live:
        """See ``Target.commit``."""
        assert isinstance(staged, StagedEntry)
        try:
            work.commit_point()
            if self.runtime.obstacle:
                raise Conflict(self.runtime.obstacle)
        except QuaymasterError as error:
            with cleaning_up_after(error):
                self.discard(staged, work)
            raise
        if staged.old is not None:
            self._set(staged.old, work, role=VersionRole.DETACHED)
        self._set(staged.new, work, role=VersionRole.SERVING)
        return Live(self.runtime.versions[staged.new], 0.0)

    def discard(self, staged: Staged, work: Work) -> None:
        """See ``Target.discard``."""
        assert isinstance(staged, StagedEntry)
        entry = self.runtime.versions.get(staged.new)
        if entry is None or entry.role is not VersionRole.STAGED:
            return
        if staged.turn_before is None:
            self._remove(staged.new, work)
        else:
            self._set(staged.new, work, role=VersionRole.RETAINED)
            self._set(staged.new, work, turn=staged.turn_before)

    def restore(self, before: Observed, work: Work) -> Live:
        """See ``Target.restore``."""
        now = self.observe(before.service)
        if before.serving is None:
            for one in now.having(VersionRole.SERVING, VersionRole.DETACHED, VersionRole.STOPPED):
                self._set(one.identity, work, role=VersionRole.RETAINED)
            return Live(None, 0.0)
        wanted = next((one for one in now.versions if self._is_same(one, before.serving)), None)
        if wanted is None:
            raise NotFound(f"{before.serving.name} is gone.")
        if wanted.role is VersionRole.SERVING:
            return Live(wanted, 0.0)
        if self._is_sick(wanted):
            raise Unhealthy("It is sick.")
        self._set(wanted.identity, work, role=VersionRole.STAGED)
        if now.serving is not None:
            self._set(now.serving.identity, work, role=VersionRole.DETACHED)
        self._set(wanted.identity, work, role=VersionRole.SERVING)
        return Live(self.runtime.versions[wanted.identity], 0.0)

    def settle(self, service: ServiceRef, work: Work) -> Observed:
        """See ``Target.settle``."""
        now = self.observe(service)
        serving = now.serving
        if serving is None:
            old = next(iter(now.having(VersionRole.DETACHED, VersionRole.STOPPED)), None)
            if old is not None:
                self._set(old.identity, work, role=VersionRole.SERVING)
                serving = old
        for one in now.versions:
            if serving is not None and one.identity == serving.identity:
                continue
            if one.role is VersionRole.STAGED and not one.has_been_live:
                self._remove(one.identity, work)
            elif one.role is not VersionRole.RETAINED:
                self._set(one.identity, work, role=VersionRole.RETAINED)
        return self.observe(service)

    def retire(self, service: ServiceRef, keep: int, drain: float, work: Work) -> None:
        """See ``Target.retire``."""
        now = self.observe(service)
        if now.serving is None:
            return
        for one in now.having(VersionRole.DETACHED, VersionRole.STOPPED):
            self._set(one.identity, work, role=VersionRole.RETAINED)
        for one in self.observe(service).having(VersionRole.RETAINED)[keep:]:
            self._remove(one.identity, work)

    def logs(self, service: ServiceRef, lines: int, since: datetime | None) -> Iterator[str]:
        """See ``Target.logs``."""
        serving = self.observe(service).serving
        if serving is not None:
            yield from [f"{serving.name} is ready"][-lines:]

    def _reach(self) -> None:
        if self.runtime.is_away:
            raise OutsideFailure("The runtime does not answer.")

    def _make(self, change: Change, work: Work) -> str:
        work.fence()
        self._reach()
        self.runtime.made += 1
        identity = f"entry-{self.runtime.made}"
        self.runtime.versions[identity] = Version(
            name=f"{change.service}-{change.turn}",
            identity=identity,
            image=change.image,
            image_id=str(change.digest),
            operation=work.operation,
            turn=change.turn,
            workload=workload_fingerprint(change.workload),
            role=VersionRole.STAGED,
            has_been_live=False,
        )
        return identity

    def _set(
        self, identity: str, work: Work, *, role: VersionRole | None = None, turn: int | None = None
    ) -> None:
        work.fence()
        self._reach()
        entry = self.runtime.versions[identity]
        if role is not None:
            has_been_live = entry.has_been_live or role is VersionRole.SERVING
            entry = replace(entry, role=role, has_been_live=has_been_live)
        if turn is not None:
            entry = replace(entry, turn=turn)
        self.runtime.versions[identity] = entry

    def _remove(self, identity: str, work: Work) -> None:
        work.fence()
        self._reach()
        del self.runtime.versions[identity]

    def _retained(self, change: Change) -> Version | None:
        if change.restores is None:
            return None
        workload = workload_fingerprint(change.workload)
        for one in self.runtime.versions.values():
            is_same = one.image_id == str(change.digest) and one.workload == workload
            if is_same and one.role is VersionRole.RETAINED:
                return one
        return None

    def _is_sick(self, version: Version) -> bool:
        return version.image is not None and version.image.digest in self.runtime.sick

    def _is_same(self, one: Version, other: Version) -> bool:
        return (one.image, one.turn) == (other.image, other.turn)
