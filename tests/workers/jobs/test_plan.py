"""What is frozen into a plan about its votes."""

from datetime import UTC, datetime, timedelta

from quaymaster.target import ServiceRef
from tests.samples import deploy
from tests.workers.toolboxes import of_shop, toolbox
from workers.jobs.plan import rule_for


def test_there_is_as_much_time_to_vote_as_is_configured() -> None:
    given = of_shop(deploy())
    rule = rule_for(given, ServiceRef("production", "web"), toolbox())
    assert rule is not None
    left = rule.expires_at - given.requested_at
    assert timedelta(hours=4) <= left < timedelta(hours=4, minutes=1)


def test_nobody_is_asked_for_longer_than_the_request_is_valid() -> None:
    asked_at = datetime.now(UTC) - timedelta(hours=22)
    rule = rule_for(
        of_shop(deploy(), requested_at=asked_at), ServiceRef("production", "web"), toolbox()
    )
    assert rule is not None
    assert rule.expires_at == asked_at + timedelta(hours=24)
