"""Who somebody was when they were looked up at Slack: signed by the bot, which alone can ask."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from quaymaster.key_ring import CLOCK_SKEW
from quaymaster.policy import Membership, Person
from quaymaster.signed import Signed

VALID_FOR = timedelta(minutes=10)
"""So old a look-up may be when something is carried out."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What Slack said about a person at one moment. Their roles follow from it by the configuration
    of whoever judges.
    """

    operation: int
    user: str
    team: str
    standing: Membership
    groups: tuple[str, ...]
    """The user groups that they were in, of those that a role names."""
    at: datetime

    @classmethod
    def of(cls, operation: int, person: Person, at: datetime) -> Self:
        """The person as they were looked up for an operation."""
        groups = tuple(sorted(person.groups))
        return cls(operation, person.user_id, person.team_id, person.membership, groups, at)

    @property
    def person(self) -> Person:
        """As policy judges them."""
        return Person(self.user, self.team, frozenset(self.groups), self.standing)


def lately(standings: Iterable[Signed[LookedUp]], now: datetime) -> Mapping[str, Person]:
    """Those who were looked up within the last ten minutes."""
    return {
        one.value.user: one.value.person
        for one in standings
        if -CLOCK_SKEW <= now - one.value.at < VALID_FOR
    }


def joined(
    before: Iterable[Signed[LookedUp]], new: Iterable[Signed[LookedUp]]
) -> tuple[Signed[LookedUp], ...]:
    """The newest of each person."""
    return tuple({one.value.user: one for one in (*before, *new)}.values())
