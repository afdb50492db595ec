"""What is frozen into a plan about its votes, and about what runs."""

from datetime import UTC, datetime, timedelta

import pytest

from quaymaster.errors import Conflict
from quaymaster.target import ServiceRef
from testing.samples import deploy
from tests.workers.toolboxes import of_shop, toolbox
from workers.jobs.deploy.plan import rule_for, what_runs_now
from workers.targets.observed import Condition, MemberObserved, Observed


def test_there_is_as_much_time_to_vote_as_is_configured() -> None:
    before = of_shop(deploy())
    rule = rule_for(before, ServiceRef("production", "web"), toolbox())
    assert rule is not None
    left = rule.expires_at - before.requested_at
    assert timedelta(hours=4) <= left < timedelta(hours=4, minutes=1)


def test_nobody_is_asked_for_longer_than_the_request_is_valid() -> None:
    asked_at = datetime.now(UTC) - timedelta(hours=22)
    rule = rule_for(
        of_shop(deploy(), requested_at=asked_at), ServiceRef("production", "web"), toolbox()
    )
    assert rule is not None
    assert rule.expires_at == asked_at + timedelta(hours=24)


def test_nothing_is_planned_about_a_service_that_is_split() -> None:
    service = ServiceRef("production", "web")
    parts = tuple(
        MemberObserved(name, Observed(service, condition))
        for name, condition in (("app1", Condition.ABSENT), ("app2", Condition.UNKNOWN))
    )
    split = Observed(service, Condition.SPLIT, parts=parts)
    with pytest.raises(Conflict, match="does not run one version everywhere") as raised:
        what_runs_now(split, toolbox())
    assert "On app2: It cannot be reached" in raised.value.problem.why
