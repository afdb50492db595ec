"""The facts for the question whether something may still happen, as a worker knows them."""

from dataclasses import dataclass

from quaymaster.admissible import (
    Answer,
    Facts,
    Predecessor,
    admissible,
    involved,
    predecessors,
)
from quaymaster.approvals import Approval
from quaymaster.errors import Forged
from quaymaster.findings import Verdict
from quaymaster.gate import verdict_of
from quaymaster.image_ref import Digest, ImageRef
from quaymaster.operations import Operation
from quaymaster.plans import DeployPlan
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
    operation: Operation, image: ImageRef, tools: Toolbox, asked: Asked = Asked()
) -> tuple[Answer, ...]:
    """May this image be brought there now? Raises Forged and WrittenByNewer."""
    request = _changing(operation)
    environment, service = request.environment, request.service
    now = tools.now()
    facts = Facts(
        request=request,
        requester=operation.actor.user,
        requested_at=operation.requested_at,
        image=image,
        now=now,
        volumes=asked.volumes,
        people=lately(operation.standings, now),
        approval=asked.approval,
        mark=bad_digests_of(environment, service, tools).get(image.pin),
        before=_before(request, image.pin, tools),
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
        verdict=verdict_now(plan.environment, plan.service, plan.digest, tools),
    )
    return answers(operation, plan.image, tools, asked)


def verdict_now(environment: str, service: str, digest: Digest, tools: Toolbox) -> Verdict | None:
    """What the gate says by the newest report; None where there is none."""
    report = newest_report(digest, tools)
    rule = tools.configuration.gate_for(environment, service)
    return verdict_of(report, rule, tools.now()) if report is not None else None


def are_known(operation: Operation, tools: Toolbox) -> bool:
    """Whether the bot has looked up lately who asked for it and who agreed."""
    known = lately(operation.standings, tools.now())
    return all(user in known for user in involved(operation.actor.user, operation.approval))


def _changing(operation: Operation) -> DeployRequest | RollbackRequest:
    request = operation.request
    if not isinstance(request, DeployRequest | RollbackRequest):
        raise Forged(f"`{request.verb}` changes no service.")
    return request


def _before(
    request: DeployRequest | RollbackRequest, digest: Digest, tools: Toolbox
) -> tuple[Predecessor, ...] | None:
    """What the environment before knows of a digest; None where none comes before."""
    place = tools.configuration.environment(request.environment).after
    if place is None or isinstance(request, RollbackRequest):
        return None
    names = predecessors(tools.configuration, request.environment, request.service)
    return tuple(_predecessor(place, name, digest, tools) for name in names)


def _predecessor(environment: str, service: str, digest: Digest, tools: Toolbox) -> Predecessor:
    known = releases_of(environment, service, tools, _RELEASES)
    return Predecessor(
        service,
        any(one.image.digest == digest for one in known),
        bad_digests_of(environment, service, tools).get(digest),
    )
