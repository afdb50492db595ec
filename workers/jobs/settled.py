"""A deploy whose worker died: to the nearest wholly-old or wholly-new point, and the truth."""

from quaymaster.errors import Forged
from quaymaster.operations import State
from quaymaster.outcomes import Deployed, Lost
from workers.jobs.apply import is_result_of, live
from workers.running import Running, service_lease
from workers.settle import settle
from workers.sole_change import sole_change
from workers.steps import Finished, Step
from workers.toolbox import Toolbox


def settle_service(running: Running, tools: Toolbox) -> Step:
    """Finish a switch that was made, take back one that was not, and say which it was."""
    operation = running.operation
    plan = operation.plan
    if plan is None:
        raise Forged("There is no plan, so nothing was done.")
    engine = tools.engine_of(plan.target)
    change = sole_change(plan)
    with service_lease(running, change.service_ref) as still_mine:
        settled = settle(engine, change.service_ref, still_mine)
    serving = settled.serving
    if serving is None or not is_result_of(change, serving):
        what = (
            f"{operation.interruption} while it deployed. Its changes were undone. {settled.words}"
        )
        return Finished(Lost(what, "Ask for it again."), State.UNKNOWN)
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
