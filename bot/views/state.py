"""Where an operation is: one emoji and a few words."""

from dataclasses import dataclass
from typing import assert_never

from bot.views.amounts import counted
from bot.views.outcomes import view_of
from bot.views.parts import Bold, Line, Person, When, clipped
from bot.views.scene import Scene
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended
from quaymaster.queues import host_of
from quaymaster.request_facts import Asker
from quaymaster.scan_orders import WAITING


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands: an emoji, the words that are seen first, and the rest of the sentence."""

    emoji: str
    word: str
    rest: Line = ()

    @property
    def line(self) -> Line:
        """For the card."""
        return (f"{self.emoji} ", Bold(self.word), *self.rest)


def standing(scene: Scene) -> Standing:
    """How the operation stands now."""
    operation = scene.operation
    match operation.state:
        case State.ACCEPTED:
            return Standing("⏳", "Accepted")
        case State.QUEUED:
            return _queued(operation)
        case State.RUNNING:
            return _running(operation)
        case State.SCANNING:
            return _scanning(operation)
        case State.AWAITING_APPROVAL:
            return _awaiting(scene)
        case State.RETURNED:
            return Standing("🔎", "Checking again", (": is it still allowed?",))
        case State.BAKING:
            until: Line = (" until ", When(operation.look_at)) if operation.look_at else ()
            return Standing("👀", "Live, being watched", until)
        case _:
            return _ended(scene)


def _queued(operation: Operation) -> Standing:
    if operation.cancel_asked_by is not None:
        return _cancelling(operation.cancel_asked_by)
    where = _place(operation.queue)
    match operation.stage:
        case Stage.WORK | Stage.EXAMINE | Stage.PLAN:
            word = "The worker died, queued again" if operation.deaths else "Queued"
            return Standing("⏳", word, (f" {where}",))
        case Stage.APPLY:
            granted = operation.approval is not None and operation.approval.rule.needed > 0
            return Standing("⏳", "Approved" if granted else "Ready", (f", queued {where}",))
        case Stage.LOOK:
            return Standing("👀", "Live", (". Final health check…",))
        case Stage.RECOVER:
            return Standing(
                "🔎", operation.interruption, (". What it left behind will be checked",)
            )
        case _:
            assert_never(operation.stage)


def _place(queue: str) -> str:
    host = host_of(queue)
    return f"on host {clipped(host, 40)}" if host else f"in the queue {clipped(queue, 40)}"


def _running(operation: Operation) -> Standing:
    if operation.stage is Stage.RECOVER:
        return Standing("🔎", operation.interruption, (". Checking what it left behind",))
    if operation.cancel_asked_by is not None:
        return _cancelling(operation.cancel_asked_by)
    step = clipped(operation.progress.step, 60) if operation.progress is not None else ""
    return Standing("🔄", (step[:1].upper() + step[1:]) or "Running")


def _scanning(operation: Operation) -> Standing:
    is_waiting = operation.progress is not None and operation.progress.step == WAITING
    if is_waiting:
        return Standing("🔍", "Waiting for the scanner", (", not started yet",))
    return Standing("🔍", "Scanning")


def _cancelling(by: str) -> Standing:
    return Standing("🔄", "Stopping at the next step", (", requested by ", Person(by)))


def _awaiting(scene: Scene) -> Standing:
    approval = scene.operation.approval
    if approval is None:
        return Standing("🟡", "Waiting for approval")
    if scene.now >= approval.rule.expires_at:
        return Standing("⌛", "Too late to approve", (", expired ", When(approval.rule.expires_at)))
    missing = counted(approval.missing(), "approval")
    return Standing("🟡", f"Needs {missing}", (", expires ", When(approval.rule.expires_at)))


def _ended(scene: Scene) -> Standing:
    operation = scene.operation
    outcome = operation.outcome
    by: Line = ()
    if isinstance(outcome, Ended) and outcome.by is not None:
        by = (" by ", Person(outcome.by))
    if operation.request.facts.right is Asker.PRODUCT:
        is_well = operation.state is State.SUCCEEDED
        return Standing("✅", "In order") if is_well else Standing("⚠️", "Differs from its release")
    if operation.state is State.SUCCEEDED and outcome is not None:
        view = view_of(outcome, scene)
        return Standing(view.emoji, view.word)
    if operation.state is State.REJECTED and operation.approval and operation.approval.rejected_by:
        by = (" by ", Person(operation.approval.rejected_by))
        if operation.approval.rejected_by == operation.requester:
            return Standing("🚫", "Withdrawn", by)
    emoji, word = _ENDS[operation.state]
    return Standing(emoji, word, by)


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
