"""Everything that should be in Slack for an operation: its card, and what belongs to it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from slack_sdk.models.blocks import Block, ButtonElement

from bot.commands.grammar import COMMAND
from bot.slack.rates import Urgency
from bot.views import inspected as inspection
from bot.views.alert import alert_messages
from bot.views.amounts import bar, counted, duration, size
from bot.views.answers import PrivateAnswer
from bot.views.approval import change_lines, image_lines, plan_blocks, verdict_line, vote_lines
from bot.views.buttons import Button, Pointer
from bot.views.card_context import CardContext
from bot.views.findings import finding_rows
from bot.views.headline import headline_of
from bot.views.messages import FindingsFile, Message, TextFile
from bot.views.outcomes import view_of
from bot.views.parts import (
    Code,
    Confirmation,
    Line,
    Mention,
    When,
    bullets,
    button,
    buttons,
    cleaned,
    dotted,
    headline,
    is_log_cut,
    message_text,
    paragraph,
    small_print,
)
from bot.views.results import FINDINGS_SHOWN
from bot.views.status import status_of
from quaymaster.actors import SlackUser
from quaymaster.approvals import Approval
from quaymaster.configuration.configuration import Configuration
from quaymaster.findings import Blocked, ScannerDatabase
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Failed, Inspected, Outcome, Scanned
from quaymaster.plans import Plan
from quaymaster.progress import Progress
from quaymaster.spelling import listed


def operation_messages(
    operation: Operation,
    configuration: Configuration,
    now: datetime,
    command: str = COMMAND,
) -> tuple[Message, ...]:
    """What should be in Slack for an operation, now. An accepted one shows nothing yet; one of the
    product's own that belongs to no channel never does.

    One that was refused before it started is told to the requester alone: it never had a card.
    """
    context = CardContext(operation, configuration, now, command)
    if operation.state is State.ACCEPTED or not operation.origin.channel:
        return ()
    person = _told_alone(operation)
    if person is not None:
        return (_private(context, person),)
    card = Message(
        slot="card",
        subject=operation.subject,
        channel=operation.origin.channel,
        text=message_text(*_text_lines(context)),
        blocks=_card_blocks(context),
        thread=operation.origin.thread,
        urgency=_urgency(operation),
    )
    return (card, *_approval_copy(context), *_belonging(context))


def vote_blocks(context: CardContext) -> tuple[Block, ...]:
    """What those who decide see of an operation, with their buttons: at most eight blocks while it
    waits for approval.
    """
    return _vote_blocks(_quiet(context))


def plan_answer(context: CardContext) -> PrivateAnswer:
    """The plan and its buttons, for who typed that they approve it: they see what they vote on."""
    return PrivateAnswer(message_text(*_text_lines(_quiet(context))), vote_blocks(context))


def is_cancellable(operation: Operation) -> bool:
    """Whether a Cancel button makes sense: it still waits or works, and has not switched."""
    return (
        operation.state in (State.QUEUED, State.RUNNING, State.SCANNING, State.RETURNED)
        and operation.stage not in (Stage.VERIFY, Stage.RECOVER)
        and not (operation.state is State.RUNNING and operation.cancel_asked_by is not None)
        and not operation.is_committed
        and operation.interim is None
    )


def _told_alone(operation: Operation) -> SlackUser | None:
    """The requester of what was refused before it started; None where everybody sees a card."""
    is_early = operation.state is State.REFUSED and operation.started_at is None
    return operation.person if is_early else None


def _private(context: CardContext, person: SlackUser) -> Message:
    operation = context.operation
    return Message(
        slot="private",
        subject=operation.subject,
        channel=operation.origin.channel,
        text=message_text(*_text_lines(context)),
        blocks=(
            headline(_title(context)),
            paragraph(status_of(context).line),
            *_outcome_blocks(operation.outcome, context),
        ),
        only_for=person.user,
        thread=operation.origin.thread,
        urgency="ended",
    )


def _card_blocks(context: CardContext) -> tuple[Block, ...]:
    operation = context.operation
    return (*_body(context), *buttons(*_decisions(context), *_cancel(operation)), _footer(context))


def _approval_copy(context: CardContext) -> tuple[Message, ...]:
    """The request in the channel of the approvers, and afterwards what became of it."""
    operation = context.operation
    approval = operation.approval
    if approval is None or approval.rule.needed < 1:
        return ()
    if approval.rule.channel is None or approval.rule.channel == operation.origin.channel:
        return ()
    quiet = _quiet(context)
    return (
        Message(
            slot="approval",
            subject=operation.subject,
            channel=approval.rule.channel,
            text=message_text(*_text_lines(quiet)),
            blocks=_vote_blocks(quiet),
            urgency="ended" if operation.state.is_terminal else "changed",
        ),
    )


def _vote_blocks(quiet: CardContext) -> tuple[Block, ...]:
    return (*_body(quiet), *buttons(*_decisions(quiet)), _footer(quiet))


def _quiet(context: CardContext) -> CardContext:
    """For those who decide: no bar, which would cost an update each time, and no log."""
    outcome = context.operation.outcome
    if isinstance(outcome, Failed):
        outcome = replace(outcome, trouble=replace(outcome.trouble, log_tail=()))
    return replace(context, operation=replace(context.operation, progress=None, outcome=outcome))


def _body(context: CardContext) -> tuple[Block, ...]:
    """What, how it stands, what came of it, what it is about, who agreed: in this order."""
    operation = context.operation
    about = (*_plan(context), *_examined(operation))
    votes = _votes(context)
    return (
        headline(_title(context)),
        paragraph(status_of(context).line, *_progress_lines(operation)),
        *_outcome_blocks(operation.outcome or operation.interim, context),
        *((paragraph(*votes),) if votes else ()),
        *about,
    )


def _belonging(context: CardContext) -> Iterator[Message]:
    """Alerts, and files in the card's thread."""
    outcome = context.operation.outcome
    if isinstance(outcome, Scanned):
        yield from alert_messages(outcome, context)
        is_cut = outcome.total > min(FINDINGS_SHOWN, len(outcome.worst))
        if is_cut and outcome.database is not None:
            file = _findings_file(outcome, outcome.database, context)
            yield _file(context, "findings", file)
    if isinstance(outcome, Inspected) and inspection.is_cut(outcome):
        content = inspection.everything(outcome)
        name = f"inspect-{context.operation.id}.txt"
        yield _file(
            context, "details", TextFile(name, f"#{context.operation.id}: full details", content)
        )
    if isinstance(outcome, Failed) and is_log_cut(outcome.trouble.log_tail):
        content = "\n".join([*map(cleaned, outcome.trouble.log_tail), ""])
        name = f"log-{context.operation.id}.txt"
        yield _file(context, "log", TextFile(name, f"#{context.operation.id}: log", content))


