"""The part of an operation that every state change writes: its progress, and which parts it has.

The parts (the request, the plan, the votes …) are signed separately and stored once beside the
record. The record names each by the digest of its text, so none can be exchanged or omitted.
"""

from dataclasses import dataclass
from datetime import datetime

from quaymaster.operations import Stage, State
from quaymaster.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Record:
    """Everything about an operation that state changes can alter."""

    id: int
    version: int
    state: State
    stage: Stage
    queue: str
    changed_at: datetime
    attempt: int
    deaths: int
    submission: str
    resolved: str | None
    examined: str | None
    plan: str | None
    votes: tuple[str, ...]
    standings: tuple[str, ...]
    scan_order: str | None
    look_at: datetime | None
    started_at: datetime | None
    outcome: Outcome | None
    interim: Outcome | None
