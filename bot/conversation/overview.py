"""``status`` and ``jobs``: read from the records, answered privately."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass

import structlog

from bot.conversation.deciding import loaded_if_readable, now
from bot.database.database import Database
from bot.views.answers import (
    JOBS_SHOWN,
    Jobs,
    PrivateAnswer,
    ServiceStatus,
    jobs_answer,
    status_answer,
)
from quaymaster.configuration.in_use import ConfigurationInUse, Configured
from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation
from quaymaster.queues import target_queue
from quaymaster.releases import Release
from quaymaster.store import records, releases
from quaymaster.target import ServiceRef

log = structlog.get_logger(__name__)

_ENDED_SHOWN = 10
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class OpenOperations:
    """Operations that have not ended, newest first."""

    operations: tuple[Operation, ...]
    """At most the requested number."""
    total: int


class Overview(Configured):
    """What runs where, and which operations there are."""

    def __init__(
        self, database: Database, in_use: ConfigurationInUse, command: str, ring: KeyRing
    ) -> None:
        super().__init__(in_use)
        self._database = database
        self._command = command
        self._ring = ring

    async def status(self, environment: str | None) -> PrivateAnswer:
        """The latest release of every service, and what is under way. Raises Unavailable."""
        services = await self.services(await self.open_operations(), environment)
        return status_answer(services, self._configuration, now(), self._command)

    async def jobs(self) -> PrivateAnswer:
        """Operations that have not ended, and the latest that have. Raises Unavailable."""
        jobs = await self.listed(await self.open_operations(JOBS_SHOWN))
        return jobs_answer(jobs, self._configuration, now(), self._command)

    async def open_operations(self, at_most: int = _LOOKED_AT) -> OpenOperations:
        """What has not ended. Raises Unavailable."""
        oldest_first = await self._database.ask(records.open_ids())
        ids = tuple(reversed(oldest_first))
        return OpenOperations(await self._loaded(ids[:at_most]), len(ids))

    async def services(
        self, unended: OpenOperations, environment: str | None = None
    ) -> tuple[ServiceStatus, ...]:
        """Every service, of one environment or of all. Raises Unavailable."""
        places = [
            ServiceRef(name, service)
            for name in ([environment] if environment else self._configuration.environments)
            for service in self._configuration.environment(name).services
        ]
        releases = await asyncio.gather(*(self._latest(place) for place in places))
        at_work = _at_work(unended.operations)
        return tuple(
            ServiceStatus(*place.place, latest, tuple(at_work[place]))
            for place, latest in zip(places, releases, strict=True)
        )

    async def listed(self, unended: OpenOperations) -> Jobs:
        """What has not ended, and the latest that has. Raises Unavailable."""
        recent = await self._loaded(await self._database.ask(records.recent_ids(3 * _ENDED_SHOWN)))
        return Jobs(
            under_way=unended.operations[:JOBS_SHOWN],
            under_way_total=unended.total,
            ended=tuple(one for one in recent if one.state.is_terminal)[:_ENDED_SHOWN],
        )

    async def _latest(self, service: ServiceRef) -> Release | None:
        """The newest release. One that cannot be believed must not hide the other services."""
        queue = target_queue(self._configuration.target_of(service.environment))
        query = releases.latest(service, self._ring, queue, count=1)
        try:
            release = await self._database.ask(query)
        except (Forged, WrittenByNewer):
            log.exception("release cannot be read", service=str(service))
            return None
        return release[0] if release else None

    async def _loaded(self, ids: tuple[int, ...]) -> tuple[Operation, ...]:
        operations = await asyncio.gather(
            *(loaded_if_readable(self._database, one, self._ring) for one in ids)
        )
        return tuple(operation for operation in operations if operation is not None)


def _at_work(operations: tuple[Operation, ...]) -> defaultdict[ServiceRef, list[Operation]]:
    """The operations under way on each service of each environment, in their order."""
    by_service = defaultdict(list)
    for operation in operations:
        change = operation.request.facts.service_change
        if change is not None:
            by_service[change.service].append(operation)
    return by_service
