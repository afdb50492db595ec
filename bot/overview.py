"""``status`` and ``jobs``: read from the record, told privately."""

import asyncio
from collections import defaultdict

from bot.database import Database
from bot.deciding import loaded_if_readable, now
from bot.views.answers import JOBS_SHOWN, Answer, Jobs, ServiceStatus, jobs_answer, status_answer
from quaymaster.configuration import Configuration
from quaymaster.operations import Operation
from quaymaster.requests import DeployRequest, RollbackRequest
from quaymaster.store import records, releases

_ENDED_SHOWN = 10
_LOOKED_AT = 200


class Overview:
    """What runs where, and which operations there are."""

    def __init__(self, database: Database, configuration: Configuration, command: str) -> None:
        self._database = database
        self._configuration = configuration
        self._command = command

    async def status(self, environment: str | None) -> Answer:
        """The latest release of every service, and what is under way. Raises Unavailable."""
        places = [
            (name, service)
            for name in ([environment] if environment else self._configuration.environments)
            for service in self._configuration.environment(name).services
        ]
        found = await asyncio.gather(
            *(self._database.ask(releases.latest(*place, count=1)) for place in places)
        )
        at_work = await self._at_work()
        services = [
            ServiceStatus(*place, latest[0] if latest else None, tuple(at_work[place]))
            for place, latest in zip(places, found, strict=True)
        ]
        return status_answer(services, self._configuration, now(), self._command)

    async def jobs(self) -> Answer:
        """Operations that have not ended, and the latest that have. Raises Unavailable."""
        open_ids = await self._open_ids()
        recent = await self._loaded(await self._database.ask(records.recent_ids(3 * _ENDED_SHOWN)))
        jobs = Jobs(
            under_way=await self._loaded(open_ids[:JOBS_SHOWN]),
            under_way_total=len(open_ids),
            ended=tuple(one for one in recent if one.state.is_terminal)[:_ENDED_SHOWN],
        )
        return jobs_answer(jobs, self._configuration, now(), self._command)

    async def _at_work(self) -> defaultdict[tuple[str, str], list[Operation]]:
        """What is being done to which service of which environment, newest first."""
        found = defaultdict(list)
        for operation in await self._loaded((await self._open_ids())[:_LOOKED_AT]):
            match operation.request:
                case DeployRequest() | RollbackRequest() as request:
                    found[request.environment, request.service].append(operation)
                case _:
                    pass
        return found

    async def _open_ids(self) -> tuple[int, ...]:
        """Operations that have not ended, newest first."""
        ids = await self._database.ask(records.open_ids())
        return tuple(reversed(ids))

    async def _loaded(self, ids: tuple[int, ...]) -> tuple[Operation, ...]:
        found = await asyncio.gather(*(loaded_if_readable(self._database, one) for one in ids))
        return tuple(operation for operation in found if operation is not None)
