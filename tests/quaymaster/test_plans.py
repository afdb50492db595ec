"""Plans: their hash is that of the stored text, so it covers whatever a voter is shown."""

from dataclasses import replace
from typing import Any

import pytest

from quaymaster.findings import Finding, Severity, Unknown
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Plan, Undo
from quaymaster.services import ServiceConfiguration
from quaymaster.store.envelopes import body_of
from quaymaster.target import DockerHost, ServiceRef
from testing.planned import the_change
from testing.samples import DIGEST, NOW, OTHER_DIGEST, awaiting, pinned, plan, rule

FINDING = Finding("CVE-2026-1", "openssl", "3.0", None, Severity.HIGH)


def examined(**changes: Any) -> Plan:
    """The plan, with something else known about the image."""
    return plan(examined=replace(the_change(plan()).examined, **changes))


def instead_of(**changes: Any) -> Plan:
    """The plan, about something else that runs now."""
    running = the_change(plan()).running
    assert running is not None
    return plan(running=replace(running, **changes))


def covered(given: Plan) -> str:
    """What of the plan is signed and hashed, besides the time."""
    signed = awaiting(plan=given).signed_plan
    assert signed is not None
    return body_of(signed.text)


@pytest.mark.parametrize(
    "altered",
    [
        plan(workload=ServiceConfiguration()),
        plan(target=DockerHost("app2")),
        plan(service="admin"),
        plan(environment="staging"),
        plan(kind=PlanKind.ROLLBACK),
        plan(turn=8),
        plan(revision="ba9876543210"),
        plan(restores=7),
        plan(notes=("a note",)),
        plan(undo=Undo(pinned(OTHER_DIGEST), 1001)),
        plan(rule=None),
        plan(rule=rule(needed=1)),
        plan(rule=rule(expires_at=NOW)),
        plan(rule=rule(requester="U0EVE")),
        plan(rule=rule(from_roles=())),
        plan(rule=rule(channel="C0ELSE")),
        plan(rule=rule(own_request_counts=True)),
        plan(running=None),
        instead_of(image=pinned(DIGEST, "1.3")),
        instead_of(workload=ServiceConfiguration()),
        instead_of(release=1000),
        instead_of(size=1),
        examined(image=pinned(OTHER_DIGEST)),
        examined(size=1),
        examined(verdict=Unknown("never scanned")),
        examined(counts=((Severity.HIGH, 1),)),
        examined(gained=(FINDING,)),
        examined(lost=(FINDING,)),
        examined(gained_total=1),
        examined(lost_total=1),
    ],
)
def test_all_that_a_voter_is_shown_is_part_of_the_hash(altered: Plan) -> None:
    assert covered(altered) != covered(plan())


def test_a_plan_names_the_digest_that_will_run() -> None:
    change = the_change(plan())
    assert change.image == pinned(change.digest, "1.4")


def test_a_plan_changes_something_each_service_once_and_in_one_environment() -> None:
    web = the_change(plan())
    order = replace(web, service="order")
    assert replace(plan(), changes=(order, web)).services == (order.service_ref, web.service_ref)
    with pytest.raises(ValueError, match="at least one service"):
        replace(plan(), changes=())
    with pytest.raises(ValueError, match="each service once"):
        replace(plan(), changes=(web, order, web))
    with pytest.raises(ValueError, match="one environment"):
        replace(plan(), changes=(web, replace(order, environment="staging")))


def test_a_plan_knows_its_change_of_a_service() -> None:
    web = the_change(plan())
    order = replace(web, service="order", turn=3)
    stack = replace(plan(), changes=(web, order))
    assert stack.change_of(order.service_ref) == order
    assert stack.change_of(ServiceRef("production", "db")) is None
