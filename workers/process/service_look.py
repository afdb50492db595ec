"""A look at each service, again and again, whatever operations say: observe, settle, tell.

Between the question whether a service is still ours to change and the call that follows, a machine
can be paused; its call then comes when others have long settled the service. What one of our
operations left behind like that is settled. What a person did (who stopped a container, removed or
replaced it) is told, and never undone.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from quaymaster.configuration.configuration import Configuration
from quaymaster.drift import Drift, DriftKind
from quaymaster.errors import (
    Conflict,
    Forged,
    LeaseLost,
    OutsideFailure,
    QuaymasterError,
    Unavailable,
    WrittenByNewer,
)
from quaymaster.findings import Unknown
from quaymaster.operations import Operation, Stage, State
from quaymaster.plans import Change, Examined
from quaymaster.queues import host_of, target_queue
from quaymaster.releases import Release
from quaymaster.signing_key import Keys
from quaymaster.store import drifts, leases, records, releases, service_leases
from quaymaster.store.service_leases import LeaseMark
from quaymaster.store.transactions import Connection, ask, perform
from quaymaster.target import DockerHost, ServiceRef, TargetRef
from workers.targets.connection import TargetConnection, connector
from workers.targets.observed import Condition, Observed, Remains, VersionRole
from workers.targets.target import Target
from workers.work.running import service_kept
from workers.work.service_work import CareWork

log = structlog.get_logger(__name__)

_TARGET_MILLISECONDS = 30_000
_LONGEST_WORDS = 400
_OF_ITS_OWN = frozenset({Stage.APPLY, Stage.VERIFY, Stage.RECOVER})


@dataclass(slots=True)
class ServiceLook:
    """Looks at the services of these targets. Of several processes that do, one does at a time."""

    connection: Connection
    keys: Keys
    configuration: Configuration
    targets: Sequence[TargetRef]
    connect: Callable[[TargetRef], TargetConnection]
    """Raises OutsideFailure when a target does not answer."""
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    _connections: dict[TargetRef, TargetConnection] = field(default_factory=dict)
    _seen: dict[ServiceRef, str] = field(default_factory=dict)
    """What was found last time: only what is found twice is told."""

    def look(self, now: datetime) -> int:
        """Look at each service once; about how many there was something to do or to tell. Raises
        Unavailable.
        """
        count = 0
        for ref in self.targets:
            if not self._is_mine(ref):
                continue
            try:
                self._connected(ref).expect_own()
                for where in self._services_on(ref):
                    count += self._look_at(ref, where, now)
            except (OutsideFailure, Forged, WrittenByNewer) as error:
                log.warning("services not checked", target=str(ref), why=str(error))
                self._disconnect(ref)
        return count

    def close(self) -> None:
        """Close every connection to a target."""
        for ref in tuple(self._connections):
            self._disconnect(ref)

    def _look_at(self, ref: TargetRef, where: ServiceRef, now: datetime) -> bool:
        try:
            target = self._connected(ref).target
            marks = ask(self.connection, service_leases.marks(where, now))
            observed = target.observe(where)
            if self._is_being_changed(where):
                self._seen.pop(where, None)
                return False
            if observed.is_settled:
                marks = self._without_unfinished(where, marks)
            if any(mark.is_over for mark in marks.values()) or is_ours_to_settle(observed, marks):
                try:
                    return self._settle(ref, target, where, marks, now)
                except (OutsideFailure, Conflict) as error:
                    # The mark stays, and the next look tries again; meanwhile people are told.
                    log.warning("not settled", place=str(where), why=str(error))
                    return self._compare(ref, target, observed, now, error.problem.what)
            return self._compare(ref, target, observed, now)
        except Unavailable:
            raise
        except (QuaymasterError, LeaseLost) as error:
            log.warning("service not checked", place=str(where), why=str(error))
            if isinstance(error, OutsideFailure):
                # The next service asks whether it is the target that does not answer.
                self._disconnect(ref)
            return False

    def _without_unfinished(
        self, where: ServiceRef, marks: Mapping[str, LeaseMark]
    ) -> Mapping[str, LeaseMark]:
        """Forget those that failed and left nothing half-way: what comes now, people do."""
        done = tuple(owner for owner, mark in marks.items() if mark is LeaseMark.UNFINISHED)
        if done:
            perform(self.connection, service_leases.forget(where, done))
        return {owner: mark for owner, mark in marks.items() if owner not in done}

    def _settle(
        self,
        ref: TargetRef,
        target: Target,
        where: ServiceRef,
        marks: Mapping[str, LeaseMark],
        now: datetime,
    ) -> bool:
        """Finish or take back what was left half-way, under the lease of the service."""
        owner = f":{self.owner}"
        if not perform(self.connection, service_leases.take(where, owner, now)):
            return False
        with service_kept(self.connection, where, owner) as right:
            was_settled = target.observe(where).is_settled
            settled = target.settle(where, CareWork(right))
        over = tuple(owner for owner, mark in marks.items() if mark.is_over)
        perform(self.connection, service_leases.forget(where, over))
        if was_settled:
            return False
        log.warning("settled what was left half-way", place=str(where), marks=tuple(marks))
        self._tell(where, ref, DriftKind.SETTLED, _settled(settled, marks), now)
        return True

    def _compare(
        self,
        ref: TargetRef,
        target: Target,
        observed: Observed,
        now: datetime,
        hindrance: str = "",
    ) -> bool:
        """Tell what is not as it was released, and what hindered that it was settled."""
        where = observed.service
        release = self._latest_release(where, ref)
        what = drift_of(observed, release)
        if what and observed.serving is None and release is not None:
            for objection in target.objections(_as_released(release)):
                what = f"{what} {objection.what}"
        if what and hindrance:
            what = f"{what} Settling that failed: {hindrance}"
        if what and self._is_at_work(where):
            self._seen.pop(where, None)
            return False
        is_seen_again = self._seen.get(where) == what
        self._seen[where] = what
        if not is_seen_again:
            return False
        kind = DriftKind.FOUND if what else DriftKind.OVER
        return self._tell(where, ref, kind, what, now)

    def _tell(
        self, where: ServiceRef, ref: TargetRef, kind: DriftKind, what: str, now: datetime
    ) -> bool:
        """Note it for the bot, unless it stands there."""
        what = what[:_LONGEST_WORDS]
        before = ask(self.connection, drifts.observed(self.keys.ring)).get(where)
        was_found = before is not None and before.value.kind is DriftKind.FOUND
        is_known = before is not None and (before.value.kind, before.value.what) == (kind, what)
        if is_known or (kind is DriftKind.OVER and not was_found):
            return False
        drift = Drift(*where.place, str(ref), kind, what, now)
        return perform(self.connection, drifts.observe(drift, before, self.keys.private))

    def _latest_release(self, where: ServiceRef, ref: TargetRef) -> Release | None:
        query = releases.latest(where, self.keys.ring, target_queue(ref), count=1)
        reply = ask(self.connection, query)
        return reply[0] if reply else None

    def _is_being_changed(self, where: ServiceRef) -> bool:
        name = service_leases.name_of(where)
        return ask(self.connection, leases.owner_of(name)) is not None

    def _is_at_work(self, where: ServiceRef) -> bool:
        """Whether an operation is about to say something about the service itself."""
        for number in ask(self.connection, records.open_ids()):
            with suppress(Forged, WrittenByNewer):
                stored = ask(self.connection, records.load(number, self.keys.ring))
                if stored is not None and _is_changing(stored.operation, where):
                    return True
        return False

    def _services_on(self, ref: TargetRef) -> list[ServiceRef]:
        return [
            service
            for service in self.configuration.services
            if self.configuration.target_of(service.environment) == ref
        ]

    def _is_mine(self, ref: TargetRef) -> bool:
        name = f"look:{ref}"
        return perform(
            self.connection, leases.renew(name, self.owner, _TARGET_MILLISECONDS)
        ) or perform(self.connection, leases.take(name, self.owner, _TARGET_MILLISECONDS))

    def _connected(self, ref: TargetRef) -> TargetConnection:
        if ref not in self._connections:
            connection = self._connections[ref] = self.connect(ref)
            connection.expect_own()
        return self._connections[ref]

    def _disconnect(self, ref: TargetRef) -> None:
        connection = self._connections.pop(ref, None)
        if connection is not None:
            connection.close()


def looking_at(
    queues: Iterable[str],
    configuration: Configuration,
    usual: str | None,
    connection: Connection,
    keys: Keys,
) -> ServiceLook:
    """Looks at the services whose work waits in one of these queues; ``usual`` is the address of an
    engine whose host has none.
    """
    targets = [DockerHost(host) for queue in queues if (host := host_of(queue))]
    connect = connector(configuration, usual, connection, keys)
    return ServiceLook(connection, keys, configuration, targets, connect)


def is_ours_to_settle(observed: Observed, marks: Mapping[str, LeaseMark]) -> bool:
    """Whether an operation of ours left this half-way: somebody who had the right to change the
    service did not give it back, and it is as only a switch leaves it.
    """
    return bool(marks) and observed.remains is Remains.HALF_WAY


def drift_of(observed: Observed, release: Release | None) -> str:
    """How it is not as it was released, in a sentence; nothing where it is, or never was."""
    if release is None:
        return ""
    if observed.condition in (Condition.SPLIT, Condition.UNKNOWN):
        return observed.words
    serving = observed.serving
    if serving is None:
        return f"Nothing is running. {_why_nothing_serves(observed, release)}"
    image = serving.image
    if image is None or image.digest != release.image.digest:
        image_words = image.digest.short if image is not None else "an unknown image"
        return (
            f"{serving.name} runs {image_words}; #{release.id} released "
            f"{release.image.digest.short}."
        )
    beside = observed.having(VersionRole.STAGED, VersionRole.DETACHED)
    return f"{beside[0].name} runs beside {serving.name}, but nobody deployed it." if beside else ""


def _why_nothing_serves(observed: Observed, release: Release) -> str:
    problems = (one.problem for one in observed.versions if one.turn == release.turn)
    return next(problems, "The container of the release is gone: somebody removed it.")


def _as_released(release: Release) -> Change:
    """The change that would bring the release there again."""
    return Change(
        release.environment,
        release.service,
        release.turn,
        Examined(release.image, None, Unknown(""), (), member=release.member),
        release.workload,
        running=None,
        restores=release.restores or release.id,
    )


def _settled(settled: Observed, marks: Mapping[str, LeaseMark]) -> str:
    numbers = dict.fromkeys(owner.partition(":")[0] for owner in marks)
    by = ", ".join(f"#{one}" for one in numbers if one.isdigit()) or "an operation"
    if all(mark is LeaseMark.UNFINISHED for mark in marks.values()):
        return f"{by[0].upper()}{by[1:]} had failed midway. {settled.words}"
    return f"A worker that had stalled for too long continued {by}. {settled.words}"


def _is_changing(operation: Operation, where: ServiceRef) -> bool:
    change = operation.request.facts.service_change
    if change is None or change.service != where:
        return False
    is_next = operation.state is State.QUEUED and operation.stage in _OF_ITS_OWN
    return is_next or operation.state in (State.RUNNING, State.BAKING)
