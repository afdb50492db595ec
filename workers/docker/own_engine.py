"""Checks, before anything is done on a host, that the engine is that host's.

The host's name is bound to the engine's own ID: by `engine_id` in the configuration, or else by the
first worker that used it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import QuaymasterError
from quaymaster.host_engines import id_of, not_as_before, not_as_pinned, not_recorded, same_as
from quaymaster.queues import host_queue
from quaymaster.signing_key import Keys
from quaymaster.store import host_engines
from quaymaster.store.host_engines import HostEngines
from quaymaster.store.transactions import Connection, ask, perform
from workers.docker.engine import Engine

log = structlog.get_logger(__name__)

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Owner:
    """Distinguishes the engines of hosts, and remembers them."""

    configuration: Configuration
    connection: Connection
    keys: Keys

    def expect(self, engine: Engine) -> None:
        """Raise WrongEngine unless this is the engine of the host that it is named after.

        One that is used for the first time is recorded. Raises Forged if the stored engine was not
        signed by a worker of the host, and Unavailable.
        """
        host, found = engine.name, id_of(engine.information(), engine.name)
        if (pinned := self.configuration.host(host).engine_id) is not None:
            if pinned != found:
                raise not_as_pinned(host, pinned, found)
            return
        for _ in range(_TRIES):
            before = ask(self.connection, host_engines.known(self.keys.ring))
            if (recorded := before.of(host)) is not None:
                if recorded.engine_id != found:
                    raise not_as_before(recorded, found)
                return
            self._expect_of_no_other(host, found, before)
            if self._record(before, host, found, "engine found"):
                log.info("engine found", host=host, engine=found)
                return
        raise not_recorded(host)

    def accept(self, engine: Engine) -> str:
        """From now on this is the engine of the host, whatever was before; its ID. Raises
        WrongEngine for one that is pinned to another.
        """
        host, found = engine.name, id_of(engine.information(), engine.name)
        if (pinned := self.configuration.host(host).engine_id) not in (None, found):
            raise not_as_pinned(host, str(pinned), found)
        for _ in range(_TRIES):
            before = ask(self.connection, host_engines.known(self.keys.ring))
            if self._record(before, host, found, "engine accepted"):
                return found
        raise not_recorded(host)

    def _expect_of_no_other(self, host: str, engine_id: str, before: HostEngines) -> None:
        """Where several hosts have no address, one DOCKER_HOST would be the engine of them all."""
        if self.configuration.host(host).docker is not None:
            return
        recorded = {one.host: one.engine_id for one in before.others(host)}
        pinned = {name: one.engine_id for name, one in self.configuration.hosts.items()}
        for name in self.configuration.hosts:
            if name != host and (pinned[name] or recorded.get(name)) == engine_id:
                raise same_as(host, name, engine_id)

    def _record(self, before: HostEngines, host: str, engine_id: str, what: str) -> bool:
        now = datetime.now(UTC)
        return perform(
            self.connection,
            host_engines.record(before, host, engine_id, now, self.keys.private, what),
        )


def queues_to_prove(owner: Owner, usual: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The queues of hosts that a worker may take that names none, and why it leaves the others.

    An address in the configuration says which engine is meant. ``usual``, this worker's
    DOCKER_HOST, says so where one host alone has no address; else the engine itself has to.
    """
    hosts = owner.configuration.hosts
    without = [name for name, one in hosts.items() if one.docker is None]
    taken, left = [], []
    for name, one in hosts.items():
        is_said = one.docker is not None or without == [name]
        why = "" if is_said else _why_not_proved(owner, name, usual)
        if why:
            left.append(f"{name}: {why}")
        else:
            taken.append(host_queue(name))
    return tuple(taken), tuple(left)


def _why_not_proved(owner: Owner, host: str, usual: str | None) -> str:
    try:
        pinned = owner.configuration.host(host).engine_id
        recorded = ask(owner.connection, host_engines.known(owner.keys.ring)).of(host)
        if pinned is None and recorded is None:
            return "nothing says that its engine is the one of this worker's DOCKER_HOST"
        with Engine.connect(usual, name=host) as engine:
            owner.expect(engine)
    except QuaymasterError as error:
        return error.problem.what
    return ""
