"""Which piece of work a request begins with, and who does it. Pure."""

from quaymaster.configuration import Configuration
from quaymaster.operations import Stage
from quaymaster.queues import REGISTRY, host_queue, target_queue
from quaymaster.requests import (
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


def first_step(request: Request, configuration: Configuration) -> tuple[Stage, str]:
    """The stage and the queue that an operation starts in.

    What needs a Docker host goes to that host's queue, the rest where there is no Docker socket.
    An operation stays in its queue for good: the scanner is given orders. Raises ValueError for
    requests that the bot answers itself.
    """
    match request:
        case ImagesRequest() | PullRequest() | PushRequest():
            return Stage.WORK, host_queue(request.host)
        case TagsRequest() | TagRequest():
            # A tag is made in the registry when the source is there; only then is a host asked.
            return Stage.WORK, REGISTRY
        case InspectRequest() | HistoryRequest():
            return Stage.WORK, host_queue(request.host) if request.host else REGISTRY
        case ScanRequest():
            if request.host:
                return Stage.WORK, host_queue(request.host)
            return Stage.EXAMINE, REGISTRY
        case DeployRequest():
            return Stage.EXAMINE, target_queue(configuration.target_of(request.environment))
        case DriftRequest():
            return Stage.WORK, target_queue(configuration.target_of(request.environment))
        case RollbackRequest():
            return Stage.PLAN, target_queue(configuration.target_of(request.environment))
        case _:
            raise ValueError(f"{request.verb} is answered by the bot and becomes no operation")
