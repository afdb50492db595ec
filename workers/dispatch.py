"""Which job does which request, stage by stage."""

from typing import assert_never

from quaymaster.errors import Conflict, Forged
from quaymaster.operations import Operation, Stage
from quaymaster.outcomes import Ended
from quaymaster.request_revision import is_current
from quaymaster.requests import (
    ApproveRequest,
    CancelRequest,
    DeployRequest,
    DriftRequest,
    HelpRequest,
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    JobsRequest,
    PullRequest,
    PushRequest,
    RejectRequest,
    RollbackRequest,
    ScanRequest,
    StatusRequest,
    TagRequest,
    TagsRequest,
)
from workers.jobs.apply import apply_plan
from workers.jobs.examine import examine
from workers.jobs.history import list_history
from workers.jobs.images import list_images
from workers.jobs.inspect import inspect_image
from workers.jobs.look import look_again
from workers.jobs.paged import paged
from workers.jobs.plan import plan_deploy
from workers.jobs.pull import pull_image
from workers.jobs.push import push_image
from workers.jobs.recover import recover
from workers.jobs.rollback import plan_rollback
from workers.jobs.scan import scan_image
from workers.jobs.tag import tag_image
from workers.jobs.tags import list_tags
from workers.running import Running
from workers.steps import Returns, Step
from workers.toolbox import Toolbox


def work(running: Running, tools: Toolbox) -> Step:
    """Do the operation's present stage. Raises what went wrong with it.

    Whoever looks after what was begun acts by its plan, whatever the configuration says by now.
    """
    operation = running.operation
    if operation.stage is Stage.RECOVER:
        return recover(running, tools)
    if (instead := _of_another_revision(operation, tools)) is not None:
        return instead
    request = operation.request
    match request:
        case TagsRequest():
            return paged(list_tags(request, tools), running, tools)
        case InspectRequest():
            return inspect_image(request, tools)
        case HistoryRequest():
            return paged(list_history(request, tools), running, tools)
        case ImagesRequest():
            return paged(list_images(request, tools), running, tools)
        case PullRequest():
            return pull_image(request, running, tools)
        case PushRequest():
            return push_image(request, running, tools)
        case TagRequest():
            return tag_image(request, running, tools)
        case ScanRequest():
            return scan_image(request, running, tools)
        case DeployRequest() | RollbackRequest():
            return _change_a_service(request, running, tools)
        case (
            HelpRequest()
            | StatusRequest()
            | JobsRequest()
            | CancelRequest()
            | ApproveRequest()
            | RejectRequest()
            | DriftRequest()
        ):
            raise Forged(f"`{request.verb}` is answered by the bot and is never queued.")
        case _:
            assert_never(request)


def _of_another_revision(operation: Operation, tools: Toolbox) -> Returns | None:
    """What is done instead where the environment is configured otherwise by now, if it is: a deploy
    that has a plan gets a new one, and what has none yet ends. Raises Conflict.
    """
    is_begun = operation.stage is Stage.LOOK
    if is_begun or is_current(operation, tools.configuration):
        return None
    if operation.stage is Stage.APPLY and isinstance(operation.request, DeployRequest):
        return Returns(
            Ended(
                "The configuration of the environment changed since the plan was made. Nothing "
                "was changed.",
                next_step="Ask for it again, so that what runs is what was approved.",
            )
        )
    raise Conflict(
        "The bot and this worker have the environment configured differently, so nothing was done.",
        why="Its configuration changed since this was asked for, or only one of them has read the "
        "change.",
        next_step="Give both the same quaymaster.yml, run `quaymaster reload` beside each, then "
        "ask again.",
    )


def _change_a_service(
    request: DeployRequest | RollbackRequest, running: Running, tools: Toolbox
) -> Step:
    match running.operation.stage:
        case Stage.EXAMINE if isinstance(request, DeployRequest):
            return examine(request, running, tools)
        case Stage.PLAN if isinstance(request, DeployRequest):
            return plan_deploy(request, running, tools)
        case Stage.PLAN | Stage.EXAMINE | Stage.WORK:
            if isinstance(request, RollbackRequest):
                return plan_rollback(request, running, tools)
            raise Forged("A deploy begins with looking at the image.")
        case Stage.APPLY:
            return apply_plan(running, tools)
        case Stage.LOOK:
            return look_again(running, tools)
        case Stage.RECOVER:
            return recover(running, tools)
        case stage:
            assert_never(stage)
