"""What a job can end with, and the record that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from quaymaster import bounds
from quaymaster.admitted import Admitted
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Outcome
from quaymaster.plans import Examined, Plan, Resolved
from quaymaster.queues import target_queue
from quaymaster.signing_key import SigningKey
from quaymaster.store import scan_orders
from quaymaster.store.operation_fields import examined_of, plan_of, resolved_of
from quaymaster.store.transactions import Command


@dataclass(frozen=True, slots=True)
class Finished:
    """The operation has ended. ``also`` is stored in the same transaction."""

    outcome: Outcome
    state: State = State.SUCCEEDED
    also: Sequence[Command] = ()
    examined: Examined | None = None
    """What was found out about the image of a deploy that ends here."""


@dataclass(frozen=True, slots=True)
class Continues:
    """Another job does the next stage."""

    stage: Stage
    queue: str


@dataclass(frozen=True, slots=True)
class OrdersScan:
    """The scanner looks at the image; no worker waits for it."""

    resolved: Resolved
    then: Stage
    """What is done when it has answered."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan is ready and allowed. People vote on it, and no worker waits for them; if nobody has
    to agree, apply comes next.
    """

    plan: Plan
    admitted: Admitted


@dataclass(frozen=True, slots=True)
class Bakes:
    """It is live, and will be looked at once more."""

    interim: Outcome
    verify_at: datetime


@dataclass(frozen=True, slots=True)
class Returns:
    """The bot goes on: it looks people up again, or asks for a new plan where there is an end."""

    end: Ended | None = None


Step = Finished | Continues | OrdersScan | Planned | Returns | Bakes


def after(operation: Operation, step: Step, now: datetime, key: SigningKey) -> Operation:
    """The next version of the record; what is new in it is bounded, and signed with this key."""
    match step:
        case Finished():
            return operation.moved(
                step.state,
                now,
                outcome=bounds.outcome(step.outcome),
                signed_examined=examined_of(operation, bounds.examined(step.examined), key)
                if step.examined
                else operation.signed_examined,
            )
        case Continues():
            return operation.queued(step.stage, step.queue, now)
        case OrdersScan():
            resolved = resolved_of(operation, step.resolved, key)
            return operation.scanning(step.then, now, signed_resolved=resolved)
        case Planned():
            return _planned(operation, step.plan, now, key)
        case Returns():
            return operation.moved(State.RETURNED, now, outcome=step.end)
        case Bakes():
            return operation.moved(
                State.BAKING,
                now,
                interim=bounds.outcome(step.interim),
                verify_at=step.verify_at,
                stage=Stage.VERIFY,
            )
        case _:
            assert_never(step)


def _planned(operation: Operation, plan: Plan, now: datetime, key: SigningKey) -> Operation:
    changes = (replace(one, examined=bounds.examined(one.examined)) for one in plan.changes)
    bounded = replace(plan, changes=tuple(changes))
    signed = plan_of(operation, bounded, key)
    if plan.rule is None:
        return operation.queued(Stage.APPLY, target_queue(plan.target), now, signed_plan=signed)
    return operation.moved(State.AWAITING_APPROVAL, now, signed_plan=signed)


def also_stored(after_it: Operation, step: Step, key: SigningKey) -> Sequence[Command]:
    """What is stored in the same transaction as the record that followed from a step."""
    match step:
        case Finished():
            return step.also
        case OrdersScan():
            return scan_orders.placed(scan_orders.order_of(after_it), key)
        case Continues() | Planned() | Returns() | Bakes():
            return ()
        case _:
            assert_never(step)
