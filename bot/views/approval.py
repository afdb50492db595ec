"""What a deploy would change, who has to agree, and who did."""

from collections.abc import Sequence
from typing import assert_never

from slack_sdk.models.blocks import Block

from bot.views.amounts import counted, memory, of_index, severities, size, size_change
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
from quaymaster.capabilities import BY_DOCKER
from quaymaster.findings import Blocked, Clean, Finding, Unknown
from quaymaster.plans import DeployPlan, Examined
from quaymaster.services import Limits, ServiceConfiguration, Variable

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
        return (new, ("Now: nothing runs there",))
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
        may: Line = ("May approve: ", *joined(roles, limit=8)) if roles else ("Nobody may approve",)
        own = "" if approval.rule.own_request_counts else ", not the requester"
        lines.append((*may, own))
    return tuple(lines)


def _restores_lines(plan: DeployPlan, scene: Scene) -> tuple[Line, ...]:
    """Going back from a rollback means to deploy again, so there nothing is promised."""
    if plan.kind == "rollback":
        return ()
    if plan.undo is None:
        return (("Undo: nothing to go back to",),)
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
        return ("Configuration: what runs now is not known",)
    changes = configuration_changes(plan.running.configuration, plan.configuration)
    if not changes:
        return ("Configuration: unchanged",)
    pieces: list[Inline] = []
    for how, names in changes:
        pieces += ["; " if pieces else " ", f"{how} " if how else ""]
        pieces += joined((Code(clipped(name, _NAME_LIMIT)) for name in names), limit=_NAMES_SHOWN)
    return ("Configuration:", *pieces)


def configuration_changes(
    before: ServiceConfiguration, after: ServiceConfiguration
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What differs: variables by name (“adds”, “changes”, “drops”), capabilities, and settings."""
    old = {variable.name: variable for variable in before.environment}
    new = {variable.name: variable for variable in after.environment}
    could_before, may_now = _capabilities(before), _capabilities(after)
    changes = (
        ("adds", tuple(name for name in new if name not in old)),
        ("changes", tuple(name for name in new if name in old and _differ(old[name], new[name]))),
        ("drops", tuple(name for name in old if name not in new)),
        ("gives the capabilities", tuple(sorted(may_now - could_before))),
        ("takes the capabilities", tuple(sorted(could_before - may_now))),
        ("new", _settings(before, after)),
    )
    return tuple((how, names) for how, names in changes if names)


def _settings(before: ServiceConfiguration, after: ServiceConfiguration) -> tuple[str, ...]:
    rows = (
        ("ports", before.ports, after.ports, " ".join(map(str, after.ports)) or "none"),
        ("volumes", before.volumes, after.volumes, " ".join(map(str, after.volumes)) or "none"),
        ("command", before.command, after.command, ""),
        ("limits", before.limits, after.limits, _limits(after.limits)),
        (
            "privileges",
            before.no_new_privileges,
            after.no_new_privileges,
            "cannot be gained" if after.no_new_privileges else "can be gained",
        ),
        (
            "first process",
            before.init,
            after.init,
            "Docker's init" if after.init else "the image's own",
        ),
        ("health check", before.health, after.health, ""),
        ("drain", before.drain, after.drain, f"{after.drain:g} s"),
        ("bake", before.bake, after.bake, f"{after.bake:g} s"),
    )
    return tuple(f"{name} {shown}".strip() for name, old, new, shown in rows if old != new)


def _limits(limits: Limits) -> str:
    words = [
        memory(limits.memory) if limits.memory is not None else "",
        f"{limits.cpus:g} CPU" if limits.cpus is not None else "",
        f"{limits.pids:,} processes" if limits.pids is not None else "",
    ]
    return " ".join(word for word in words if word) or "none"


def _capabilities(configuration: ServiceConfiguration) -> frozenset[str]:
    """Where none are recorded, Docker gave them."""
    found = configuration.capabilities
    return frozenset(BY_DOCKER if found is None else found)


def _differ(one: Variable, other: Variable) -> bool:
    return one != other
