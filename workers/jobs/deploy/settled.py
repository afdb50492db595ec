"""A deploy whose worker died: to the nearest wholly-old or wholly-new point, and the truth."""

from quaymaster.errors import Forged
from quaymaster.operations import State
from quaymaster.outcomes import Deployed, Interrupted
from workers.jobs.deploy.apply import is_result_of, live
from workers.jobs.deploy.sole_change import sole_change
from workers.targets.observed import Condition
from workers.work.running import RunningOperation, service_lease
from workers.work.service_work import OperationWork
from workers.work.steps import Finished, Step
from workers.work.toolbox import Toolbox

_UNDECIDED = (Condition.SPLIT, Condition.UNKNOWN)


def settle_service(work: RunningOperation, tools: Toolbox) -> Step:
    """Finish a switch that was made, take back one that was not, and say which it was."""
    operation = work.operation
    plan = operation.plan
    if plan is None:
        raise Forged("There is no plan, so nothing was done.")
    target = tools.target(plan.target)
    change = sole_change(plan)
    with service_lease(work, change.service_ref) as right:
        settled = target.settle(change.service_ref, OperationWork(work, right))
    serving = settled.serving
    if serving is None or not is_result_of(change, serving):
        undone = "" if settled.condition in _UNDECIDED else "Its changes were undone. "
        what = f"{operation.interruption} while it deployed. {undone}{settled.words}"
        return Finished(Interrupted(what, "Ask for it again."), State.UNKNOWN)
    deployed = Deployed(
        environment=change.environment,
        service=change.service,
        image=change.image,
        gap_seconds=None,
        replaced=change.running.image if change.running else None,
        seconds=(tools.now() - (operation.started_at or operation.requested_at)).total_seconds(),
        notes=(
            *plan.notes,
            f"{operation.interruption} after the switch. "
            "The new version was running, and the rest was finished.",
        ),
    )
    return live(operation, plan, deployed, tools)
