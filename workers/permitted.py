"""The facts for the question whether something may still happen, as a worker knows them."""

from dataclasses import dataclass
from typing import Literal

from quaymaster.admissible import (
    Answer,
    Facts,
    Predecessor,
    admissible,
    involved,
    mark_on,
    predecessor,
    predecessors,
    verdict_now,
)
from quaymaster.approvals import Approval
from quaymaster.errors import Forged
from quaymaster.findings import Verdict
from quaymaster.image_ref import Digest
from quaymaster.operations import Operation
from quaymaster.plans import DeployPlan, Resolved
from quaymaster.requests import DeployRequest, RollbackRequest
from quaymaster.services import Volume
from quaymaster.standings import lately
from workers.ledger import bad_digests_of, newest_report, releases_of
from workers.toolbox import Toolbox

_RELEASES = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about besides the image, as far as it is known by then."""

    volumes: tuple[Volume, ...] = ()
    approval: Approval | None = None
    planned: Verdict | None = None
    verdict: Verdict | None = None


def answers(
    operation: Operation, resolved: Resolved, tools: Toolbox, asked: Asked = Asked()
) -> tuple[Answer, ...]:
    """May this image be brought there now? Raises Forged and WrittenByNewer."""
    request = _changing(operation)
    environment, service = request.environment, request.service
    now = tools.now()
    facts = Facts(
        request=request,
        requester=operation.requester,
        requested_at=operation.requested_at,
        resolved=resolved,
        now=now,
        volumes=asked.volumes,
        people=lately(operation.standings, now),
        approval=asked.approval,
        mark=mark_on(resolved, bad_digests_of(environment, service, tools)),
        before=_before(request, resolved, tools),
        planned=asked.planned,
        verdict=asked.verdict,
    )
    return admissible(tools.configuration, facts)


def answers_about_plan(
    operation: Operation, plan: DeployPlan, tools: Toolbox
) -> tuple[Answer, ...]:
    """May this plan be carried out now?"""
    asked = Asked(
        volumes=plan.configuration.volumes,
        approval=operation.approval,
        planned=plan.examined.verdict,
        verdict=verdict_of_now(plan.kind, plan.environment, plan.service, plan.digest, tools),
    )
    return answers(operation, plan.resolved, tools, asked)


def verdict_of_now(
    kind: Literal["deploy", "rollback"],
    environment: str,
    service: str,
    digest: Digest,
    tools: Toolbox,
) -> Verdict | None:
    """What the gate says by the newest report; None for a rollback without one."""
    rule = tools.configuration.gate_for(environment, service)
    return verdict_now(kind, newest_report(digest, tools), rule, tools.now())


def are_known(operation: Operation, tools: Toolbox) -> bool:
    """Whether the bot has looked up lately who asked for it and who agreed."""
    known = lately(operation.standings, tools.now())
    return all(user in known for user in involved(operation.requester, operation.approval))


def _changing(operation: Operation) -> DeployRequest | RollbackRequest:
    request = operation.request
    if not isinstance(request, DeployRequest | RollbackRequest):
        raise Forged(f"`{request.verb}` changes no service.")
    return request


def _before(
    request: DeployRequest | RollbackRequest, resolved: Resolved, tools: Toolbox
) -> tuple[Predecessor, ...] | None:
    """What the environment before knows of an image; None where none comes before."""
    place = tools.configuration.environment(request.environment).after
    if place is None or isinstance(request, RollbackRequest):
        return None
    names = predecessors(tools.configuration, request.environment, request.service)
    return tuple(_predecessor(place, name, resolved, tools) for name in names)


def _predecessor(environment: str, service: str, resolved: Resolved, tools: Toolbox) -> Predecessor:
    known = releases_of(environment, service, tools, _RELEASES)
    return predecessor(service, resolved, known, bad_digests_of(environment, service, tools))
