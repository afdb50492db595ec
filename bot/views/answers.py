"""Private answers to one person: help, problems, what runs where, and the list of operations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.commands.grammar import COMMAND
from bot.commands.help import HelpPage
from bot.views.buttons import CONFIRM
from bot.views.card_context import CardContext
from bot.views.headline import headline_of
from bot.views.parts import (
    CODE_LIMIT,
    Bold,
    Code,
    Inline,
    Line,
    Mention,
    When,
    bullets,
    buttons,
    clipped,
    clipped_middle,
    message_text,
    more,
    mrkdwn,
    paragraph,
    plain_button,
    prose,
)
from bot.views.results import problem_blocks, problem_lines
from bot.views.status import status_of
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Problem
from quaymaster.operations import Operation
from quaymaster.releases import Release

JOBS_SHOWN = 20
_SERVICES_SHOWN = 40
_STATUS_CHARACTERS = 10_000
"""Slack takes 12,000 in all blocks: https://github.com/slackapi/bolt-js/issues/2509"""
_HELP_SHOWN = 30


@dataclass(frozen=True, slots=True)
class PrivateAnswer:
    """A private answer: mrkdwn in which nothing from outside is markup, and as blocks if there is
    more to show.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    card_follows: bool = False
    """The card says the same and more, in the channel."""

    @classmethod
    def line(cls, *pieces: Inline) -> "PrivateAnswer":
        """One line."""
        return cls(message_text(pieces))


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What runs as a service, and what is being done to it."""

    environment: str
    service: str
    release: Release | None
    at_work: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Jobs:
    """Operations, newest first."""

    under_way: tuple[Operation, ...]
    under_way_total: int
    """Those that were not loaded included: more than ``JOBS_SHOWN`` are not shown."""
    ended: tuple[Operation, ...]


def help_answer(page: HelpPage) -> PrivateAnswer:
    """A page of help."""
    rows: list[Line] = [(Code(line.usage), f" {line.meaning}") for line in page.lines[:_HELP_SHOWN]]
    examples: list[Line] = [(Code(example),) for example in page.examples]
    blocks = [*_listed(rows, len(page.lines), (Bold(page.title),))]
    if examples:
        blocks.append(paragraph((Bold("For example"),), *examples))
    if page.note:
        blocks.append(paragraph(prose(page.note)))
    return PrivateAnswer(
        message_text((page.title,), *rows, *examples, prose(page.note)), tuple(blocks)
    )


def problem_answer(problem: Problem) -> PrivateAnswer:
    """Wrong words, a refusal, a failure: what, why, what to do next."""
    return PrivateAnswer(message_text(*problem_lines(problem)), problem_blocks(problem))


def clarification_answer(title: str, until: datetime, value: str) -> PrivateAnswer:
    """Asks whether a message was meant as a command, with the button that starts it."""
    return _with_button((Bold(f"{title}?"),), (), until, value)


def suggestion_answer(line: str, problem: Problem, until: datetime, value: str) -> PrivateAnswer:
    """The command that a line probably means, with the button that starts it, and what is wrong
    with the line.
    """
    why = " ".join(part for part in (problem.what, problem.why) if part)
    return _with_button(("Did you mean ", *_whole(line), "?"), prose(why), until, value)


def _whole(line: str) -> Line:
    """A command, never shortened, because its end names what it acts on."""
    if len(line) <= CODE_LIMIT:
        return (Code(line),)
    pieces: list[Inline] = []
    for word in line.split():
        pieces += [" "] if pieces else []
        pieces += [Code(word[at : at + CODE_LIMIT]) for at in range(0, len(word), CODE_LIMIT)]
    return tuple(pieces)


def _with_button(question: Line, why: Line, until: datetime, value: str) -> PrivateAnswer:
    how: Line = ("Nothing has been started yet. The button works until ", When(until), ".")
    lines = [line for line in (question, why, how) if line]
    blocks = (paragraph(*lines), *buttons(plain_button("Yes, do it", CONFIRM, value)))
    return PrivateAnswer(message_text(*lines), blocks)


