"""Votes about a plan: who may vote, how many are needed, when it is too late."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from quaymaster.errors import Conflict, NotAllowed
from quaymaster.signed import Signed


class OtherPlan(Conflict):
    """The vote is about another plan than the one that is there."""


class Choice(StrEnum):
    """What a voter can say."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's final word about one plan, signed by the bot that took the click."""

    operation: int
    plan: str
    """The hash of the plan that the voter was shown."""
    voter: str
    choice: Choice
    at: datetime


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """How votes are counted, frozen with the plan: a later change of the configuration changes the
    revision and the worker refuses, it never re-counts.
    """

    needed: int
    expires_at: datetime
    requester: str
    from_roles: tuple[str, ...] = ()
    channel: str | None = None
    own_request_counts: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """The votes about one plan and the rule that they are counted by."""

    plan_hash: str
    rule: ApprovalRule
    signed_votes: tuple[Signed[Vote], ...] = ()

    @property
    def votes(self) -> tuple[Vote, ...]:
        """In the order in which they were given."""
        return tuple(vote.value for vote in self.signed_votes)

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
        return self.rejected_by is None and len(self.approvers) >= self.rule.needed

    def missing(self) -> int:
        """How many approvals are still needed."""
        return max(0, self.rule.needed - len(self.approvers))

    def check(self, vote: Vote) -> None:
        """Whether one more vote would count.

        Raises NotAllowed for the requester's own approval and Conflict for a second or a late
        vote, and for one about another plan. Whether the voter's roles allow it is policy's
        question, asked before.
        """
        if vote.plan != self.plan_hash:
            raise OtherPlan(
                "The plan has changed since this card was posted, so your vote was not counted.",
                next_step="Look at the card again: it shows what would run now.",
            )
        if vote.at >= self.rule.expires_at:
            raise Conflict(
                "This approval has expired.", next_step="Ask for the deploy again to get a new one."
            )
        if any(earlier.voter == vote.voter for earlier in self.votes):
            raise Conflict("You have voted already.", why="A vote is final.")
        if self.rejected_by is not None or self.is_granted:
            raise Conflict(
                "This has already been decided.", why="Your vote came after the decision."
            )
        own = vote.voter == self.rule.requester
        if own and vote.choice is Choice.APPROVE and not self.rule.own_request_counts:
            raise NotAllowed(
                "You asked for this, so your own approval does not count.",
                next_step="Ask one of the approvers named on the card.",
            )

    def with_vote(self, signed: Signed[Vote]) -> Self:
        """The approval with one more vote. Raises what ``check`` raises."""
        self.check(signed.value)
        return replace(self, signed_votes=(*self.signed_votes, signed))
