"""Where an operation is: one emoji and a few words."""

from dataclasses import dataclass
from typing import assert_never

from bot.views.amounts import counted
from bot.views.card_context import CardContext
from bot.views.outcomes import view_of
from bot.views.parts import Bold, Line, Mention, When, clipped
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended
from quaymaster.queues import host_of
from quaymaster.request_facts import Eligibility
from quaymaster.scan_orders import WAITING


@dataclass(frozen=True, slots=True)
class Status:
    """How it stands: an emoji, the words that are seen first, and the rest of the sentence."""

    emoji: str
    word: str
    rest: Line = ()

    @property
    def line(self) -> Line:
        """For the card."""
        return (f"{self.emoji} ", Bold(self.word), *self.rest)


def status_of(context: CardContext) -> Status:
    """How the operation stands now."""
    operation = context.operation
    match operation.state:
        case State.ACCEPTED:
            return Status("⏳", "Accepted")
        case State.QUEUED:
            return _queued(operation)
        case State.RUNNING:
            return _running(operation)
        case State.SCANNING:
            return _scanning(operation)
        case State.AWAITING_APPROVAL:
            return _awaiting(context)
        case State.RETURNED:
            return Status("🔎", "Checking again", (": is it still allowed?",))
        case State.BAKING:
            until: Line = (" until ", When(operation.verify_at)) if operation.verify_at else ()
            return Status("👀", "Live, being watched", until)
        case _:
            return _ended(context)


def _queued(operation: Operation) -> Status:
    if operation.cancel_asked_by is not None:
        return _cancelling(operation.cancel_asked_by)
    where = _place(operation.queue)
    match operation.stage:
        case Stage.WORK | Stage.EXAMINE | Stage.PLAN:
            word = "The worker died, queued again" if operation.crashes else "Queued"
            return Status("⏳", word, (f" {where}",))
        case Stage.APPLY:
            granted = operation.approval is not None and operation.approval.rule.needed > 0
            return Status("⏳", "Approved" if granted else "Ready", (f", queued {where}",))
        case Stage.VERIFY:
            return Status("👀", "Live", (". Final health check…",))
        case Stage.RECOVER:
            return Status("🔎", operation.interruption, (". What it left behind will be checked",))
        case _:
            assert_never(operation.stage)


def _place(queue: str) -> str:
    host = host_of(queue)
    return f"on host {clipped(host, 40)}" if host else f"in the queue {clipped(queue, 40)}"


def _running(operation: Operation) -> Status:
    if operation.stage is Stage.RECOVER:
        return Status("🔎", operation.interruption, (". Checking what it left behind",))
    if operation.cancel_asked_by is not None:
        return _cancelling(operation.cancel_asked_by)
    step = clipped(operation.progress.step, 60) if operation.progress is not None else ""
    return Status("🔄", (step[:1].upper() + step[1:]) or "Running")


def _scanning(operation: Operation) -> Status:
    is_waiting = operation.progress is not None and operation.progress.step == WAITING
    if is_waiting:
        return Status("🔍", "Waiting for the scanner", (", not started yet",))
    return Status("🔍", "Scanning")


def _cancelling(by: str) -> Status:
    return Status("🔄", "Stopping at the next step", (", requested by ", Mention(by)))


def _awaiting(context: CardContext) -> Status:
    approval = context.operation.approval
    if approval is None:
        return Status("🟡", "Waiting for approval")
    if context.now >= approval.rule.expires_at:
        return Status("⌛", "Too late to approve", (", expired ", When(approval.rule.expires_at)))
    missing = counted(approval.missing(), "approval")
    return Status("🟡", f"Needs {missing}", (", expires ", When(approval.rule.expires_at)))


def _ended(context: CardContext) -> Status:
    operation = context.operation
    outcome = operation.outcome
    by: Line = ()
    if isinstance(outcome, Ended) and outcome.by is not None:
        by = (" by ", Mention(outcome.by))
    if operation.request.facts.right is Eligibility.PRODUCT:
        is_well = operation.state is State.SUCCEEDED
        return Status("✅", "In order") if is_well else Status("⚠️", "Differs from its release")
    if operation.state is State.SUCCEEDED and outcome is not None:
        view = view_of(outcome, context)
        return Status(view.emoji, view.word)
    if operation.state is State.REJECTED and operation.approval and operation.approval.rejected_by:
        by = (" by ", Mention(operation.approval.rejected_by))
        if operation.approval.rejected_by == operation.requester:
            return Status("🚫", "Withdrawn", by)
    emoji, word = _ENDS[operation.state]
    return Status(emoji, word, by)


_ENDS = {
    State.SUCCEEDED: ("✅", "Done"),
    State.FAILED: ("🔴", "Failed"),
    State.UNKNOWN: ("❓", "Outcome unknown"),
    State.REFUSED: ("⛔", "Refused"),
    State.REJECTED: ("🚫", "Rejected"),
    State.EXPIRED: ("⌛", "Expired"),
    State.CANCELLED: ("⚪", "Cancelled"),
    State.SUPERSEDED: ("🔁", "Superseded"),
}
