"""What has messages of its own in Slack, by a typed id such as “operation:1042”.

A subject is a name: what it stands for is loaded and drawn by kind (``bot/courier/pictures.py``).
An alert is a message of the scan that found it, and a report of drift is an operation.
"""

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, order=True)
class OperationSubject:
    """An operation, by its number."""

    operation: int

    def __str__(self) -> str:
        return f"operation:{self.operation}"


@dataclass(frozen=True, slots=True, order=True)
class AuditDigest:
    """The message that names the audit's newest hash on one day (UTC)."""

    day: date

    def __str__(self) -> str:
        return f"digest:audit:{self.day.isoformat()}"


Subject = OperationSubject | AuditDigest

_OPERATION = re.compile(r"operation:(0|[1-9][0-9]{0,14})")
_DIGEST = re.compile(r"digest:audit:([0-9]{4}-[0-9]{2}-[0-9]{2})")


def parse_subject(text: str) -> Subject | None:
    """Read an id exactly as Quaymaster writes it; None for anything else, such as a kind that only
    a later version knows.
    """
    if match := _OPERATION.fullmatch(text):
        return OperationSubject(int(match[1]))
    if match := _DIGEST.fullmatch(text):
        try:
            return AuditDigest(date.fromisoformat(match[1]))
        except ValueError:
            return None
    return None
