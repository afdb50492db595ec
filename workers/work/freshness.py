"""Whether the work of an operation may start: Redis can hold what ended long ago.

A process with write access to Redis can put an old record back, with all its valid signatures. What
has ended, is too old, or was voted for too late does not start. Recovering, and looking again at
what was begun, is never kept from anybody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from quaymaster.audit.tail import ended_in_audit
from quaymaster.errors import Problem
from quaymaster.key_ring import CLOCK_SKEW
from quaymaster.operations import Operation, Stage, State
from quaymaster.quantities import duration_in_words
from workers.work.toolbox import Toolbox

_NOTHING_DONE = "Nothing was done."


@dataclass(frozen=True, slots=True)
class FreshnessFacts:
    """What the answer depends on apart from the operation itself."""

    now: datetime
    valid_for: timedelta
    """So long after its request the work may start."""
    ended: State | None
    """How the audit says that it has ended, if it has."""


def why_not_started(operation: Operation, tools: Toolbox) -> Problem | None:
    """Why the present stage may not start, or nothing; asked only for stages that begin something.

    Raises Forged where the audit does not hold back to the request, and Unavailable.
    """
    if operation.stage in (Stage.RECOVER, Stage.VERIFY):
        return None
    now, ring = tools.now(), tools.keys.ring
    ended = ended_in_audit(tools.connection, ring, operation.id, operation.requested_at, now)
    return refusal(operation, FreshnessFacts(now, tools.configuration.requests_valid_for, ended))


def refusal(operation: Operation, facts: FreshnessFacts) -> Problem | None:
    """Why nothing of it may start, if so. Pure."""
    age = facts.now - operation.requested_at
    if facts.ended is not None:
        return Problem(
            f"#{operation.id} had already ended; something put it back into the queue. "
            f"{_NOTHING_DONE}",
            why=f"The audit says that it {facts.ended.predicate}.",
            next_step="Tell your Quaymaster administrator; `quaymaster audit verify` shows more.",
        )
    if age > facts.valid_for:
        return Problem(
            f"#{operation.id} was requested more than {duration_in_words(facts.valid_for)} ago. "
            f"{_NOTHING_DONE}",
            why="A request expires after that time (`defaults.requests_valid_for`).",
            next_step="Ask for it again.",
        )
    if -age > CLOCK_SKEW:
        return Problem(
            f"#{operation.id} was requested in the future. {_NOTHING_DONE}",
            why="The clock of the bot or of this worker is wrong.",
            next_step="Set the clocks, then ask for it again.",
        )
    return _of_late_votes(operation)


def _of_late_votes(operation: Operation) -> Problem | None:
    approval = operation.approval
    if approval is None:
        return None
    latest = approval.rule.expires_at + CLOCK_SKEW
    late = [vote.voter for vote in approval.votes if vote.at > latest]
    if not late:
        return None
    return Problem(
        f"#{operation.id} got a vote after its approval had expired. {_NOTHING_DONE}",
        next_step="Ask for it again.",
    )