def status_answer(
    services: Sequence[ServiceStatus],
    configuration: Configuration,
    now: datetime,
    command: str = COMMAND,
    at_most: int = _SERVICES_SHOWN,
) -> PrivateAnswer:
    """What runs where, by environment, in the order given; at most so many services, and as many
    as a message has room for.
    """
    if not services:
        summary: Line = ("No service is configured.",)
        return PrivateAnswer(message_text(summary), (paragraph(summary),))
    context = AnswerContext(configuration, now, command)
    by_environment: dict[str, list[Line]] = {}
    room = _STATUS_CHARACTERS
    for service in services[:at_most]:
        row = _service_row(service, context)
        room -= len(mrkdwn(row)) + len(clipped(service.environment, 60))
        if room < 0:
            break
        by_environment.setdefault(service.environment, []).append(row)
    blocks: list[Block] = []
    lines: list[Line] = []
    for environment, rows in by_environment.items():
        title: Line = (Bold(clipped(environment, 60)),)
        blocks.append(bullets(rows, title=title))
        lines += [title, *rows]
    left = len(services) - sum(map(len, by_environment.values()))
    if left:
        hint: Line = (Code(f"{command} status ENVIRONMENT"), " shows one environment")
        rest: Line = (f"{more(left)}: ", *hint)
        blocks.append(paragraph(rest))
        lines.append(rest)
    return PrivateAnswer(message_text(*lines), tuple(blocks))


def jobs_answer(
    jobs: Jobs, configuration: Configuration, now: datetime, command: str = COMMAND
) -> PrivateAnswer:
    """Operations that have not ended, and the latest that have."""
    context = AnswerContext(configuration, now, command)
    blocks: list[Block] = []
    lines: list[Line] = []
    for title, operations, total in (
        ("In progress", jobs.under_way, jobs.under_way_total),
        ("Recent", jobs.ended, len(jobs.ended)),
    ):
        rows = [_job_row(context.of(operation)) for operation in operations[:JOBS_SHOWN]]
        head: Line = (Bold(f"{title}: {total}" if total else f"Nothing {title.lower()}"),)
        blocks += _listed(rows, total, head)
        lines += [head, *rows]
    return PrivateAnswer(message_text(*lines), tuple(blocks))


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What all operations of one answer are seen with."""

    configuration: Configuration
    now: datetime
    command: str

    def of(self, operation: Operation) -> CardContext:
        """One of them."""
        return CardContext(operation, self.configuration, self.now, self.command)


def _listed(rows: Sequence[Line], total: int, title: Line) -> Iterable[Block]:
    rest: list[Line] = [(more(total - len(rows)),)] if total > len(rows) else []
    return (bullets([*rows, *rest], title=title),)


def _service_row(status: ServiceStatus, context: AnswerContext) -> Line:
    line: Line = (Code(clipped(status.service, 40)), " ")
    release = status.release
    if release is None:
        line = (*line, "nothing released yet")
    else:
        name = release.image.familiar(context.configuration.default_registry)
        line = (*line, Code(clipped_middle(name, 90)), " since ", When(release.released_at))
        line = (*line, f" · #{release.id} · ", Mention(release.released_by))
    for operation in status.at_work[:2]:
        now = status_of(context.of(operation))
        line = (*line, f" · {now.emoji} #{operation.id} {now.word}")
    return line


def _job_row(context: CardContext) -> Line:
    operation = context.operation
    now = status_of(context)
    title = headline_of(operation.request, context.configuration.default_registry)
    who: Line = (" · ", Mention(operation.requester), " · ", When(operation.changed_at))
    return (f"{now.emoji} #{operation.id} {title} · {clipped(now.word, 60)}", *who)
