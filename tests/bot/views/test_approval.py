"""What a voter reads about the configuration."""

from dataclasses import replace

from bot.views.approval import configuration_changes, vote_lines
from bot.views.parts import Person, mrkdwn
from quaymaster.approvals import Approval
from quaymaster.capabilities import capabilities
from quaymaster.services import HealthCheck, Limits, ServiceConfiguration, Variable, Volume
from tests.bot.views.cases import DEPLOY, GRANTED, RULE
from tests.samples import having


def approval(**changes: object) -> Approval:
    """The approval of the deploy, with one vote."""
    found = having(DEPLOY, **changes).approval
    assert found is not None
    return found


PLAIN = ServiceConfiguration((Variable("A", "1"), Variable("B", reference="${B}", fingerprint="x")))


def test_equal_configurations_have_no_changes() -> None:
    assert configuration_changes(PLAIN, PLAIN) == ()
    reordered = replace(PLAIN, environment=PLAIN.environment[::-1])
    assert configuration_changes(PLAIN, reordered) == ()


def test_variables_are_told_by_name() -> None:
    after = ServiceConfiguration((Variable("A", "2"), Variable("C", "3")))
    assert configuration_changes(PLAIN, after) == (
        ("adds", ("C",)),
        ("changes", ("A",)),
        ("drops", ("B",)),
    )


def test_a_secret_that_has_another_value_counts_as_changed() -> None:
    rotated = Variable("B", reference="${B}", fingerprint="y")
    after = replace(PLAIN, environment=(PLAIN.environment[0], rotated))
    assert configuration_changes(PLAIN, after) == (("changes", ("B",)),)


def test_other_settings_are_told_with_what_they_become() -> None:
    after = replace(
        PLAIN,
        volumes=(Volume("uploads", "/srv/uploads"),),
        command=("web", "--password=hunter2"),
        health=HealthCheck("/healthz", 8000),
        drain=20.0,
        init=False,
    )
    ((how, names),) = configuration_changes(PLAIN, after)
    assert how == "new"
    assert names == (
        "volumes uploads:/srv/uploads",
        "command",
        "first process the image's own",
        "health check",
        "drain 20 s",
    )


def test_what_it_may_do_is_told_as_a_difference() -> None:
    """Nothing recorded is what Docker gives."""
    usual = replace(
        PLAIN,
        capabilities=capabilities((), ()),
        no_new_privileges=True,
        limits=Limits(pids=4096),
    )
    assert configuration_changes(PLAIN, usual) == (
        ("takes the capabilities", ("AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP")),
        ("new", ("limits 4,096 processes", "privileges cannot be gained")),
    )
    more = replace(usual, capabilities=capabilities(["NET_RAW"], ["CHOWN"]))
    assert configuration_changes(usual, more) == (
        ("gives the capabilities", ("NET_RAW",)),
        ("takes the capabilities", ("CHOWN",)),
    )


def test_who_may_approve_is_told_only_while_it_is_open() -> None:
    assert [mrkdwn(line) for line in vote_lines(approval(), is_open=True)] == [
        "👍 Approved by <@U0ANN>",
        "May approve: release-managers, not the requester",
    ]
    assert vote_lines(approval(votes=GRANTED), is_open=False) == (
        ("👍 Approved by ", Person("U0ANN"), ", ", Person("U0BOB")),
    )


def test_where_no_role_may_approve_the_card_says_so() -> None:
    ruled = replace(RULE, from_roles=(), own_request_counts=True)
    nobody = approval(rule=ruled, votes=())
    assert [mrkdwn(line) for line in vote_lines(nobody, is_open=True)] == ["Nobody may approve"]
