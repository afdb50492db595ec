"""The record of an operation: a request with an id, an actor and a state.

The record is the truth; the queue carries only its id. Every move between states goes through
``Operation.moved`` and is stored by compare-and-set on ``version``.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from quaymaster.actors import Actor, SlackUser
from quaymaster.approvals import Approval, Vote
from quaymaster.errors import Conflict
from quaymaster.outcomes import Outcome
from quaymaster.plans import Examined, Plan, Resolved
from quaymaster.progress import Progress
from quaymaster.requests import Request
from quaymaster.signed import Signed
from quaymaster.stages import Stage as Stage
from quaymaster.standings import LookedUp
from quaymaster.subjects import OperationSubject


class State(StrEnum):
    """Where an operation is."""

    ACCEPTED = "accepted"
    """Recorded; who asked is not looked up yet."""
    QUEUED = "queued"
    RUNNING = "running"
    SCANNING = "scanning"
    """The scanner has its image; no worker waits for it."""
    AWAITING_APPROVAL = "awaiting_approval"
    RETURNED = "returned"
    """Back with the bot: people are looked up again, or a new plan is asked for."""
    BAKING = "baking"
    """Live, and looked at once more before it counts as released."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The worker died; the outcome says what was found."""
    REFUSED = "refused"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing comes after it."""
        return not ALLOWED_MOVES[self]

    @property
    def predicate(self) -> str:
        """What is said of an operation in this state: “has failed”, after its number."""
        return _PREDICATES[self]


_PREDICATES = {
    State.ACCEPTED: "is accepted",
    State.QUEUED: "is queued",
    State.RUNNING: "is running",
    State.SCANNING: "is being scanned",
    State.AWAITING_APPROVAL: "waits for approval",
    State.RETURNED: "is being checked once more",
    State.BAKING: "is live and being watched",
    State.SUCCEEDED: "has succeeded",
    State.FAILED: "has failed",
    State.UNKNOWN: "has ended, with an unknown outcome",
    State.REFUSED: "was refused",
    State.REJECTED: "was rejected",
    State.EXPIRED: "has expired",
    State.CANCELLED: "was cancelled",
    State.SUPERSEDED: "was superseded",
}

_ENDS = frozenset({State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.CANCELLED})

ALLOWED_MOVES: dict[State, frozenset[State]] = {
    State.ACCEPTED: frozenset({State.QUEUED, State.REFUSED, State.CANCELLED, State.FAILED}),
    State.QUEUED: frozenset({State.QUEUED, State.RUNNING, State.UNKNOWN, State.CANCELLED})
    | {State.FAILED},
    State.RUNNING: _ENDS
    | {
        State.QUEUED,
        State.RUNNING,
        State.SCANNING,
        State.AWAITING_APPROVAL,
        State.RETURNED,
        State.BAKING,
        State.REFUSED,
        State.SUPERSEDED,
    },
    State.SCANNING: frozenset(
        {State.QUEUED, State.RUNNING, State.CANCELLED, State.FAILED, State.UNKNOWN}
    ),
    State.AWAITING_APPROVAL: frozenset(
        {
            State.AWAITING_APPROVAL,
            State.QUEUED,
            State.REJECTED,
            State.EXPIRED,
            State.CANCELLED,
            State.REFUSED,
            State.SUPERSEDED,
        }
    ),
    State.RETURNED: frozenset(
        {State.QUEUED, State.REFUSED, State.CANCELLED, State.FAILED, State.SUPERSEDED}
    ),
    State.BAKING: frozenset({State.QUEUED, State.UNKNOWN, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.UNKNOWN: frozenset(),
    State.REFUSED: frozenset(),
    State.REJECTED: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
    State.SUPERSEDED: frozenset(),
}
"""Every legal move. A state without any is terminal."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the command was typed, and which delivery brought it."""

    channel: str
    delivery: str
    """Slack's ``trigger_id`` or ``event_id``: what a repeated delivery is recognised by."""
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """Who asked for what, when and where: signed by the bot, and never changed."""

    id: int
    request: Request
    actor: Actor
    origin: Origin
    configuration_revision: str
    queue: str
    """Where it is worked at; a tag that is not in the registry goes on at its host's."""
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Somebody asked to stop an operation that runs: signed by the bot, which took the click."""

    operation: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its signed parts, and how far it is.

    ``progress``, ``cancel_asked_by``, ``page`` and ``is_committed`` are stored beside the record
    (they change without a move), and are filled in when it is loaded.
    """

    submission: Signed[Submission]
    state: State
    stage: Stage
    queue: str
    changed_at: datetime
    version: int = 1
    attempt: int = 1
    """Counts the jobs that were queued for it; each job id is used once."""
    crashes: int = 0
    """How often a worker died with it."""
    signed_resolved: Signed[Resolved] | None = None
    signed_examined: Signed[Examined] | None = None
    signed_plan: Signed[Plan] | None = None
    votes: tuple[Signed[Vote], ...] = ()
    standings: tuple[Signed[LookedUp], ...] = ()
    """Requester and voters, each as they were looked up last."""
    scan_order: str | None = None
    """The order of its latest scan."""
    verify_at: datetime | None = None
    started_at: datetime | None = None
    outcome: Outcome | None = None
    interim: Outcome | None = None
    """What a deploy achieved, while its bake window is still open."""
    progress: Progress | None = None
    cancel_asked_by: str | None = None
    page: int = 0
    is_committed: bool = False
    """What has begun to change is brought to its end: nobody can cancel any more."""

    @property
    def id(self) -> int:
        """The short number that people say."""
        return self.submission.value.id

    @property
    def subject(self) -> OperationSubject:
        """What the courier calls it."""
        return OperationSubject(self.id)

    @property
    def request(self) -> Request:
        """What was asked for."""
        return self.submission.value.request

    @property
    def actor(self) -> Actor:
        """Who asked."""
        return self.submission.value.actor

    @property
    def requester(self) -> str:
        """The id of the actor, which approvals and the audit compare with those of people."""
        return self.actor.id

    @property
    def person(self) -> SlackUser | None:
        """The actor, if it is a person: only people have a standing and can get messages."""
        return self.actor if isinstance(self.actor, SlackUser) else None

    @property
    def origin(self) -> Origin:
        """Where it was asked."""
        return self.submission.value.origin

    @property
    def configuration_revision(self) -> str:
        """The revision of the environment that it changes, in the bot's configuration; empty if it
        changes none.
        """
        return self.submission.value.configuration_revision

    @property
    def requested_at(self) -> datetime:
        """When it was asked."""
        return self.submission.value.requested_at

    @property
    def resolved(self) -> Resolved | None:
        """What the name of the image meant."""
        return self.signed_resolved.value if self.signed_resolved else None

    @property
    def examined(self) -> Examined | None:
        """What is known about the image."""
        return self.signed_examined.value if self.signed_examined else None

    @property
    def plan(self) -> Plan | None:
        """What will change."""
        return self.signed_plan.value if self.signed_plan else None

    @property
    def approval(self) -> Approval | None:
        """The votes about the plan, where somebody has to agree to it."""
        plan = self.signed_plan
        if plan is None or plan.value.rule is None:
            return None
        return Approval(plan.digest, plan.value.rule, self.votes)

    def moved(self, state: State, now: datetime, **changes: Any) -> Self:
        """The next version of the record in another state.

        Raises Conflict when the move is not legal: somebody else was first.
        """
        if state not in ALLOWED_MOVES[self.state]:
            raise Conflict(
                f"Somebody else was faster: #{self.id} {self.state.predicate}.",
                next_step=f"`/image status` or the card of #{self.id} shows what happened.",
            )
        return replace(self, state=state, changed_at=now, version=self.version + 1, **changes)

    def queued(self, stage: Stage, queue: str, now: datetime, **changes: Any) -> Self:
        """Ready for the next job, under a job id that was never used."""
        return self.moved(
            State.QUEUED, now, stage=stage, queue=queue, attempt=self.attempt + 1, **changes
        )

    def scanning(self, stage: Stage, now: datetime, **changes: Any) -> Self:
        """In the scanner's hands, with an order that was never used; the stage comes after it."""
        attempt = self.attempt + 1
        return self.moved(
            State.SCANNING,
            now,
            stage=stage,
            attempt=attempt,
            scan_order=f"{self.id}-{attempt}",
            **changes,
        )

    @property
    def interruption(self) -> str:
        """What broke off a job that somebody has to look after, as the beginning of a sentence."""
        return "The worker died" if self.crashes else "The worker lost its database"

    @property
    def job_id(self) -> str:
        """RQ allows letters, digits, ``_`` and ``-`` in a job id; each attempt has its own."""
        return f"operation-{self.id}-{self.attempt}"
