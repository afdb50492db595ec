"""Votes about a plan: who may vote, how many are needed, when it is too late."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from quaymaster.errors import Conflict, Forged, NotAllowed
from quaymaster.seals import Sealer


class Choice(StrEnum):
    """What a voter can say."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's final word about one plan, sealed by the bot that took the click."""

    voter: str
    choice: Choice
    at: datetime
    seal: str

    @classmethod
    def sealed(
        cls,
        sealer: Sealer,
        *,
        operation: int,
        plan_hash: str,
        voter: str,
        choice: Choice,
        at: datetime,
    ) -> Self:
        """A vote as the bot records it."""
        covered = _covered(operation, plan_hash, voter, choice, at)
        return cls(voter, choice, at, sealer.seal("vote", *covered))

    def check(self, sealer: Sealer, *, operation: int, plan_hash: str) -> None:
        """Raise Forged unless the bot sealed this vote for this operation and this plan."""
        covered = _covered(operation, plan_hash, self.voter, self.choice, self.at)
        sealer.check(self.seal, "vote", *covered)


@dataclass(frozen=True, slots=True)
class Approval:
    """The votes about one plan and the rule that they are counted by.

    The rule is frozen with the plan: a later change of the configuration changes the revision
    and the worker refuses, it never re-counts.
    """

    plan_hash: str
    needed: int
    expires_at: datetime
    requester: str
    from_roles: tuple[str, ...] = ()
    channel: str | None = None
    own_request_counts: bool = False
    votes: tuple[Vote, ...] = ()

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who approved, in the order of their votes."""
        return tuple(vote.voter for vote in self.votes if vote.choice is Choice.APPROVE)

    @property
    def rejected_by(self) -> str | None:
        """Who rejected, if somebody did."""
        return next((v.voter for v in self.votes if v.choice is Choice.REJECT), None)

    @property
    def is_granted(self) -> bool:
        """Enough approvals and no rejection."""
        return self.rejected_by is None and len(self.approvers) >= self.needed

    def missing(self) -> int:
        """How many approvals are still needed."""
        return max(0, self.needed - len(self.approvers))

    def with_vote(self, vote: Vote) -> Self:
        """The approval with one more vote.

        Raises NotAllowed for the requester's own approval and Conflict for a second or a late
        vote. Whether the voter's roles allow it is policy's question, asked before.
        """
        if vote.at >= self.expires_at:
            raise Conflict(
                "This approval has expired.", next_step="Ask for the deploy again to get a new one."
            )
        if any(earlier.voter == vote.voter for earlier in self.votes):
            raise Conflict("You have voted already.", why="A vote is final.")
        if self.rejected_by is not None or self.is_granted:
            raise Conflict("This has been decided already.", why="Your vote came after the last.")
        own = vote.voter == self.requester
        if own and vote.choice is Choice.APPROVE and not self.own_request_counts:
            raise NotAllowed(
                "You asked for this, so your own approval does not count.",
                next_step="Ask one of the approvers named on the card.",
            )
        return replace(self, votes=(*self.votes, vote))

    def check_seals(self, sealer: Sealer, operation: int) -> None:
        """Raise Forged unless every vote was sealed for this plan and nobody is counted twice."""
        for vote in self.votes:
            vote.check(sealer, operation=operation, plan_hash=self.plan_hash)
        if len({vote.voter for vote in self.votes}) != len(self.votes):
            raise Forged(
                "One voter is counted twice, so the approval is not acted upon.",
                next_step="Tell whoever runs Quaymaster.",
            )


def _covered(
    operation: int, plan_hash: str, voter: str, choice: Choice, at: datetime
) -> tuple[str, ...]:
    """What the seal of a vote is over."""
    return (str(operation), plan_hash, voter, choice, at.isoformat())