def _findings_file(
    scanned: Scanned, database: ScannerDatabase, context: CardContext
) -> FindingsFile:
    total = counted(scanned.total, "finding")
    return FindingsFile(
        f"findings-{scanned.digest.short}.txt",
        f"{total} in {cleaned(context.image(scanned.image))}"[:200],
        scanned.digest,
        database.version,
        scanned.where if scanned.where != "registry" else None,
    )


def _file(context: CardContext, slot: str, file: FindingsFile | TextFile) -> Message:
    return Message(
        slot=slot,
        subject=context.operation.subject,
        channel=context.operation.origin.channel,
        text=message_text((file.title,)),
        reply_to="card",
        file=file,
    )


def _title(context: CardContext) -> str:
    return headline_of(context.operation.request, context.configuration.default_registry)


def _text_lines(context: CardContext) -> tuple[Line, ...]:
    operation = context.operation
    now = status_of(context)
    outcome = operation.outcome or operation.interim
    share = operation.progress.share if operation.progress is not None else None
    is_running = operation.state is State.RUNNING and share is not None
    return (
        (f"{now.emoji} {_title(context)} (#{operation.id})",),
        (now.word, *now.rest, *((f" · {int((share or 0) * 100)} %",) if is_running else ())),
        *((view_of(outcome, context).summary,) if outcome is not None else ()),
        *(() if _told_alone(operation) else (("Requested by ", Mention(operation.requester)),)),
    )


def _urgency(operation: Operation) -> Urgency:
    if operation.state.is_terminal:
        return "ended"
    is_mere_progress = operation.state is State.RUNNING and operation.progress is not None
    return "progress" if is_mere_progress else "changed"


def _progress_lines(operation: Operation) -> tuple[Line, ...]:
    progress = operation.progress
    if operation.state is not State.RUNNING or progress is None:
        return ()
    share = progress.share
    lines: list[Line] = []
    if share is not None:
        lines.append((Code(bar(share)), f" {int(share * 100)} %"))
    for facts in (dotted(*_how_far(progress)), dotted(*_how_fast(progress))):
        lines += [(facts,)] if facts else []
    return tuple(lines)


