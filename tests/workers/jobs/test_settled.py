"""After a crash and after a bake window, a plan counts only with its seal."""

from dataclasses import replace

import pytest

from quaymaster.errors import Forged
from quaymaster.image_ref import ImageRef
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Deployed
from tests.samples import OTHER_DIGEST, deploy, image, plan
from tests.workers.toolboxes import running, toolbox
from workers.jobs.look import look_again
from workers.jobs.settled import settle_service


def with_forged_plan(stage: Stage) -> Operation:
    """A deploy whose plan somebody gave another image."""
    other: ImageRef = image(digest=OTHER_DIGEST)
    forged = replace(plan(), examined=replace(plan().examined, image=other))
    deployed = Deployed("production", "web", other, 0.1, None, 1.0)
    return deploy(state=State.RUNNING, stage=stage, plan=forged, interim=deployed)


def test_a_forged_plan_is_not_settled() -> None:
    with pytest.raises(Forged, match="valid seal"):
        settle_service(running(with_forged_plan(Stage.RECOVER)), toolbox())


def test_a_forged_plan_is_not_looked_at_again() -> None:
    with pytest.raises(Forged, match="valid seal"):
        look_again(running(with_forged_plan(Stage.LOOK)), toolbox())


def test_without_a_plan_there_is_nothing_to_settle() -> None:
    with pytest.raises(Forged, match="no plan"):
        settle_service(running(deploy(state=State.RUNNING)), toolbox())
