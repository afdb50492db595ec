"""A look at each service, again and again, whatever operations say: observe, settle, tell.

Between the question whether a service is still ours to change and the call that follows, a machine
can be paused; its call then comes when others have long settled the service. What one of our
operations left behind like that is settled. What a person did (who stopped a container, removed or
replaced it) is told, and never undone.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from quaymaster.configuration import Configuration
from quaymaster.drift import Drift, DriftKind
from quaymaster.errors import (
    Conflict,
    Forged,
    OutsideFailure,
    QuaymasterError,
    Unavailable,
    WrittenByNewer,
)
from quaymaster.operations import Operation, Stage, State
from quaymaster.queues import host_queue
from quaymaster.releases import Release
from quaymaster.signing_key import Keys
from quaymaster.store import drifts, leases, records, releases, service_leases
from quaymaster.store.service_leases import Mark
from quaymaster.store.transactions import Connection, ask, perform
from quaymaster.target import ServiceRef
from workers.containers import Container, Place, ServiceState, observe
from workers.engine import Engine
from workers.moves import taken_port
from workers.own_engine import Owner
from workers.running import LeaseLost, service_kept
from workers.settle import Settled, is_settled, settle

log = structlog.get_logger(__name__)

_HOST_MILLISECONDS = 30_000
_LONGEST_WORDS = 400
_OF_ITS_OWN = frozenset({Stage.APPLY, Stage.LOOK, Stage.RECOVER})


@dataclass(slots=True)
class ServiceLook:
    """Looks at the services of these hosts. Of several processes that do, one does at a time."""

    connection: Connection
    keys: Keys
    configuration: Configuration
    hosts: Sequence[str]
    connect: Callable[[str], Engine]
    """Raises OutsideFailure when the engine of a host does not answer."""
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    _engines: dict[str, Engine] = field(default_factory=dict)
    _seen: dict[ServiceRef, str] = field(default_factory=dict)
    """What was found last time: only what is found twice is told."""

    def look(self, now: datetime) -> int:
        """Look at each service once; about how many there was something to do or to tell. Raises
        Unavailable.
        """
        count = 0
        for host in self.hosts:
            if not self._is_mine(host):
                continue
            try:
                self._expect_own(self._engine(host))
                for where in self._services_on(host):
                    count += self._look_at(self._engine(host), where, now)
            except (OutsideFailure, Forged, WrittenByNewer) as error:
                log.warning("services not checked", host=host, why=str(error))
                self._disconnect(host)
        return count

    def close(self) -> None:
        """Close every connection to an engine."""
        for host in tuple(self._engines):
            self._disconnect(host)

    def _look_at(self, engine: Engine, where: ServiceRef, now: datetime) -> bool:
        try:
            marks = ask(self.connection, service_leases.marks(where, now))
            state = observe(engine, where)
            if self._is_being_changed(where):
                self._seen.pop(where, None)
                return False
            if is_settled(state):
                marks = self._without_unfinished(where, marks)
            if any(mark.is_over for mark in marks.values()) or is_ours_to_settle(state, marks):
                try:
                    return self._settle(engine, state, marks, now)
                except (OutsideFailure, Conflict) as error:
                    # The mark stays, and the next look tries again; meanwhile people are told.
                    log.warning("not settled", place=str(where), why=str(error))
                    return self._compare(engine, state, now, error.trouble.what)
            return self._compare(engine, state, now)
        except Unavailable:
            raise
        except (QuaymasterError, LeaseLost) as error:
            log.warning("service not checked", place=str(where), why=str(error))
            if isinstance(error, OutsideFailure):
                # The next service asks whether it is the engine that does not answer.
                self._disconnect(engine.name)
            return False

    def _without_unfinished(
        self, where: ServiceRef, marks: Mapping[str, Mark]
    ) -> Mapping[str, Mark]:
        """Forget those that failed and left nothing half-way: what comes now, people do."""
        done = tuple(owner for owner, mark in marks.items() if mark is Mark.UNFINISHED)
        if done:
            perform(self.connection, service_leases.forget(where, done))
        return {owner: mark for owner, mark in marks.items() if owner not in done}

    def _settle(
        self, engine: Engine, state: ServiceState, marks: Mapping[str, Mark], now: datetime
    ) -> bool:
        """Finish or take back what was left half-way, under the lease of the service."""
        where = state.service
        owner = f":{self.owner}"
        if not perform(self.connection, service_leases.take(where, owner, now)):
            return False
        with service_kept(self.connection, where, owner) as still_mine:
            settled = settle(engine, where, still_mine)
        over = tuple(owner for owner, mark in marks.items() if mark.is_over)
        perform(self.connection, service_leases.forget(where, over))
        if not settled.was_changed:
            return False
        log.warning("settled what was left half-way", place=str(where), marks=tuple(marks))
        self._tell(where, engine.name, DriftKind.SETTLED, _settled(settled, marks), now)
        return True

    def _compare(
        self, engine: Engine, state: ServiceState, now: datetime, hindrance: str = ""
    ) -> bool:
        """Tell what is not as it was released, and what hindered that it was settled."""
        where = state.service
        release = self._latest_release(where, engine.name)
        what = drift_of(state, release)
        if what and state.serving is None and release is not None:
            ports = release.workload.ports
            known = {one.id for one in state.containers}
            if (taken := taken_port(engine, ports, known)) is not None:
                what = f"{what} Port {taken[0].host_port} is taken by the container {taken[1]}."
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
        return self._tell(where, engine.name, kind, what, now)

    def _tell(
        self, where: ServiceRef, host: str, kind: DriftKind, what: str, now: datetime
    ) -> bool:
        """Note it for the bot, unless it stands there."""
        what = what[:_LONGEST_WORDS]
        before = ask(self.connection, drifts.observed(self.keys.ring)).get(where)
        was_found = before is not None and before.value.kind is DriftKind.FOUND
        is_known = before is not None and (before.value.kind, before.value.what) == (kind, what)
        if is_known or (kind is DriftKind.OVER and not was_found):
            return False
        drift = Drift(*where.place, host, kind, what, now)
        return perform(self.connection, drifts.observe(drift, before, self.keys.private))

    def _latest_release(self, where: ServiceRef, host: str) -> Release | None:
        query = releases.latest(where, self.keys.ring, host_queue(host), count=1)
        found = ask(self.connection, query)
        return found[0] if found else None

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

    def _services_on(self, host: str) -> list[ServiceRef]:
        return [
            service
            for service in self.configuration.services
            if self.configuration.target_of(service.environment).name == host
        ]

    def _is_mine(self, host: str) -> bool:
        name = f"look:{host}"
        return perform(
            self.connection, leases.renew(name, self.owner, _HOST_MILLISECONDS)
        ) or perform(self.connection, leases.take(name, self.owner, _HOST_MILLISECONDS))

    def _engine(self, host: str) -> Engine:
        if host not in self._engines:
            engine = self._engines[host] = self.connect(host)
            self._expect_own(engine)
        return self._engines[host]

    def _expect_own(self, engine: Engine) -> None:
        """Where another engine answers, it has services of that name of its own."""
        Owner(self.configuration, self.connection, self.keys).expect(engine)

    def _disconnect(self, host: str) -> None:
        engine = self._engines.pop(host, None)
        if engine is not None:
            engine.close()


def connector(configuration: Configuration, usual: str | None) -> Callable[[str], Engine]:
    """Connects to the engine of a host; ``usual`` is the address where the host has none."""

    def connect(host: str) -> Engine:
        return Engine.connect(configuration.host(host).docker or usual, name=host)

    return connect


def is_ours_to_settle(state: ServiceState, marks: Mapping[str, Mark]) -> bool:
    """Whether an operation of ours left this half-way: somebody who had the right to change the
    service did not give it back, and the networks are as only a switch leaves them. That a
    container is stopped does not say so: people stop containers.
    """
    is_half_way = bool(state.at(Place.CANDIDATE, Place.DISPLACED))
    return bool(marks) and is_half_way and not is_settled(state)


def drift_of(state: ServiceState, release: Release | None) -> str:
    """How it is not as it was released, in a sentence; nothing where it is, or never was."""
    if release is None:
        return ""
    serving = state.serving
    if serving is None:
        return f"Nothing is running. {_why_nothing_serves(state, release)}"
    image = serving.image
    if image is None or image.digest != release.image.digest:
        said = image.digest.short if image is not None else "an unknown image"
        return f"{serving.name} runs {said}; #{release.id} released {release.image.digest.short}."
    beside = state.at(Place.CANDIDATE, Place.DISPLACED)
    return f"{beside[0].name} runs beside {serving.name}, but nobody deployed it." if beside else ""


def _why_nothing_serves(state: ServiceState, release: Release) -> str:
    released = [one for one in state.containers if one.turn == release.turn]
    if not released:
        return "The container of the release is gone: somebody removed it."
    container = released[0]
    match container.place:
        case Place.HALTED | Place.KEPT:
            return _why_halted(container)
        case Place.DISPLACED | Place.CANDIDATE | Place.SERVING:
            return f"{container.name} is not on its network: somebody disconnected it."


def _why_halted(container: Container) -> str:
    if container.is_restarting:
        return f"{container.name} keeps restarting, last with exit code {container.exit_code}."
    if container.is_running:
        return f"{container.name} runs without its port."
    return f"{container.name} is stopped, with exit code {container.exit_code}."


def _settled(settled: Settled, marks: Mapping[str, Mark]) -> str:
    numbers = dict.fromkeys(owner.partition(":")[0] for owner in marks)
    by = ", ".join(f"#{one}" for one in numbers if one.isdigit()) or "an operation"
    if all(mark is Mark.UNFINISHED for mark in marks.values()):
        return f"{by[0].upper()}{by[1:]} had failed midway. {settled.words}"
    return f"A worker that had stalled for too long continued {by}. {settled.words}"


def _is_changing(operation: Operation, where: ServiceRef) -> bool:
    change = operation.request.facts.service_change
    if change is None or change.service != where:
        return False
    is_next = operation.state is State.QUEUED and operation.stage in _OF_ITS_OWN
    return is_next or operation.state in (State.RUNNING, State.BAKING)