def _how_far(progress: Progress) -> Iterator[str]:
    if progress.total_bytes > 0:
        done = min(progress.done_bytes, progress.total_bytes)
        yield f"{size(done)} of {size(progress.total_bytes)}"
    elif progress.done_bytes:
        yield size(progress.done_bytes)
    if progress.seconds_left:
        yield f"{duration(progress.seconds_left)} left"


def _how_fast(progress: Progress) -> Iterator[str]:
    if progress.bytes_per_second is not None:
        yield f"{size(progress.bytes_per_second)}/s"
    if progress.total_layers:
        yield f"{progress.done_layers:,} of {counted(progress.total_layers, 'layer')}"


def _votes(context: CardContext) -> tuple[Line, ...]:
    operation = context.operation
    if operation.approval is None or operation.approval.rule.needed < 1:
        return ()
    is_open = operation.state is State.AWAITING_APPROVAL and _in_time(context)
    return vote_lines(operation.approval, is_open=is_open)


def _plan(context: CardContext) -> tuple[Block, ...]:
    """The whole plan while people decide; what it changes until there is a result."""
    operation = context.operation
    if operation.plan is None or operation.interim is not None:
        return ()
    if operation.state is State.AWAITING_APPROVAL:
        return plan_blocks(operation.plan, context)
    if operation.state.is_terminal:
        is_done = operation.state is State.SUCCEEDED
        return () if is_done else (paragraph(*image_lines(operation.plan, context)),)
    return (paragraph(*change_lines(operation.plan, context)),)


def _examined(operation: Operation) -> tuple[Block, ...]:
    """What the scan said, as long as there is no plan that says it."""
    if operation.examined is None or operation.plan is not None:
        return ()
    verdict = operation.examined.verdict
    summary = paragraph(verdict_line(operation.examined))
    if not isinstance(verdict, Blocked) or not verdict.by:
        return (summary,)
    return (summary, bullets(finding_rows(verdict.by, verdict.total, FINDINGS_SHOWN)))


def _outcome_blocks(outcome: Outcome | None, context: CardContext) -> tuple[Block, ...]:
    return view_of(outcome, context).blocks() if outcome is not None else ()


def _decisions(context: CardContext) -> tuple[ButtonElement, ...]:
    operation = context.operation
    plan = operation.signed_plan
    if operation.state is not State.AWAITING_APPROVAL or plan is None or not _in_time(context):
        return ()
    pointer = Pointer(operation.subject, plan.digest)
    title = _title(context)
    approve = Confirmation("Approve?", f"{title}. {_what_a_vote_does(operation)}", "Approve")
    reject = Confirmation("Reject?", f"{title}. One rejection ends it.", "Reject")
    return (
        button("Approve", Button.APPROVE, pointer, "primary", approve),
        button("Reject", Button.REJECT, pointer, "danger", reject),
    )


def _what_a_vote_does(operation: Operation) -> str:
    """In sentences: a client may draw the line breaks of a confirmation as spaces."""
    return f"{_digests(operation.plan)}{_how_many_then(operation.approval)} Your vote is final."


def _digests(plan: Plan | None) -> str:
    if plan is None:
        return ""
    digests = [change.digest.short for change in plan.changes]
    return f"{'Digest' if len(digests) == 1 else 'Digests'} {listed(digests)}. "


def _how_many_then(approval: Approval | None) -> str:
    missing = approval.missing() - 1 if approval is not None else 0
    if approval is None or missing < 1:
        return "This is the last approval: it goes live."
    needed = approval.rule.needed
    number = needed - missing
    return f"You are {'the first' if number == 1 else f'number {number:,}'} of {needed:,}."


def _cancel(operation: Operation) -> tuple[ButtonElement, ...]:
    if not is_cancellable(operation):
        return ()
    return (button("Cancel", Button.CANCEL, Pointer(operation.subject)),)


def _in_time(context: CardContext) -> bool:
    approval = context.operation.approval
    return approval is None or context.now < approval.rule.expires_at


def _footer(context: CardContext) -> Block:
    operation = context.operation
    line: Line = (Mention(operation.requester), " · ", When(operation.requested_at))
    return small_print((f"#{operation.id} · ", *line))
