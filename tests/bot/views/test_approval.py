"""What a voter reads about the configuration."""

from dataclasses import replace

from bot.views.approval import vote_lines
from bot.views.parts import Mention, mrkdwn
from quaymaster.approvals import Approval
from testing.samples import having
from tests.bot.views.cases import DEPLOY, GRANTED, RULE


def approval(**changes: object) -> Approval:
    """The approval of the deploy, with one vote."""
    found = having(DEPLOY, **changes).approval
    assert found is not None
    return found


def test_who_may_approve_is_told_only_while_it_is_open() -> None:
    assert [mrkdwn(line) for line in vote_lines(approval(), is_open=True)] == [
        "👍 Approved by <@U0ANN>",
        "Waiting for 1 of release-managers (not <@U024BE7LH>)",
    ]
    assert vote_lines(approval(votes=GRANTED), is_open=False) == (
        ("👍 Approved by ", Mention("U0ANN"), ", ", Mention("U0BOB")),
    )


def test_where_no_role_may_approve_the_card_says_so() -> None:
    ruled = replace(RULE, from_roles=(), own_request_counts=True)
    nobody = approval(rule=ruled, votes=())
    assert [mrkdwn(line) for line in vote_lines(nobody, is_open=True)] == [
        "Nobody can approve this"
    ]
