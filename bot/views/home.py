"""The Home tab of one person: what waits for them, what runs where, what is under way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.commands.grammar import COMMAND, VERBS
from bot.views.answers import Jobs, PrivateAnswer, ServiceStatus, jobs_answer, status_answer
from bot.views.buttons import REFRESH
from bot.views.card import vote_blocks
from bot.views.card_context import CardContext
from bot.views.headline import headline_of
from bot.views.parts import (
    Channel,
    Code,
    Line,
    When,
    bullets,
    buttons,
    headline,
    more,
    paragraph,
    plain_button,
    rule,
    said,
    small_print,
)
from bot.views.results import problem_blocks
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Problem
from quaymaster.operations import Operation

VOTES_SHOWN = 5
"""With their plans and buttons: eight blocks each, and a view has at most a hundred
(https://docs.slack.dev/reference/views/home-tab-views)."""
_VOTES_NAMED = 10
_WHERE_TO_START = ", in a channel that the bot is in or here under Messages."
_SERVICES_SHOWN = 25


@dataclass(frozen=True, slots=True)
class HomeContent:
    """What one person's Home tab is about."""

    waiting: tuple[Operation, ...]
    """What they may vote on and have not yet, in the order that it is shown in."""
    services: tuple[ServiceStatus, ...]
    jobs: Jobs


@dataclass(frozen=True, slots=True)
class HomeContext:
    """What a Home tab is drawn with."""

    configuration: Configuration
    now: datetime
    command: str = COMMAND

    def of(self, operation: Operation) -> CardContext:
        """One operation on it."""
        return CardContext(operation, self.configuration, self.now, self.command)


def home_blocks(
    content: HomeContent, context: HomeContext, notice: PrivateAnswer | None = None
) -> tuple[Block, ...]:
    """The whole tab; ``notice`` says what came of a click on it."""
    where = (content.services, context.configuration, context.now, context.command)
    return (
        *_notice_blocks(notice),
        *_waiting_blocks(content.waiting, context),
        rule(),
        headline("What runs where"),
        *status_answer(*where, at_most=_SERVICES_SHOWN).blocks,
        rule(),
        headline("Operations"),
        *jobs_answer(content.jobs, context.configuration, context.now, context.command).blocks,
        rule(),
        headline("How to start"),
        bullets(list(_first_steps(context))),
        paragraph(("With ", Code(context.command), _WHERE_TO_START)),
        *_end(context),
    )


def home_problem_blocks(
    problem: Problem, context: HomeContext, notice: PrivateAnswer | None = None
) -> tuple[Block, ...]:
    """The tab without content: for people who may not look, or while Redis cannot be reached."""
    said_already = notice is not None and notice.blocks == problem_blocks(problem)
    return (
        *(() if said_already else _notice_blocks(notice)),
        *problem_blocks(problem),
        *_end(context),
    )


def _notice_blocks(notice: PrivateAnswer | None) -> tuple[Block, ...]:
    if notice is None:
        return ()
    return (*(notice.blocks or (said(notice.text),)), rule())


def _waiting_blocks(waiting: Sequence[Operation], context: HomeContext) -> tuple[Block, ...]:
    if not waiting:
        return (headline("Nothing is waiting for you"),)
    blocks: list[Block] = [headline(f"Waiting for your vote: {len(waiting):,}")]
    for number, operation in enumerate(waiting[:VOTES_SHOWN]):
        blocks += [*([rule()] if number else []), *vote_blocks(context.of(operation))]
    rest = waiting[VOTES_SHOWN:]
    if rest:
        rows = [_named(operation, context) for operation in rest[:_VOTES_NAMED]]
        if len(rest) > len(rows):
            rows.append((more(len(rest) - len(rows)),))
        blocks += [rule(), bullets(rows, title=("Also waiting for your vote:",))]
    return tuple(blocks)


def _named(operation: Operation, context: HomeContext) -> Line:
    title = headline_of(operation.request, context.configuration.default_registry)
    line: Line = (f"#{operation.id} {title} · ", Code(f"{context.command} approve {operation.id}"))
    asked_in = operation.approval.rule.channel if operation.approval is not None else None
    return (*line, " · see ", Channel(asked_in or operation.origin.channel))


def _first_steps(context: HomeContext) -> Iterator[Line]:
    """Commands with names from the configuration, where it has services."""
    repository, environment = _first_service(context.configuration)
    for name, words in (
        ("status", "status"),
        ("tags", f"tags {repository}"),
        ("deploy", f"deploy {repository}:TAG to {environment}"),
        ("help", "help"),
    ):
        yield Code(f"{context.command} {words}"), f" {VERBS[name].summary}"


def _first_service(configuration: Configuration) -> tuple[str, str]:
    for environment, entry in configuration.environments.items():
        for service in entry.services.values():
            return service.image.familiar(configuration.default_registry), environment
    return "REPOSITORY", "ENVIRONMENT"


def _end(context: HomeContext) -> tuple[Block, ...]:
    line: Line = ("As of ", When(context.now), ". This tab refreshes each time you open it.")
    return (*buttons(plain_button("Refresh", REFRESH)), small_print(line))
