"""One Docker engine as a target: each version of a service is a container, made beside the old one.

Two containers cannot publish one port, so a switch has a gap. For most health checks it is short:
the new container is healthy before the old one leaves the port. Where the check needs a way out to
the network, the new one can only be checked on the port, after the old one has stopped.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from quaymaster.errors import NotFound, Problem, QuaymasterError, Unhealthy
from quaymaster.plans import Change
from quaymaster.progress import Progress
from quaymaster.target import ServiceRef
from workers.docker.engine import Engine
from workers.outside.best_effort import cleaning_up_after
from workers.targets.docker_host.as_observed import as_observed, as_version
from workers.targets.docker_host.candidates import ContainerSpec, create_candidate
from workers.targets.docker_host.container_log import log_tail
from workers.targets.docker_host.containers import (
    Container,
    ContainerRole,
    ServiceState,
    look,
    observe,
    refreshed,
)
from workers.targets.docker_host.health import ask_port, refuse_ended, unhealthy, wait_until_healthy
from workers.targets.docker_host.held_image import Login, bring_image
from workers.targets.docker_host.host_paths import expect_within
from workers.targets.docker_host.moves import prune, taken_port
from workers.targets.docker_host.settle import settle
from workers.targets.docker_host.switch import (
    SwitchResult,
    find_retained,
    prepare_on_port,
    renamed,
    retire,
    start_candidate,
    switch,
    switch_on_port,
    withdraw,
)
from workers.targets.observed import Observed, Version
from workers.targets.rendering import Values, workload_fingerprint
from workers.targets.target import Live, Objection, Staged, Work


@dataclass(frozen=True, slots=True)
class StagedContainer(Staged):
    """The new container, and the one whose place it is to take."""

    old: Container | None
    candidate: Container
    kept_name: str = ""
    """What the container was called before it was staged, where it had been retained."""


@dataclass(frozen=True, slots=True)
class DockerHostTarget:
    """The services of one Docker engine."""

    engine: Engine
    login: Login
    allowed_paths: Sequence[str] = ()
    """The directories of the host that services may mount."""

    def observe(self, service: ServiceRef, probe: Work | None = None) -> Observed:
        """See ``Target.observe``."""
        state = observe(self.engine, service)
        return as_observed(state, self._unhealthy(state, probe) if probe else None)

    def objections(self, change: Change) -> tuple[Objection, ...]:
        """A port that another container has taken."""
        known = {one.id for one in observe(self.engine, change.service_ref).containers}
        taken = taken_port(self.engine, change.workload.ports, known)
        if taken is None:
            return ()
        port, name = taken
        return (Objection(f"Port {port.host_port} is taken by the container {name}."),)

    def stage(self, change: Change, values: Values, work: Work) -> StagedContainer:
        """See ``Target.stage``. Raises NotAllowed for a volume that must not be mounted."""
        state = observe(self.engine, change.service_ref)
        image_id = bring_image(self.engine, change, self.login, work)
        self._expect_volumes(change, work)
        spec = _spec(change, values, image_id, work)
        kept = _kept(change, values, state, image_id)
        if kept is None:
            candidate = self._created(spec, work)
        else:
            try:
                candidate = self._started_again(kept, spec.name, work)
            except QuaymasterError as error:
                self._give_turn_back(kept, kept.name, work, error)
                raise
        return StagedContainer(
            change, as_observed(state), state.serving, candidate, kept.name if kept else ""
        )

    def commit(self, staged: Staged, work: Work) -> Live:
        """See ``Target.commit``."""
        own = _own(staged)
        try:
            switched = self._switched(own, work)
        except QuaymasterError as error:
            if own.kept_name:
                self._give_turn_back(own.candidate, own.kept_name, work, error)
            raise
        return Live(as_version(switched.serving), switched.gap_seconds)

    def discard(self, staged: Staged, work: Work) -> None:
        """See ``Target.discard``."""
        own = _own(staged)
        container = look(self.engine, own.candidate.id)
        if container is None or container.role in (ContainerRole.SERVING, ContainerRole.DETACHED):
            return
        if container.has_been_released and not own.kept_name:
            return
        if container.role is not ContainerRole.RETAINED:
            withdraw(self.engine, container, work)
        if own.kept_name:
            with suppress(NotFound):
                renamed(self.engine, refreshed(self.engine, container), own.kept_name, work)

    def restore(self, before: Observed, work: Work) -> Live:
        """See ``Target.restore``."""
        state = observe(self.engine, before.service)
        uncancelled = _Uncancelled(work)
        if before.serving is None:
            self._take_off(state, uncancelled)
            return Live(None, 0.0)
        wanted = _find(state, before.serving)
        if wanted is None:
            raise NotFound(
                f"{before.serving.name} is gone from {self.engine.name}.",
                why="Somebody removed it.",
            )
        if wanted.role is ContainerRole.SERVING:
            return Live(as_version(wanted), 0.0)
        switched = self._back_to(wanted, state.serving, uncancelled)
        return Live(as_version(switched.serving), switched.gap_seconds)

    def settle(self, service: ServiceRef, work: Work) -> Observed:
        """See ``Target.settle``."""
        return as_observed(settle(self.engine, service, work))

    def retire(self, service: ServiceRef, keep: int, drain: float, work: Work) -> None:
        """See ``Target.retire``."""
        state = observe(self.engine, service)
        if state.serving is None:
            return
        for container in state.with_role(ContainerRole.DETACHED, ContainerRole.STOPPED):
            retire(self.engine, container, drain, work)
        prune(self.engine, service, keep, work)

    def logs(self, service: ServiceRef, lines: int, since: datetime | None) -> Iterator[str]:
        """See ``Target.logs``."""
        serving = observe(self.engine, service).serving
        if serving is not None:
            yield from log_tail(self.engine, serving.id, lines, since=since)

    def _unhealthy(self, state: ServiceState, probe: Work) -> Problem | None:
        serving = state.serving
        if serving is None:
            return None
        try:
            refuse_ended(self.engine, serving, serving.health_check, probe.secrets)
            answer = ask_port(self.engine, serving)
            if not answer.is_fine:
                raise unhealthy(
                    self.engine, serving, f"In its bake window {answer.words}.", probe.secrets
                )
        except Unhealthy as error:
            return error.problem
        return None

    def _expect_volumes(self, change: Change, work: Work) -> None:
        """What it mounts of the host is within what is allowed, by the host's own files."""
        expect_within(
            self.engine,
            change.service_ref,
            change.image,
            change.workload.volumes,
            self.allowed_paths,
            work,
        )

    def _created(self, spec: ContainerSpec, work: Work) -> Container:
        if spec.configuration.health.outbound:
            return prepare_on_port(self.engine, spec, work)
        work.report(Progress("starting the new container"))
        candidate = create_candidate(self.engine, spec, work)
        with self._put_away_if_it_fails(candidate, work):
            wait_until_healthy(self.engine, candidate, candidate.health_check, work)
        return candidate

    def _started_again(self, kept: Container, name: str, work: Work) -> Container:
        container = renamed(self.engine, kept, name, work)
        if container.health_check.outbound:
            with self._put_away_if_it_fails(container, work):
                return prepare_on_port(self.engine, container, work)
        work.report(Progress("starting the new container"))
        return self._revived(container, work)

    def _revived(self, kept: Container, work: Work) -> Container:
        with self._put_away_if_it_fails(kept, work):
            candidate = start_candidate(self.engine, kept, work)
            wait_until_healthy(self.engine, candidate, candidate.health_check, work)
        return candidate

    @contextmanager
    def _put_away_if_it_fails(self, container: Container, work: Work) -> Iterator[None]:
        try:
            yield
        except QuaymasterError as error:
            with cleaning_up_after(error):
                withdraw(self.engine, container, work)
            raise

    def _switched(self, staged: StagedContainer, work: Work) -> SwitchResult:
        if staged.candidate.health_check.outbound:
            work.report(Progress("replacing the container on its port"))
            return switch_on_port(self.engine, staged.old, staged.candidate, work)
        with self._put_away_if_it_fails(staged.candidate, work):
            work.commit_point()
        work.report(Progress("switching"))
        return switch(self.engine, staged.old, staged.candidate, work)

    def _give_turn_back(
        self, container: Container, name: str, work: Work, error: QuaymasterError
    ) -> None:
        """Whoever goes on with this change must not find its turn taken, and several hosts call a
        version they retain by one turn.
        """
        with cleaning_up_after(error):
            renamed(self.engine, refreshed(self.engine, container), name, work)

    def _back_to(self, wanted: Container, serving: Container | None, work: Work) -> SwitchResult:
        if wanted.health_check.outbound:
            with self._put_away_if_it_fails(wanted, work):
                candidate = prepare_on_port(self.engine, wanted, work)
            return switch_on_port(self.engine, serving, candidate, work)
        return switch(self.engine, serving, self._revived(wanted, work), work)

    def _take_off(self, state: ServiceState, work: Work) -> None:
        for container in state.containers:
            if container.role is ContainerRole.CANDIDATE:
                withdraw(self.engine, container, work)
            elif container.role is not ContainerRole.RETAINED:
                retire(self.engine, container, container.drain, work)


