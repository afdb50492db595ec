"""Nothing is run that this worker understands differently than the bot, or that is no work."""

import pytest

from quaymaster.errors import Conflict, Forged
from quaymaster.operations import Stage
from quaymaster.requests import ApproveRequest
from testing.samples import deploy, operation, plan
from tests.workers.toolboxes import of_shop, running, toolbox
from workers.dispatch import run_stage
from workers.work.steps import Returns


def test_a_worker_with_another_configuration_does_nothing() -> None:
    with pytest.raises(Conflict, match="configured differently"):
        run_stage(running(deploy()), toolbox())


@pytest.mark.parametrize("stage", [Stage.WORK])
def test_a_deploy_begins_with_looking_at_the_image(stage: Stage) -> None:
    with pytest.raises(Forged, match="starts by examining"):
        run_stage(running(of_shop(deploy(stage=stage))), toolbox())


def test_what_the_bot_answers_is_no_work() -> None:
    with pytest.raises(Forged, match="answered by the bot"):
        run_stage(running(of_shop(operation(request=ApproveRequest(1)))), toolbox())


@pytest.mark.parametrize("stage", [Stage.RECOVER, Stage.VERIFY])
def test_whoever_looks_after_what_was_begun_does_not_ask_for_the_revision(stage: Stage) -> None:
    with pytest.raises(Forged, match="no plan"):
        run_stage(running(deploy(stage=stage, configuration_revision="another")), toolbox())


def test_a_plan_of_another_configuration_goes_back_to_the_bot_which_opens_a_new_operation() -> None:
    before = deploy(stage=Stage.APPLY, plan=plan(revision="another"))
    step = run_stage(running(before), toolbox())
    assert isinstance(step, Returns)
    assert step.end is not None
    assert "The configuration of the environment changed since the plan was made" in step.end.why


def test_the_revision_of_the_plan_is_that_which_counts_at_apply() -> None:
    """An earlier version wrote the revision of the whole file, into both."""
    before = of_shop(deploy(stage=Stage.APPLY, plan=plan(revision="0123456789ab")))
    assert isinstance(run_stage(running(before), toolbox()), Returns)


def test_what_changes_no_environment_is_done_whatever_revision_it_was_recorded_with() -> None:
    before = operation(request=ApproveRequest(1), configuration_revision="0123456789ab")
    with pytest.raises(Forged, match="answered by the bot"):
        run_stage(running(before), toolbox())
