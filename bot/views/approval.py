"""What a deploy would change, who has to agree, and who did."""

from collections.abc import Sequence
from typing import assert_never

from slack_sdk.models.blocks import Block

from bot.views.amounts import counted, of_index, severities, size, size_change
from bot.views.card_context import CardContext
from bot.views.findings import finding_rows
from bot.views.parts import (
    Bold,
    Code,
    Inline,
    Line,
    Mention,
    bullets,
    clipped,
    dotted,
    joined,
    paragraph,
    prose,
)
from bot.views.results import image_line, notes
from quaymaster.approvals import Approval
from quaymaster.findings import Blocked, Clean, Finding, Unknown
from quaymaster.plans import Change, Examined, Plan

_FINDINGS_SHOWN = 4
_NAMES_SHOWN = 12
_NAME_LIMIT = 40


def plan_blocks(plan: Plan, context: CardContext) -> tuple[Block, ...]:
    """Everything that a voter should see before they decide. Findings are named if the plan is of
    one service, and otherwise counted.
    """
    if len(plan.changes) > 1:
        of_each = [
            paragraph(*_voter_lines(plan, one, context), _counts(one)) for one in plan.changes
        ]
        return (*of_each, *((paragraph(*notes(plan.notes)),) if plan.notes else ()))
    return tuple(block for change in plan.changes for block in _one_service(plan, change, context))


def _one_service(plan: Plan, change: Change, context: CardContext) -> tuple[Block, ...]:
    examined = change.examined
    return (
        paragraph(*_voter_lines(plan, change, context), *notes(plan.notes)),
        *_findings("Findings gained", examined.gained, examined.gained_total),
        *_findings("Findings lost", examined.lost, examined.lost_total),
    )


def _voter_lines(plan: Plan, change: Change, context: CardContext) -> tuple[Line, ...]:
    return (
        *_lines(plan, change, context),
        _workload_line(change),
        verdict_line(change.examined),
        *_undo_lines(plan, change, context),
    )


def _counts(change: Change) -> Line:
    examined = change.examined
    gained = max(examined.gained_total, len(examined.gained))
    lost = max(examined.lost_total, len(examined.lost))
    return (dotted(f"Findings gained: {gained:,}", f"lost: {lost:,}"),) if gained or lost else ()


def change_lines(plan: Plan, context: CardContext) -> tuple[Line, ...]:
    """What runs now and what would, service by service."""
    return tuple(line for change in plan.changes for line in _lines(plan, change, context))


def image_lines(plan: Plan, context: CardContext) -> tuple[Line, ...]:
    """Which image was to run, service by service."""
    return tuple(
        (*_label(plan, change, "Image"), *image_line(change.image, context))
        for change in plan.changes
    )


def _lines(plan: Plan, change: Change, context: CardContext) -> tuple[Line, ...]:
    of_several = len(plan.changes) > 1
    title: tuple[Line, ...] = ((Bold(clipped(change.service, _NAME_LIMIT)),),) if of_several else ()
    new: Line = ("New: ", *image_line(change.image, context), *_about(change))
    if change.running is None:
        return (*title, new, ("Now: nothing running",))
    if change.running.image.digest == change.image.digest:
        return (*title, new, ("Now: the same image",))
    return (*title, new, ("Now: ", *image_line(change.running.image, context)))


def _label(plan: Plan, change: Change, word: str) -> Line:
    """Names the service only where there are several."""
    if len(plan.changes) == 1:
        return (f"{word}: ",)
    return (f"{word} of {clipped(change.service, _NAME_LIMIT)}: ",)


def _about(change: Change) -> Line:
    """How large the new image is, also against what runs now, and which release it restores."""
    new = change.examined.size
    before = change.running.size if change.running is not None else None
    growth = size_change(before, new) if before is not None and new is not None else ""
    release = f"release #{change.restores}" if change.restores is not None else ""
    which = of_index(change.examined.member)
    line = dotted(which, size(new) if new is not None else "", growth, release)
    return (f" · {line}",) if line else ()


def vote_lines(approval: Approval, *, is_open: bool) -> tuple[Line, ...]:
    """Who approved, and while it is open who still may. Who rejected stands with the state."""
    lines: list[Line] = []
    if approval.approvers:
        lines.append(("👍 Approved by ", *joined(map(Mention, approval.approvers))))
    if is_open:
        roles = [clipped(role, _NAME_LIMIT) for role in approval.rule.from_roles]
        own_counts = approval.rule.own_request_counts
        but: Line = () if own_counts else (" (not ", Mention(approval.rule.requester), ")")
        waiting: Line = (f"Waiting for {approval.missing():,} of ", *joined(roles, limit=8), *but)
        lines.append(waiting if roles else ("Nobody can approve this",))
    return tuple(lines)


def _undo_lines(plan: Plan, change: Change, context: CardContext) -> tuple[Line, ...]:
    """Going back from a rollback means to deploy again, so there nothing is promised."""
    if not plan.facts.has_undo:
        return ()
    if change.undo is None:
        return (("No rollback possible: no earlier good release",),)
    restored = image_line(change.undo.image, context)
    return (("Undo: a rollback restores ", *restored, f" of #{change.undo.release}"),)


def verdict_line(examined: Examined) -> Line:
    """What the scan says about the image."""
    counts = severities(examined.counts)
    match examined.verdict:
        case Clean():
            line: Line = (f"Scan: ✅ clean{f' · {counts}' if counts else ''}",)
        case Blocked(total=total):
            line = (f"Scan: ⛔ {counted(total, 'finding')} at the gate · {counts}",)
        case Unknown(why):
            line = ("Scan: ❓ unknown · ", *prose(why, 400))
        case _:
            assert_never(examined.verdict)
    return line


def _findings(title: str, findings: Sequence[Finding], total: int) -> tuple[Block, ...]:
    count = max(total, len(findings))
    if not count:
        return ()
    rows = finding_rows(findings, count, _FINDINGS_SHOWN)
    return (bullets(rows, title=(Bold(f"{title}: {count:,}"),)),)


def _workload_line(change: Change) -> Line:
    """Which settings differ, by name and never by value."""
    if change.running is None:
        return ()
    if change.running.workload is None:
        return ("Configuration: the current one is unknown",)
    differences = change.workload.differences(change.running.workload)
    if not differences:
        return ("Configuration: unchanged",)
    pieces: list[Inline] = []
    for difference in differences:
        names = (Code(clipped(name, _NAME_LIMIT)) for name in difference.names)
        pieces += ["; " if pieces else " ", f"{difference.how} "]
        pieces += joined(names, limit=_NAMES_SHOWN)
    return ("Configuration:", *pieces)
