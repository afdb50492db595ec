"""Events for the audit, sealed by whoever made them, before they are chained.

An event is written in the same transaction as the change that it tells of. The auditor
(``quaymaster.audit``) links the events into the chain, and refuses those without a valid seal.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import TypeAdapter

from quaymaster.operations import Operation
from quaymaster.seals import Sealer


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an operation: who, what, when."""

    operation: int
    version: int
    what: str
    """A state, or “vote”, “cancel asked” and the like."""
    actor: str
    """A Slack user id, or “quaymaster” for what the product does by itself."""
    at: datetime
    detail: str = ""
    environment: str = ""
    seal: str = ""

    def sealed(self, sealer: Sealer) -> Self:
        """The event as it is written."""
        return type(self)(
            self.operation,
            self.version,
            self.what,
            self.actor,
            self.at,
            self.detail,
            self.environment,
            sealer.seal("event", *self._covered()),
        )

    def check(self, sealer: Sealer) -> None:
        """Raise Forged unless a process with the secret key wrote exactly this."""
        sealer.check(self.seal, "event", *self._covered())

    def as_json(self) -> str:
        """One line."""
        return _EVENT.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Event":
        """Read what ``as_json`` wrote."""
        return _EVENT.validate_json(text)

    def _covered(self) -> tuple[str, ...]:
        return (
            str(self.operation),
            str(self.version),
            self.what,
            self.actor,
            self.at.isoformat(),
            self.detail,
            self.environment,
        )


PRODUCT = "quaymaster"
"""The actor of what the product does by itself."""


def event_of(
    operation: Operation, sealer: Sealer, *, actor: str = PRODUCT, detail: str = "", what: str = ""
) -> Event:
    """The sealed event of a move: the operation as it is after it."""
    return Event(
        operation.id,
        operation.version,
        what or operation.state.value,
        actor,
        operation.changed_at,
        detail or operation.request.verb,
        getattr(operation.request, "environment", None) or "",
    ).sealed(sealer)


_EVENT = TypeAdapter(Event)