@dataclass(frozen=True, slots=True)
class _Uncancelled:
    """The same work, which nobody can stop: going back is brought to its end."""

    work: Work

    @property
    def operation(self) -> int:
        return self.work.operation

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.work.secrets

    def report(self, progress: Progress) -> None:
        self.work.report(progress)

    def check(self) -> None:
        return

    def confirm(self) -> None:
        return

    def fence(self) -> None:
        self.work.fence()

    def commit_point(self) -> None:
        return


def _own(staged: Staged) -> StagedContainer:
    if not isinstance(staged, StagedContainer):
        raise TypeError("another target staged this")
    return staged


def _find(state: ServiceState, version: Version) -> Container | None:
    """By the engine's id, or by what it is: after a rollback it is called by another turn."""
    alike = [one for one in state.containers if one.image == version.image]
    by_identity = (one for one in alike if one.id == version.identity)
    by_turn = (one for one in alike if one.turn == version.turn)
    return next(by_identity, None) or next(by_turn, None)


def _kept(change: Change, values: Values, state: ServiceState, image_id: str) -> Container | None:
    """A stopped container to start again, where its secrets still are today's."""
    is_known = not (values.changed or values.incomparable)
    if change.restores is None or not is_known:
        return None
    workload = workload_fingerprint(change.workload)
    kept = find_retained(state, str(change.digest), workload)
    return kept if kept is not None and kept.image_id == image_id else None


def _spec(change: Change, values: Values, image_id: str, work: Work) -> ContainerSpec:
    return ContainerSpec(
        environment=change.environment,
        service=change.service,
        operation=work.operation,
        turn=change.turn,
        image=change.image,
        configuration=change.workload,
        values=values.environment,
        secrets=values.secrets,
        image_id=image_id,
    )
