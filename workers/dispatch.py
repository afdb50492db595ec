"""Which job does which request, stage by stage."""

from collections.abc import Callable
from functools import partial
from typing import assert_never

from quaymaster.errors import Conflict, Forged
from quaymaster.operations import Operation, Stage
from quaymaster.outcomes import Ended
from quaymaster.request_revision import is_current
from quaymaster.requests import (
    AnsweredByBot,
    DeployRequest,
    DriftRequest,
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    PullRequest,
    PushRequest,
    Request,
    RollbackRequest,
    ScanRequest,
    TagRequest,
    TagsRequest,
)
from workers.jobs.deploy.apply import apply_plan
from workers.jobs.deploy.examine import examine
from workers.jobs.deploy.plan import plan_deploy
from workers.jobs.deploy.recover import recover
from workers.jobs.deploy.rollback import plan_rollback
from workers.jobs.deploy.verify import verify_release
from workers.jobs.history import list_history
from workers.jobs.images import list_images
from workers.jobs.inspect import inspect_image
from workers.jobs.paged import paged
from workers.jobs.pull import pull_image
from workers.jobs.push import push_image
from workers.jobs.scan import scan_image
from workers.jobs.tag import tag_image
from workers.jobs.tags import list_tags
from workers.work.running import RunningOperation
from workers.work.steps import Returns, Step
from workers.work.toolbox import Toolbox

Job = Callable[[RunningOperation, Toolbox], Step]
"""Does the current stage of an operation. Raises an error if that fails."""


def run_stage(work: RunningOperation, tools: Toolbox) -> Step:
    """Do the operation's present stage. Raises what went wrong with it.

    Whoever looks after what was begun acts by its plan, whatever the configuration says by now.
    """
    operation = work.operation
    if operation.stage is Stage.RECOVER:
        return recover(work, tools)
    if (instead := _of_another_revision(operation, tools)) is not None:
        return instead
    job = _carries_out_a_plan(operation) or job_of(operation.request)
    if job is None:
        raise Forged(f"`{operation.request.verb}` is answered by the bot and is never queued.")
    return job(work, tools)


def job_of(request: Request) -> Job | None:
    """The job of a request; for a change of a service, the one that leads to its plan. None if no
    worker has anything to do.
    """
    if isinstance(request, AnsweredByBot):
        return None
    match request:
        case TagsRequest():
            return lambda running, tools: paged(list_tags(request, tools), running, tools)
        case InspectRequest():
            return lambda _, tools: inspect_image(request, tools)
        case HistoryRequest():
            return lambda running, tools: paged(list_history(request, tools), running, tools)
        case ImagesRequest():
            return lambda running, tools: paged(list_images(request, tools), running, tools)
        case PullRequest():
            return partial(pull_image, request)
        case PushRequest():
            return partial(push_image, request)
        case TagRequest():
            return partial(tag_image, request)
        case ScanRequest():
            return partial(scan_image, request)
        case DeployRequest():
            return partial(_deploy, request)
        case RollbackRequest():
            return partial(plan_rollback, request)
        case DriftRequest():
            return None
        case _:
            assert_never(request)


def _carries_out_a_plan(operation: Operation) -> Job | None:
    """The job after a change of a service is planned. It is the same for every verb."""
    if operation.request.facts.service_change is None:
        return None
    match operation.stage:
        case Stage.APPLY:
            return apply_plan
        case Stage.VERIFY:
            return verify_release
        case Stage.WORK | Stage.EXAMINE | Stage.PLAN | Stage.RECOVER:
            return None
        case stage:
            assert_never(stage)


def _deploy(request: DeployRequest, work: RunningOperation, tools: Toolbox) -> Step:
    match work.operation.stage:
        case Stage.EXAMINE:
            return examine(request, work, tools)
        case Stage.PLAN:
            return plan_deploy(request, work, tools)
        case _:
            raise Forged("A deploy starts by examining the image.")


def _of_another_revision(operation: Operation, tools: Toolbox) -> Returns | None:
    """The step to take instead if the configuration of the environment has changed: a deploy that
    has a plan gets a new one. Raises Conflict if it has none yet, or is a rollback.
    """
    is_begun = operation.stage is Stage.VERIFY
    if is_begun or is_current(operation, tools.configuration):
        return None
    change = operation.request.facts.service_change
    if operation.stage is Stage.APPLY and change is not None and not change.is_rescue:
        return Returns(
            Ended(
                "The configuration of the environment changed since the plan was made. Nothing "
                "was changed.",
                next_step="Ask for it again, so that what runs is what was approved.",
            )
        )
    raise Conflict(
        "The bot and this worker have the environment configured differently, so nothing was done.",
        why="Its configuration has changed since the request, or only one of them has read the "
        "change.",
        next_step="Give both the same quaymaster.yml, run `quaymaster reload` beside each, then "
        "ask again.",
    )
