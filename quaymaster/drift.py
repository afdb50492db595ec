"""What a look at a service found that no operation did: workers observe it, the bot makes an
operation of it, so that it is in the audit and on a card.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quaymaster.target import DockerHost, OfService, TargetRef


class DriftKind(StrEnum):
    """What was found."""

    FOUND = "found"
    """It is not as it was released. Somebody did that, and it is left alone."""
    SETTLED = "settled"
    """An operation of ours had left it half-way, and it was brought in order."""
    OVER = "over"
    """It is as it was released again."""


@dataclass(frozen=True, slots=True)
class Drift(OfService):
    """The latest that was found about a service."""

    environment: str
    service: str
    host: str
    kind: DriftKind
    what: str
    """In sentences, as they came: names of containers are somebody else's."""
    at: datetime

    @property
    def target(self) -> TargetRef:
        """Where it was checked."""
        return DockerHost(self.host)
