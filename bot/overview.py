"""``help``, ``status`` and ``jobs``: read from the configuration and the record, told privately."""

import asyncio

from bot.answers import Answer
from bot.commands.help import HelpPage, help_text
from bot.database import Database
from bot.deciding import state_in_words
from bot.spelled import spelled
from bot.views import parts
from bot.views.parts import Bold, Code, Line, Person, When
from quaymaster.configuration import Configuration
from quaymaster.operations import Operation
from quaymaster.requests import DeployRequest, RollbackRequest
from quaymaster.store import records, releases
from quaymaster.store.releases import Release

_LATEST = 10
_MOST_OPEN = 30
_MOST_LOOKED_AT = 200


def help_answer(topic: str | None, command: str) -> Answer:
    """The commands, or one of them."""
    page: HelpPage = help_text(topic, command)
    lines: list[Line] = [(Code(line.usage), f" {line.meaning}") for line in page.lines]
    blocks = [parts.paragraph((Bold(page.title),)), parts.bullets(lines)]
    if page.examples:
        blocks.append(parts.paragraph(*((Code(example),) for example in page.examples)))
    if page.note:
        blocks.append(parts.paragraph(parts.prose(page.note)))
    return Answer(parts.message_text((page.title,), *lines), tuple(blocks))


class Overview:
    """What runs where, and which operations there are."""

    def __init__(self, database: Database, configuration: Configuration) -> None:
        self._database = database
        self._configuration = configuration

    async def status(self, environment: str | None) -> Answer:
        """The latest release of every service, and what is under way. Raises Unavailable."""
        wanted = [environment] if environment else list(self._configuration.environments)
        places = [
            (name, service)
            for name in wanted
            for service in self._configuration.environment(name).services
        ]
        found = await asyncio.gather(
            *(self._database.ask(releases.latest(*place, count=1)) for place in places)
        )
        latest = {
            place: release[0] for place, release in zip(places, found, strict=True) if release
        }
        open_ids = await self._open_ids()
        under_way = {
            _place(operation): operation
            for operation in reversed(await self._loaded(open_ids[:_MOST_LOOKED_AT]))
        }
        titles_and_rows = [
            (
                name,
                [
                    self._row(place, latest.get(place), under_way.get(place))
                    for place in places
                    if place[0] == name
                ],
            )
            for name in wanted
        ]
        if not titles_and_rows:
            return Answer.line("No environment is configured.")
        blocks = []
        lines: list[Line] = []
        for title, rows in titles_and_rows:
            blocks += [parts.paragraph((Bold(title),)), parts.bullets(rows)]
            lines += [(title,), *rows]
        return Answer(parts.message_text(*lines), tuple(blocks))

    async def jobs(self) -> Answer:
        """Operations that have not ended, and the latest that have. Raises Unavailable."""
        open_ids = await self._open_ids()
        running = await self._loaded(open_ids[:_MOST_OPEN])
        recent = await self._loaded(await self._database.ask(records.recent_ids(3 * _LATEST)))
        ended = [operation for operation in recent if operation.state.is_terminal][:_LATEST]
        sections = (
            (f"Under way ({len(open_ids)})", running, len(open_ids)),
            ("Ended lately", ended, len(ended)),
        )
        blocks = []
        lines: list[Line] = []
        for title, operations, total in sections:
            rows = [self._job(operation) for operation in operations] or [("nothing",)]
            if total > len(operations):
                rows.append((parts.more(total - len(operations)),))
            blocks += [parts.paragraph((Bold(title),)), parts.bullets(rows)]
            lines += [(title,), *rows]
        return Answer(parts.message_text(*lines), tuple(blocks))

    def _row(
        self, place: tuple[str, str], release: Release | None, under_way: Operation | None
    ) -> Line:
        line: Line = (Code(place[1]), " ")
        if release is None:
            line = (*line, "nothing released yet")
        else:
            image = str(release.image).removeprefix(f"{self._configuration.default_registry}/")
            line = (*line, Code(image), " since ", When(release.released_at))
            line = (*line, f" (#{release.id}, ", Person(release.released_by), ")")
        if under_way is not None:
            line = (*line, f" · #{under_way.id} is {state_in_words(under_way)}")
        return line

    def _job(self, operation: Operation) -> Line:
        words = spelled(operation.request, self._configuration.default_registry)
        return (
            f"#{operation.id} ",
            Code(words),
            f" · {state_in_words(operation)} · ",
            Person(operation.actor.user),
            " · ",
            When(operation.changed_at),
        )

    async def _open_ids(self) -> tuple[int, ...]:
        """Operations that have not ended, newest first."""
        ids = await self._database.ask(records.open_ids())
        return tuple(reversed(ids))

    async def _loaded(self, ids: tuple[int, ...]) -> list[Operation]:
        found = await asyncio.gather(*(self._database.ask(records.load(one)) for one in ids))
        return [stored.operation for stored in found if stored is not None]


def _place(operation: Operation) -> tuple[str, str] | None:
    match operation.request:
        case DeployRequest() | RollbackRequest() as request:
            return request.environment, request.service
        case _:
            return None
