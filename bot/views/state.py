"""Where an operation is: one emoji and a few words."""

from dataclasses import dataclass
from typing import assert_never

from bot.views.amounts import counted
from bot.views.listing import total_of
from bot.views.parts import Bold, Line, Person, When, clipped
from bot.views.scene import Scene
from quaymaster.findings import Blocked, Clean, Unknown, Verdict
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import (
    Deployed,
    Ended,
    Failed,
    HistoryListed,
    ImagesListed,
    Inspected,
    Lost,
    Outcome,
    Pulled,
    Pushed,
    Scanned,
    Tagged,
    TagsListed,
)
from quaymaster.requests import DriftRequest
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
            return Standing("🔎", "Checked once more", (": may it still happen?",))
        case State.BAKING:
            until: Line = (" until ", When(operation.look_at)) if operation.look_at else ()
            return Standing("👀", "Live, being watched", until)
        case _:
            return _ended(operation)


def _queued(operation: Operation) -> Standing:
    if operation.cancel_asked_by is not None:
        return _cancelling(operation.cancel_asked_by)
    queue = clipped(operation.queue.removeprefix("host:"), 40)
    match operation.stage:
        case Stage.WORK | Stage.EXAMINE | Stage.PLAN:
            again = " again: the worker died" if operation.deaths else ""
            return Standing("⏳", f"Waiting{again}", (f", next on {queue}",))
        case Stage.APPLY:
            granted = operation.approval is not None and operation.approval.rule.needed > 0
            return Standing("⏳", "Approved" if granted else "Ready", (f", next on {queue}",))
        case Stage.LOOK:
            return Standing("👀", "Live", (", waiting for the last look",))
        case Stage.RECOVER:
            return Standing("🔎", operation.interruption, (", what it left will be looked at",))
        case _:
            assert_never(operation.stage)


def _running(operation: Operation) -> Standing:
    if operation.stage is Stage.RECOVER:
        return Standing("🔎", operation.interruption, (", what it left is looked at",))
    if operation.cancel_asked_by is not None:
        return _cancelling(operation.cancel_asked_by)
    step = clipped(operation.progress.step, 60) if operation.progress is not None else ""
    return Standing("🔄", (step[:1].upper() + step[1:]) or "Running")


def _scanning(operation: Operation) -> Standing:
    is_waiting = operation.progress is not None and operation.progress.step == WAITING
    if is_waiting:
        return Standing("🔍", "Waiting for the scanner", (", which has not taken it yet",))
    return Standing("🔍", "Scanning")


def _cancelling(by: str) -> Standing:
    return Standing("🔄", "Stopping at the next step", (", asked by ", Person(by)))


def _awaiting(scene: Scene) -> Standing:
    approval = scene.operation.approval
    if approval is None:
        return Standing("🟡", "Waiting for approval")
    if scene.now >= approval.rule.expires_at:
        return Standing(
            "⌛", "Too late to approve", (", this expired ", When(approval.rule.expires_at))
        )
    missing = counted(approval.missing(), "approval")
    return Standing("🟡", f"Needs {missing}", (" until ", When(approval.rule.expires_at)))


def _ended(operation: Operation) -> Standing:
    outcome = operation.outcome
    by: Line = ()
    if isinstance(outcome, Ended) and outcome.by is not None:
        by = (" by ", Person(outcome.by))
    if isinstance(operation.request, DriftRequest):
        is_well = operation.state is State.SUCCEEDED
        return Standing("✅", "In order") if is_well else Standing("⚠️", "Not as it was released")
    if operation.state is State.SUCCEEDED:
        return _succeeded(operation, outcome)
    if operation.state is State.REJECTED and operation.approval and operation.approval.rejected_by:
        by = (" by ", Person(operation.approval.rejected_by))
        if operation.approval.rejected_by == operation.requester:
            return Standing("🚫", "Withdrawn", by)
    emoji, word = _ENDS[operation.state]
    return Standing(emoji, word, by)


_ENDS = {
    State.FAILED: ("🔴", "Failed"),
    State.UNKNOWN: ("❓", "Nobody knows how it ended"),
    State.REFUSED: ("⛔", "Refused"),
    State.REJECTED: ("🚫", "Rejected"),
    State.EXPIRED: ("⌛", "Expired"),
    State.CANCELLED: ("⚪", "Cancelled"),
    State.SUPERSEDED: ("🔁", "Superseded"),
}


def _succeeded(operation: Operation, outcome: Outcome | None) -> Standing:
    match outcome:
        case ImagesListed() | TagsListed() | HistoryListed():
            return Standing("✅", total_of(outcome))
        case Inspected():
            where = outcome.where if outcome.where == "registry" else f"host {outcome.where}"
            return Standing("✅", f"In the {clipped(where, 60)}")
        case Pulled(already_there=already_there):
            return Standing("✅", "Up to date, nothing to pull" if already_there else "Pulled")
        case Pushed():
            return Standing("✅", "Pushed")
        case Tagged():
            return Standing("✅", "Tagged")
        case Scanned(verdict=verdict):
            return _scanned(verdict)
        case Deployed():
            is_rollback = operation.plan is not None and operation.plan.kind == "rollback"
            return Standing("✅", "Rolled back" if is_rollback else "Deployed")
        case None | Failed() | Lost() | Ended():
            return Standing("✅", "Done")
        case _:
            assert_never(outcome)


def _scanned(verdict: Verdict) -> Standing:
    match verdict:
        case Clean():
            return Standing("✅", "Clean")
        case Blocked(total=total):
            return Standing("⛔", f"{counted(total, 'finding')} would stop a deploy")
        case Unknown():
            return Standing("❓", "Unknown: nothing is proven")
        case _:
            assert_never(verdict)
