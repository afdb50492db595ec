"""A change carried out on a Docker host: the new container in the place of the old one."""

from dataclasses import dataclass

from quaymaster.errors import HandedBack, QuaymasterError
from quaymaster.plans import Change
from quaymaster.progress import Progress
from workers.asides import beside
from workers.candidates import ContainerSpec, StillMine, configuration_fingerprint, create_candidate
from workers.containers import Container, ServiceState, refreshed
from workers.engine import Engine
from workers.health import wait_until_healthy
from workers.rendering import Values
from workers.running import LeaseLost, Running
from workers.switch import (
    Switched,
    find_kept,
    put_away,
    recreate_on_port,
    renamed,
    retire,
    revive,
    switch,
)


@dataclass(frozen=True, slots=True)
class Replacement:
    """One change of one service, under its lease."""

    change: Change
    state: ServiceState
    values: Values
    engine: Engine
    still_mine: StillMine
    running: Running
    image_id: str
    """The engine's id of the image, which was proved to be that of the plan."""

    def carry_out(self) -> Switched:
        """Put the new container in the place of the old one."""
        kept = self._kept()
        way = self._recreate if self.change.workload.health.outbound else self._beside
        try:
            return way(kept)
        except HandedBack as back:
            if kept is not None:
                # Whoever goes on with this plan must not find its turn taken.
                with beside(back):
                    again = refreshed(self.engine, kept)
                    renamed(self.engine, again, kept.name, self.still_mine)
            raise

    def retire(self, old: Container, keep: int) -> bool:
        """Stop the old container and keep it; whether that is done. The new one serves already:
        what fails here is not this deploy's failure, and a look at the service finishes it. Raises
        LeaseLost.
        """
        drain = self.change.workload.drain
        try:
            retire(self.engine, old, drain, keep, self.still_mine)
        except LeaseLost:
            raise
        except QuaymasterError as error:
            self.running.report(Progress(f"the old container stays for now: {error.trouble.what}"))
            return False
        return True

    def _beside(self, kept: Container | None) -> Switched:
        self.running.report(Progress("starting the new container"))
        if kept is None:
            candidate = create_candidate(self.engine, self._spec(), self.still_mine)
        else:
            candidate = revive(self.engine, self._renamed(kept), self.still_mine)
        try:
            wait_until_healthy(
                self.engine,
                candidate,
                self.change.workload.health,
                self.running.report,
                self.running.check,
                self.values.secrets,
            )
            self.running.no_return()
        except QuaymasterError as error:
            with beside(error):
                put_away(self.engine, candidate, self.still_mine)
            raise
        self.running.report(Progress("switching"))
        old = self.state.serving
        return switch(self.engine, old, candidate, self.still_mine, self.values.secrets)

    def _recreate(self, kept: Container | None) -> Switched:
        self.running.report(Progress("replacing the container on its port"))
        return recreate_on_port(
            self.engine,
            self.state.serving,
            self._renamed(kept) if kept else self._spec(),
            self.running.report,
            self.running.check,
            self.still_mine,
            self.values.secrets,
        )

    def _kept(self) -> Container | None:
        """A stopped container to start again, where its secrets still are today's."""
        is_known = not (self.values.changed or self.values.incomparable)
        if self.change.restores is None or not is_known:
            return None
        configuration = configuration_fingerprint(self.change.workload)
        kept = find_kept(self.state, str(self.change.digest), configuration)
        return kept if kept is not None and kept.image_id == self.image_id else None

    def _renamed(self, kept: Container) -> Container:
        return renamed(self.engine, kept, self._spec().name, self.still_mine)

    def _spec(self) -> ContainerSpec:
        return ContainerSpec(
            environment=self.change.environment,
            service=self.change.service,
            operation=self.running.operation.id,
            turn=self.change.turn,
            image=self.change.image,
            configuration=self.change.workload,
            values=self.values.environment,
            secrets=self.values.secrets,
            image_id=self.image_id,
        )
