"""Nothing is run that the bot did not record, or that this worker understands differently."""

from dataclasses import replace

import pytest

from quaymaster.errors import Conflict, Forged
from quaymaster.operations import Stage
from quaymaster.requests import ApproveRequest, PullRequest
from tests.samples import deploy, image, operation
from tests.workers.toolboxes import of_shop, running, toolbox
from workers.dispatch import work


def test_a_request_that_was_written_into_redis_is_not_run() -> None:
    forged = of_shop(replace(operation(), request=PullRequest(image("9.9"), "build1")))
    with pytest.raises(Forged):
        work(running(forged), toolbox())


def test_a_worker_with_another_configuration_does_nothing() -> None:
    with pytest.raises(Conflict, match="different configurations"):
        work(running(operation()), toolbox())


@pytest.mark.parametrize("stage", [Stage.WORK])
def test_a_deploy_begins_with_looking_at_the_image(stage: Stage) -> None:
    with pytest.raises(Forged, match="begins with looking"):
        work(running(of_shop(deploy(stage=stage))), toolbox())


def test_what_the_bot_answers_is_no_work() -> None:
    with pytest.raises(Forged, match="answered by the bot"):
        work(running(of_shop(operation(request=ApproveRequest(1)))), toolbox())
