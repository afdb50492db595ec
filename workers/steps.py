"""What a job can end with, and the record that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from quaymaster import bounds
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Outcome
from quaymaster.plans import DeployPlan, Examined
from quaymaster.signing_key import SigningKey
from quaymaster.store.operation_fields import examined_of, plan_of
from quaymaster.store.transactions import Command


@dataclass(frozen=True, slots=True)
class Finished:
    """The operation has ended. ``also`` is stored in the same transaction."""

    outcome: Outcome
    state: State = State.SUCCEEDED
    also: Sequence[Command] = ()


@dataclass(frozen=True, slots=True)
class Continues:
    """Another job does the next stage, maybe elsewhere."""

    stage: Stage
    queue: str
    examined: Examined | None = None
    plan: DeployPlan | None = None


@dataclass(frozen=True, slots=True)
class AwaitsApproval:
    """People decide; no worker waits for them."""

    plan: DeployPlan


@dataclass(frozen=True, slots=True)
class Bakes:
    """It is live, and will be looked at once more."""

    interim: Outcome
    look_at: datetime


Step = Finished | Continues | AwaitsApproval | Bakes


def after(operation: Operation, step: Step, now: datetime, key: SigningKey) -> Operation:
    """The next version of the record; what is new in it is bounded, and signed with this key."""
    match step:
        case Finished():
            return operation.moved(step.state, now, outcome=bounds.outcome(step.outcome))
        case Continues():
            return operation.queued(
                step.stage,
                step.queue,
                now,
                signed_examined=examined_of(operation, bounds.examined(step.examined), key)
                if step.examined
                else operation.signed_examined,
                signed_plan=plan_of(operation, _bounded(step.plan), key)
                if step.plan
                else operation.signed_plan,
            )
        case AwaitsApproval():
            return operation.moved(
                State.AWAITING_APPROVAL,
                now,
                signed_plan=plan_of(operation, _bounded(step.plan), key),
            )
        case Bakes():
            return operation.moved(
                State.BAKING,
                now,
                interim=bounds.outcome(step.interim),
                look_at=step.look_at,
                stage=Stage.LOOK,
            )
        case _:
            assert_never(step)


def _bounded(plan: DeployPlan) -> DeployPlan:
    return replace(plan, examined=bounds.examined(plan.examined))
