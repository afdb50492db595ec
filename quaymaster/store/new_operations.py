"""How an operation begins: from who asks for what, where, and when.

Commands, clicks, schedules, plans that have to be made again, and what workers observe all begin
here, as values. The bot alone records them: it has the key that signs a request.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from quaymaster.actors import PRODUCT, Actor
from quaymaster.configuration.configuration import Configuration
from quaymaster.drift import Drift, DriftKind
from quaymaster.errors import Problem
from quaymaster.image_ref import ImageRef
from quaymaster.operations import Operation, Origin, State, Submission
from quaymaster.outcomes import Ended, Failed, Outcome
from quaymaster.request_revision import revision_for
from quaymaster.requests import DeployRequest, DriftRequest, Request
from quaymaster.routing import first_step
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.standings import LookedUp
from quaymaster.store.formats import SUBMISSION

_OPENED_FOR = "superseded-"
"""How the delivery begins of an operation that was opened for another one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, who made it, where, and in which delivery it came."""

    request: Request
    actor: Actor
    origin: Origin


@dataclass(frozen=True, slots=True)
class Report:
    """What the product tells by itself: an operation that has already ended."""

    asked: Asked
    state: State
    outcome: Outcome


def new_operation(
    number: int,
    incoming: Asked,
    configuration: Configuration,
    now: datetime,
    key: SigningKey,
    *,
    state: State,
    outcome: Outcome | None = None,
    standings: tuple[Signed[LookedUp], ...] = (),
) -> Operation:
    """The first version of an operation with this number; the request is signed with ``key``.

    ``outcome`` is that of a report, ``standings`` who asked, where that was looked up. Raises
    UsageError where the environment or host is not configured.
    """
    stage, queue = first_step(incoming.request, configuration)
    submission = Submission(
        id=number,
        request=incoming.request,
        actor=incoming.actor,
        origin=incoming.origin,
        configuration_revision=revision_for(incoming.request, configuration),
        queue=queue,
        requested_at=now,
    )
    return Operation(
        submission=SUBMISSION.signed(submission, (str(number),), key),
        state=state,
        stage=stage,
        queue=queue,
        changed_at=now,
        outcome=outcome,
        standings=standings,
    )


def asked_again(operation: Operation) -> Asked | None:
    """What is asked for in place of a superseded operation; None where nothing is: not for one that
    was opened so itself, since what changes all the time would never come to an end.
    """
    request, origin = operation.request, operation.origin
    if not isinstance(request, DeployRequest) or origin.delivery.startswith(_OPENED_FOR):
        return None
    image, resolved = request.image, operation.resolved
    if resolved is not None:
        # By the index: of its one image alone nobody could tell which index it is of.
        image = ImageRef(image.repository, image.tag, resolved.named)
    return Asked(
        replace(request, image=image),
        operation.actor,
        Origin(origin.channel, f"{_OPENED_FOR}{operation.id}", origin.thread),
    )


def report_of_drift(observation: Signed[Drift], channel: str) -> Report:
    """What a worker observed about a service, for the audit and a card in this channel.

    Its delivery names the observation, so it is recorded once, however often it is tried.
    """
    drift = observation.value
    origin = Origin(channel, f"drift-{observation.digest}")
    state, outcome = _end_of(drift)
    request = DriftRequest(drift.environment, drift.service)
    return Report(Asked(request, PRODUCT, origin), state, outcome)


def _end_of(drift: Drift) -> tuple[State, Outcome]:
    name = drift.service_ref
    match drift.kind:
        case DriftKind.FOUND:
            problem = Problem(
                f"{name} on {drift.host} differs from its release, and no operation changed it.",
                why=drift.what,
                next_step="Nothing was changed. If this was not intended, deploy the release "
                "again, or undo the change on the host by hand.",
            )
            return State.FAILED, Failed(problem)
        case DriftKind.SETTLED:
            return State.SUCCEEDED, Ended(
                f"A change to {name} had been left unfinished. {drift.what}"
            )
        case DriftKind.OVER:
            return State.SUCCEEDED, Ended(f"{name} matches its release again.")
