"""Votes about a plan."""

from dataclasses import replace
from datetime import timedelta

import pytest

from quaymaster.approvals import Approval, Choice, OtherPlan, Vote
from quaymaster.errors import Conflict, NotAllowed
from quaymaster.store.formats import VOTE
from testing.keys import BOT_KEY
from testing.samples import ALICE, NOW, approval, vote


def cast(about: Approval, given: Vote) -> Approval:
    """The approval with a vote about its plan, signed by the bot."""
    meant = replace(given, plan=about.plan_hash)
    place = (str(meant.operation), meant.plan)
    return about.with_vote(VOTE.signed(meant, place, BOT_KEY))


def test_it_is_granted_when_enough_people_approved() -> None:
    one = cast(approval(), vote("U0BOB"))
    assert (one.is_granted, one.missing()) == (False, 1)
    two = cast(one, vote("U0CAROL"))
    assert two.is_granted
    assert two.approvers == ("U0BOB", "U0CAROL")


def test_a_second_vote_of_the_same_person_is_refused() -> None:
    with pytest.raises(Conflict, match="voted already"):
        cast(cast(approval(), vote("U0BOB")), vote("U0BOB"))


def test_the_requesters_own_approval_does_not_count() -> None:
    with pytest.raises(NotAllowed):
        cast(approval(), vote(ALICE.user))


def test_the_requesters_own_approval_counts_where_configured() -> None:
    one_is_enough = approval(needed=1, own_request_counts=True)
    assert cast(one_is_enough, vote(ALICE.user)).is_granted


def test_the_requester_can_withdraw() -> None:
    withdrawn = cast(approval(), vote(ALICE.user, Choice.REJECT))
    assert withdrawn.rejected_by == ALICE.user


def test_rejecting_records_who_rejected_and_is_final() -> None:
    rejected = cast(approval(), vote("U0BOB", Choice.REJECT))
    assert rejected.rejected_by == "U0BOB"
    assert not rejected.is_granted
    with pytest.raises(Conflict, match="decided"):
        cast(rejected, vote("U0CAROL"))


def test_a_late_vote_is_refused() -> None:
    with pytest.raises(Conflict, match="expired"):
        cast(approval(), vote("U0BOB", at=NOW + timedelta(hours=4)))


def test_a_vote_about_another_plan_is_refused() -> None:
    shown = replace(vote("U0BOB"), plan="0" * 64)
    with pytest.raises(OtherPlan, match="changed since this card"):
        approval().with_vote(VOTE.signed(shown, ("1042", shown.plan), BOT_KEY))
