"""Asked before anything is changed: was exactly this approved, and by enough people? Pure.

Who signed what was checked when the record was read.
"""

from quaymaster.approvals import Choice
from quaymaster.configuration.joined_settings import ApprovalPolicy
from quaymaster.errors import Forged, NotAllowed
from quaymaster.operations import Operation
from quaymaster.plans import Plan


def approved_plan(operation: Operation, policy: ApprovalPolicy) -> Plan:
    """The plan, if this operation may carry it out.

    It is judged by the worker's own configuration, whatever rule the plan was shown with. Raises
    Forged or NotAllowed.
    """
    plan = operation.plan
    if plan is None:
        raise Forged("There is no plan, so nothing was done.")
    if plan.facts.is_rescue or policy.needed == 0:
        return plan
    approval = operation.approval
    if approval is None:
        raise Forged("There is no approval of this plan, so nothing was done.")
    counted = {
        vote.voter
        for vote in approval.votes
        if vote.choice is Choice.APPROVE
        and (policy.own_request_counts or vote.voter != operation.requester)
    }
    if approval.rejected_by is not None or len(counted) < policy.needed:
        raise NotAllowed(
            f"{len(counted)} of {policy.needed} approvals were given, so nothing was done.",
            next_step="Ask for the deploy again, and get it approved.",
        )
    return plan
