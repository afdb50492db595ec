"""A change of a service supersedes its other plans that wait for votes: they are about what ran
before."""

from collections.abc import Iterable

import structlog

from quaymaster.errors import Conflict, Forged, WrittenByNewer
from quaymaster.journal import event_of
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Ended
from quaymaster.plans import Plan
from quaymaster.spelling import listed
from quaymaster.store import records
from quaymaster.store.transactions import ask, perform
from quaymaster.target import ServiceRef
from workers.work.toolbox import Toolbox

log = structlog.get_logger(__name__)

_TRIES = 5
"""A vote may come in between."""


def supersede_waiting(by: Operation, plan: Plan, tools: Toolbox) -> None:
    """End them, and say on their cards which operation it was. To be called before the change is
    recorded: whoever dies in between is recovered, and does it again. What is approved and queued
    finds out by itself. Raises Unavailable.
    """
    for operation_id in ask(tools.connection, records.open_ids()):
        if operation_id != by.id:
            _supersede(operation_id, by, plan, tools)


def superseded_by(number: int, services: Iterable[ServiceRef]) -> Ended:
    """How a plan of these services ends that another operation has overtaken."""
    return Ended(
        f"#{number} changed {listed(map(str, services))} since the plan was made, so the plan "
        "is no longer about what runs. This one changed nothing.",
        next_step="Ask for it again if it is still wanted.",
    )


def _supersede(operation_id: int, by: Operation, plan: Plan, tools: Toolbox) -> None:
    for _ in range(_TRIES):
        waiting = _waiting(operation_id, tools)
        shared = _shared(waiting, plan)
        if waiting is None or not shared:
            return
        outcome = superseded_by(by.id, shared)
        after = waiting.moved(State.SUPERSEDED, tools.now(), outcome=outcome)
        event = event_of(after, detail=f"by #{by.id}")
        try:
            perform(tools.connection, records.move(waiting, after, event, tools.keys.private))
        except Conflict:
            continue
        log.info("superseded", operation=operation_id, by=by.id)
        return


def _waiting(operation_id: int, tools: Toolbox) -> Operation | None:
    """The operation, if it waits for votes."""
    try:
        stored = ask(tools.connection, records.load(operation_id, tools.keys.ring))
    except (Forged, WrittenByNewer):
        return None
    if stored is None or stored.operation.state is not State.AWAITING_APPROVAL:
        return None
    return stored.operation


def _shared(waiting: Operation | None, plan: Plan) -> tuple[ServiceRef, ...]:
    """The services that both plans are about."""
    other = waiting.plan if waiting is not None else None
    if other is None:
        return ()
    return tuple(service for service in other.services if service in plan.services)
