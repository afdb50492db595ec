"""The part of an operation that every move writes: how far it is, and which parts belong to it.

The parts (what was asked for, the plan, the votes …) are signed by themselves, stored once beside
the record, and named in it by the digest of their text: none can be exchanged or left out.
"""

from dataclasses import dataclass
from datetime import datetime

from quaymaster.operations import Stage, State
from quaymaster.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Record:
    """Everything about an operation that changes by moves."""

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
