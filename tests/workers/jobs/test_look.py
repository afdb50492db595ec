"""The look at the end of the bake window is about what was planned."""

from dataclasses import replace

import pytest

from quaymaster.errors import Forged
from quaymaster.operations import Stage, State
from quaymaster.outcomes import Deployed
from tests.samples import OTHER_DIGEST, deploy, image, plan
from tests.workers.toolboxes import NOWHERE, running, toolbox
from workers.jobs.look import look_again

PLAN = plan()
ACHIEVED = Deployed(PLAN.environment, PLAN.service, PLAN.image, None, None, 1.0)


@pytest.mark.parametrize(
    "other",
    [
        replace(ACHIEVED, image=image("9.9", OTHER_DIGEST)),
        replace(ACHIEVED, environment="staging"),
        replace(ACHIEVED, service="admin"),
    ],
    ids=["image", "environment", "service"],
)
def test_what_another_worker_says_was_achieved_is_not_confirmed(other: Deployed) -> None:
    """Any worker may queue the look again; the card then says what this one has signed."""
    given = deploy(state=State.RUNNING, stage=Stage.LOOK, plan=PLAN, interim=other)
    with pytest.raises(Forged, match="not what was planned"):
        look_again(running(given, NOWHERE), toolbox())
