"""Plans and their hash."""

from dataclasses import replace

import pytest

from quaymaster.errors import Forged
from quaymaster.findings import Unknown
from quaymaster.image_ref import ImageRef
from quaymaster.plans import DeployPlan
from quaymaster.services import ServiceConfiguration
from tests.samples import OTHER_DIGEST, SEALER, image, plan


def _with_digest(given: DeployPlan) -> DeployPlan:
    return replace(given, examined=replace(given.examined, image=image(digest=OTHER_DIGEST)))


@pytest.mark.parametrize(
    "altered",
    [
        _with_digest(plan()),
        replace(plan(), configuration=ServiceConfiguration()),
        replace(plan(), host="app2"),
        replace(plan(), service="admin"),
        replace(plan(), environment="staging"),
        replace(plan(), running=None),
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


def test_a_plan_names_the_digest_that_will_run() -> None:
    assert plan().image == ImageRef(image().repository, "1.4", plan().digest)
