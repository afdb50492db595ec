"""What a deploy would change, who has to agree, and who did."""

from collections.abc import Sequence
from typing import assert_never

from slack_sdk.models.blocks import Block

from bot.views.amounts import counted, of_index, severities, size, size_change
from bot.views.findings import finding_rows
from bot.views.parts import (
    Bold,
    Code,
    Inline,
    Line,
    Person,
    bullets,
    clipped,
    dotted,
    joined,
    paragraph,
    prose,
)
from bot.views.results import image_line, notes
from bot.views.scene import Scene
from quaymaster.approvals import Approval
from quaymaster.findings import Blocked, Clean, Finding, Unknown
from quaymaster.plans import DeployPlan, Examined

_FINDINGS_SHOWN = 4
_NAMES_SHOWN = 12
_NAME_LIMIT = 40


def plan_blocks(plan: DeployPlan, scene: Scene) -> tuple[Block, ...]:
    """Everything that a voter should see before they decide."""
    said = paragraph(
        *change_lines(plan, scene),
        _configuration_line(plan),
        verdict_line(plan.examined),
        *_restores_lines(plan, scene),
        *notes(plan.notes),
    )
    return (
        said,
        *_findings("Findings gained", plan.examined.gained, plan.examined.gained_total),
        *_findings("Findings lost", plan.examined.lost, plan.examined.lost_total),
    )


def change_lines(plan: DeployPlan, scene: Scene) -> tuple[Line, ...]:
    """What runs now and what would."""
    new: Line = ("New: ", *image_line(plan.image, scene), *_about(plan))
    if plan.running is None:
        return (new, ("Now: nothing running",))
    if plan.running.image.digest == plan.image.digest:
        return (new, ("Now: the same image",))
    return (new, ("Now: ", *image_line(plan.running.image, scene)))


def _about(plan: DeployPlan) -> Line:
    """How large the new image is, also against what runs now, and which release it restores."""
    new = plan.examined.size
    before = plan.running.size if plan.running is not None else None
    change = size_change(before, new) if before is not None and new is not None else ""
    release = f"release #{plan.restores}" if plan.restores is not None else ""
    which = of_index(plan.examined.member)
    said = dotted(which, size(new) if new is not None else "", change, release)
    return (f" · {said}",) if said else ()


def vote_lines(approval: Approval, *, is_open: bool) -> tuple[Line, ...]:
    """Who approved, and while it is open who still may. Who rejected stands with the state."""
    lines: list[Line] = []
    if approval.approvers:
        lines.append(("👍 Approved by ", *joined(map(Person, approval.approvers))))
    if is_open:
        roles = [clipped(role, _NAME_LIMIT) for role in approval.rule.from_roles]
        own_counts = approval.rule.own_request_counts
        but: Line = () if own_counts else (" (not ", Person(approval.rule.requester), ")")
        waiting: Line = (f"Waiting for {approval.missing():,} of ", *joined(roles, limit=8), *but)
        lines.append(waiting if roles else ("Nobody can approve this",))
    return tuple(lines)


def _restores_lines(plan: DeployPlan, scene: Scene) -> tuple[Line, ...]:
    """Going back from a rollback means to deploy again, so there nothing is promised."""
    if plan.kind == "rollback":
        return ()
    if plan.undo is None:
        return (("No rollback possible: no earlier good release",),)
    restored = image_line(plan.undo.image, scene)
    return (("Undo: a rollback restores ", *restored, f" of #{plan.undo.release}"),)


def verdict_line(examined: Examined) -> Line:
    """What the scan says about the image."""
    counts = severities(examined.counts)
    match examined.verdict:
        case Clean():
            said: Line = (f"Scan: ✅ clean{f' · {counts}' if counts else ''}",)
        case Blocked(total=total):
            said = (f"Scan: ⛔ {counted(total, 'finding')} at the gate · {counts}",)
        case Unknown(why):
            said = ("Scan: ❓ unknown · ", *prose(why, 400))
        case _:
            assert_never(examined.verdict)
    return said


def _findings(title: str, findings: Sequence[Finding], total: int) -> tuple[Block, ...]:
    count = max(total, len(findings))
    if not count:
        return ()
    rows = finding_rows(findings, count, _FINDINGS_SHOWN)
    return (bullets(rows, title=(Bold(f"{title}: {count:,}"),)),)


def _configuration_line(plan: DeployPlan) -> Line:
    """Which settings differ, by name and never by value."""
    if plan.running is None:
        return ()
    if plan.running.configuration is None:
        return ("Configuration: the current one is unknown",)
    changes = plan.configuration.differences(plan.running.configuration)
    if not changes:
        return ("Configuration: unchanged",)
    pieces: list[Inline] = []
    for change in changes:
        names = (Code(clipped(name, _NAME_LIMIT)) for name in change.names)
        pieces += ["; " if pieces else " ", f"{change.how} "]
        pieces += joined(names, limit=_NAMES_SHOWN)
    return ("Configuration:", *pieces)
