"""Jobs carry out one service at a time so far: a plan of several is refused here alone."""

from quaymaster.errors import Conflict
from quaymaster.plans import Change, Plan
from quaymaster.spelling import listed


def sole_change(plan: Plan) -> Change:
    """The change of a plan of one service. Raises Conflict if the plan changes several."""
    if len(plan.changes) > 1:
        services = listed(map(str, plan.services))
        raise Conflict(
            f"This plan changes several services: {services}. Nothing was done.",
            why="This version of Quaymaster can only change one service at a time.",
            next_step="Ask for each service on its own.",
        )
    return plan.changes[0]
