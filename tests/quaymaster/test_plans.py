"""Plans and their hash."""

from dataclasses import replace
from typing import Any

import pytest

from quaymaster.errors import Forged
from quaymaster.findings import Unknown
from quaymaster.image_ref import ImageRef
from quaymaster.plans import DeployPlan
from quaymaster.services import ServiceConfiguration
from tests.samples import DIGEST, OTHER_DIGEST, SEALER, image, plan


def _with_digest(given: DeployPlan) -> DeployPlan:
    return replace(given, examined=replace(given.examined, image=image(digest=OTHER_DIGEST)))


def _instead_of(**changes: Any) -> DeployPlan:
    """The plan, about something else that runs now."""
    running = plan().running
    assert running is not None
    return replace(plan(), running=replace(running, **changes))


@pytest.mark.parametrize(
    "altered",
    [
        _with_digest(plan()),
        replace(plan(), configuration=ServiceConfiguration()),
        replace(plan(), host="app2"),
        replace(plan(), service="admin"),
        replace(plan(), environment="staging"),
        replace(plan(), kind="rollback"),
        replace(plan(), configuration_revision="ba9876543210"),
        replace(plan(), restores=7),
        replace(plan(), running=None),
        _instead_of(image=image("1.3", DIGEST)),
        _instead_of(configuration=ServiceConfiguration()),
        replace(plan(), examined=replace(plan().examined, verdict=Unknown("never scanned"))),
    ],
)
def test_a_plan_that_was_altered_is_refused(altered: DeployPlan) -> None:
    plan().check_seal(SEALER, 1042)
    assert altered.hash() != plan().hash()
    with pytest.raises(Forged):
        altered.check_seal(SEALER, 1042)


def test_a_plan_of_another_operation_is_refused() -> None:
    with pytest.raises(Forged):
        plan().check_seal(SEALER, 1043)


def test_sizes_and_notes_are_not_part_of_what_is_approved() -> None:
    same = replace(plan(), notes=("a note",), examined=replace(plan().examined, size=1))
    assert same.hash() == plan().hash()
    running = plan().running
    assert running is not None
    assert replace(plan(), running=replace(running, size=1)).hash() == plan().hash()


def test_a_plan_names_the_digest_that_will_run() -> None:
    assert plan().image == ImageRef(image().repository, "1.4", plan().digest)
