"""Plans: their hash is that of the stored text, so it covers whatever a voter is shown."""

from dataclasses import replace
from typing import Any

import pytest

from quaymaster.findings import Finding, Severity, Unknown
from quaymaster.plans import DeployPlan, Undo
from quaymaster.services import ServiceConfiguration
from quaymaster.store.envelopes import body_of
from tests.samples import DIGEST, NOW, OTHER_DIGEST, awaiting, pinned, plan, rule

FINDING = Finding("CVE-2026-1", "openssl", "3.0", None, Severity.HIGH)


def examined(**changes: Any) -> DeployPlan:
    """The plan, with something else known about the image."""
    return replace(plan(), examined=replace(plan().examined, **changes))


def instead_of(**changes: Any) -> DeployPlan:
    """The plan, about something else that runs now."""
    running = plan().running
    assert running is not None
    return replace(plan(), running=replace(running, **changes))


def covered(given: DeployPlan) -> str:
    """What of the plan is signed and hashed, besides the time."""
    signed = awaiting(plan=given).signed_plan
    assert signed is not None
    return body_of(signed.text)


@pytest.mark.parametrize(
    "altered",
    [
        replace(plan(), configuration=ServiceConfiguration()),
        replace(plan(), host="app2"),
        replace(plan(), service="admin"),
        replace(plan(), environment="staging"),
        replace(plan(), kind="rollback"),
        replace(plan(), turn=8),
        replace(plan(), configuration_revision="ba9876543210"),
        replace(plan(), restores=7),
        replace(plan(), notes=("a note",)),
        replace(plan(), undo=Undo(pinned(OTHER_DIGEST), 1001)),
        replace(plan(), rule=None),
        replace(plan(), rule=rule(needed=1)),
        replace(plan(), rule=rule(expires_at=NOW)),
        replace(plan(), rule=rule(requester="U0EVE")),
        replace(plan(), rule=rule(from_roles=())),
        replace(plan(), rule=rule(channel="C0ELSE")),
        replace(plan(), rule=rule(own_request_counts=True)),
        replace(plan(), running=None),
        instead_of(image=pinned(DIGEST, "1.3")),
        instead_of(configuration=ServiceConfiguration()),
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
def test_all_that_a_voter_is_shown_is_part_of_the_hash(altered: DeployPlan) -> None:
    assert covered(altered) != covered(plan())


def test_a_plan_names_the_digest_that_will_run() -> None:
    assert plan().image == pinned(plan().digest, "1.4")
