"""The facts for the question whether something may still happen, as a worker knows them."""

from dataclasses import dataclass

from quaymaster.admissible import (
    AdmissionFacts,
    Answer,
    Predecessor,
    admissible,
    involved,
    mark_on,
    predecessor,
    predecessors,
    verdict_now,
)
from quaymaster.admitted import Admitted
from quaymaster.approvals import Approval
from quaymaster.findings import Verdict
from quaymaster.image_ref import Digest
from quaymaster.operations import Operation
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Change, Plan, Resolved
from quaymaster.request_facts import ServiceChange, service_change
from quaymaster.services import Volume
from quaymaster.standings import lately
from quaymaster.target import ServiceRef
from workers.jobs.deploy.ledger import bad_digests_of, newest_report, releases_of
from workers.work.toolbox import Toolbox

_RELEASES = 500


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is asked about besides the image, as far as it is known by then."""

    volumes: tuple[Volume, ...] = ()
    approval: Approval | None = None
    planned: Verdict | None = None
    verdict: Verdict | None = None


def answers(
    operation: Operation,
    change: ServiceChange,
    resolved: Resolved,
    tools: Toolbox,
    circumstances: Circumstances = Circumstances(),
) -> tuple[Answer, ...]:
    """May this image be brought there now? Raises Forged and WrittenByNewer."""
    service = change.service
    now = tools.now()
    facts = AdmissionFacts(
        request=operation.request,
        change=change,
        requester=operation.requester,
        requested_at=operation.requested_at,
        resolved=resolved,
        now=now,
        volumes=circumstances.volumes,
        people=lately(operation.standings, now),
        approval=circumstances.approval,
        mark=mark_on(resolved, bad_digests_of(service, tools)),
        before=_before(change, resolved, tools),
        planned=circumstances.planned,
        verdict=circumstances.verdict,
    )
    return admissible(tools.configuration, facts)


def admitted_to_plan(
    operation: Operation, resolved: Resolved, tools: Toolbox, circumstances: Circumstances
) -> Admitted:
    """The same answers as proof for a plan. Raises NotAdmissible with everything that stops it."""
    change = service_change(operation.request)
    return Admitted(change, answers(operation, change, resolved, tools, circumstances))


def answers_about_plan(operation: Operation, plan: Plan, tools: Toolbox) -> tuple[Answer, ...]:
    """May this plan be carried out now? An answer that is the same for all services comes once."""
    of_each = (_answers_about(change, operation, plan, tools) for change in plan.changes)
    return tuple(dict.fromkeys(answer for answers in of_each for answer in answers))


def _answers_about(
    change: Change, operation: Operation, plan: Plan, tools: Toolbox
) -> tuple[Answer, ...]:
    incoming = Circumstances(
        volumes=change.workload.volumes,
        approval=operation.approval,
        planned=change.examined.verdict,
        verdict=verdict_of_now(plan.kind, change.service_ref, change.digest, tools),
    )
    about = ServiceChange(change.service_ref, plan.kind)
    return answers(operation, about, change.resolved, tools, incoming)


def verdict_of_now(
    kind: PlanKind, service: ServiceRef, digest: Digest, tools: Toolbox
) -> Verdict | None:
    """What the gate says by the newest report; None for a rescue without one."""
    rule = tools.configuration.gate_for(service)
    return verdict_now(kind, newest_report(digest, tools), rule, tools.now())


def are_known(operation: Operation, tools: Toolbox) -> bool:
    """Whether the bot has looked up lately who asked for it and who agreed."""
    people = lately(operation.standings, tools.now())
    return all(user in people for user in involved(operation.requester, operation.approval))


def _before(
    change: ServiceChange, resolved: Resolved, tools: Toolbox
) -> tuple[Predecessor, ...] | None:
    """What the environment before knows of an image; None where none comes before."""
    service = change.service
    place = tools.configuration.environment(service.environment).after
    if place is None or change.is_rescue:
        return None
    names = predecessors(tools.configuration, service)
    return tuple(_predecessor(ServiceRef(place, name), resolved, tools) for name in names)


def _predecessor(service: ServiceRef, resolved: Resolved, tools: Toolbox) -> Predecessor:
    history = releases_of(service, tools, _RELEASES)
    return predecessor(service.service, resolved, history, bad_digests_of(service, tools))
