"""A change of a service supersedes its other plans that wait for votes: they are about what ran
before."""

import structlog

from quaymaster.errors import Conflict, Forged, WrittenByNewer
from quaymaster.journal import event_of
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Ended
from quaymaster.plans import DeployPlan
from quaymaster.store import records
from quaymaster.store.transactions import ask, perform
from workers.toolbox import Toolbox

log = structlog.get_logger(__name__)

_TRIES = 5
"""A vote may come in between."""


def supersede_waiting(by: Operation, plan: DeployPlan, tools: Toolbox) -> None:
    """End them, and say on their cards which operation it was. To be called before the change is
    recorded: whoever dies in between is recovered, and does it again. What is approved and queued
    finds out by itself. Raises Unavailable.
    """
    for operation_id in ask(tools.connection, records.open_ids()):
        if operation_id != by.id:
            _supersede(operation_id, by, plan, tools)


def superseded_by(number: int, plan: DeployPlan) -> Ended:
    """How a plan ends that another operation has overtaken."""
    return Ended(
        f"#{number} changed {plan.service_ref} since the plan was made, so the plan "
        "is no longer about what runs. This one changed nothing.",
        next_step="Ask for it again if it is still wanted.",
    )


def _supersede(operation_id: int, by: Operation, plan: DeployPlan, tools: Toolbox) -> None:
    for _ in range(_TRIES):
        waiting = _waiting(operation_id, plan, tools)
        if waiting is None:
            return
        outcome = superseded_by(by.id, plan)
        after = waiting.moved(State.SUPERSEDED, tools.now(), outcome=outcome)
        event = event_of(after, detail=f"by #{by.id}")
        try:
            perform(tools.connection, records.move(waiting, after, event, tools.keys.private))
        except Conflict:
            continue
        log.info("superseded", operation=operation_id, by=by.id)
        return


def _waiting(operation_id: int, plan: DeployPlan, tools: Toolbox) -> Operation | None:
    """The operation, if it waits for votes about a plan of the same service."""
    try:
        stored = ask(tools.connection, records.load(operation_id, tools.keys.ring))
    except (Forged, WrittenByNewer):
        return None
    if stored is None or stored.operation.state is not State.AWAITING_APPROVAL:
        return None
    other = stored.operation.plan
    is_same = other is not None and other.service_ref == plan.service_ref
    return stored.operation if is_same else None
