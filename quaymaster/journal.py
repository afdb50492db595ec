"""Events for the audit, signed by whoever made them, before they are chained.

An event is written in the same transaction as the change that it tells of. The auditor
(``quaymaster.audit.auditor``) links the events into the chain, and refuses those without a valid
signature and those that it has already.
"""

from dataclasses import dataclass
from datetime import datetime

from quaymaster.actors import PRODUCT
from quaymaster.operations import Operation


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an operation: who, what, when.

    There is one of each kind in each version of an operation.
    """

    operation: int
    version: int
    what: str
    """Its kind: a state, or “vote”, “cancel asked” and the like."""
    actor: str
    """The id of an actor: see ``actors``."""
    at: datetime
    detail: str = ""
    environment: str = ""

    @property
    def place(self) -> tuple[str, ...]:
        """The place that its signature covers: the same in every version of this type."""
        return (str(self.operation), str(self.version), self.what)


def event_of(
    operation: Operation, *, actor: str = PRODUCT.id, detail: str = "", what: str = ""
) -> Event:
    """The event of a move: the operation as it is after it."""
    return Event(
        operation.id,
        operation.version,
        what or operation.state.value,
        actor,
        operation.changed_at,
        detail or operation.request.verb,
        operation.request.facts.environment,
    )
