"""Asked before anything is changed: was exactly this approved, by enough people, and is it still
what people approved? Pure, but for the seals.
"""

from quaymaster.approvals import Choice
from quaymaster.configuration import ApprovalPolicy
from quaymaster.errors import Forged, NotAllowed
from quaymaster.operations import Operation
from quaymaster.plans import DeployPlan
from quaymaster.seals import Sealer


def approved_plan(operation: Operation, policy: ApprovalPolicy, sealer: Sealer) -> DeployPlan:
    """The plan, if this operation may carry it out.

    Everything is judged by the worker's own configuration and by seals: what else stands in the
    record could have been written by anybody who reaches Redis. Raises Forged or NotAllowed.
    """
    plan = operation.plan
    if plan is None:
        raise Forged("There is no plan, so nothing was done.")
    plan.check_seal(sealer, operation.id)
    _check_it_answers_the_request(operation, plan)
    if plan.kind == "rollback" or policy.needed == 0:
        return plan
    _check_votes(operation, plan, policy, sealer)
    return plan


def _check_it_answers_the_request(operation: Operation, plan: DeployPlan) -> None:
    request = operation.request
    same = (
        request.verb == plan.kind
        and getattr(request, "environment", None) == plan.environment
        and getattr(request, "service", None) == plan.service
    )
    if not same:
        raise Forged("The plan is not about what was asked for, so nothing was done.")


def _check_votes(
    operation: Operation, plan: DeployPlan, policy: ApprovalPolicy, sealer: Sealer
) -> None:
    approval = operation.approval
    if approval is None or approval.plan_hash != plan.hash():
        raise Forged("There is no approval of this plan, so nothing was done.")
    approval.check_seals(sealer, operation.id)
    counted = {
        vote.voter
        for vote in approval.votes
        if vote.choice is Choice.APPROVE
        and (policy.own_request_counts or vote.voter != operation.actor.user)
    }
    if approval.rejected_by is not None or len(counted) < policy.needed:
        raise NotAllowed(
            f"{len(counted)} of {policy.needed} approvals are there, so nothing was done.",
            next_step="Ask for the deploy again, and have it approved.",
        )
