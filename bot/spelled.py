"""A request in words: the command that a person would type for it."""

from typing import assert_never

from quaymaster.image_ref import ImageRef, Repository
from quaymaster.requests import (
    ApproveRequest,
    CancelRequest,
    DeployRequest,
    HelpRequest,
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    JobsRequest,
    PullRequest,
    PushRequest,
    RejectRequest,
    Request,
    RollbackRequest,
    ScanRequest,
    StatusRequest,
    TagRequest,
    TagsRequest,
)

_OwnRequest = (
    HelpRequest | StatusRequest | JobsRequest | CancelRequest | ApproveRequest | RejectRequest
)


def spelled(request: Request, default_registry: str = "") -> str:
    """The command without its slash. Names in the default registry go without it."""

    def name(image: ImageRef | Repository) -> str:
        return str(image).removeprefix(f"{default_registry}/")

    match request:
        case ImagesRequest():
            return f"images on {request.host}"
        case TagsRequest():
            return f"tags {name(request.repository)}"
        case InspectRequest() | HistoryRequest() | ScanRequest() | PullRequest():
            return f"{request.verb} {name(request.image)}{_on(request.host)}"
        case TagRequest():
            return f"tag {name(request.source)} as {name(request.new)}{_on(request.host)}"
        case PushRequest():
            return f"push {name(request.image)} from {request.host}"
        case DeployRequest():
            return f"deploy {name(request.image)} to {request.environment}/{request.service}"
        case RollbackRequest():
            return f"rollback {request.environment}/{request.service}"
        case _:
            return _spelled_own(request)


def _spelled_own(request: _OwnRequest) -> str:
    """Requests that the bot answers itself."""
    match request:
        case HelpRequest():
            return f"help {request.topic or ''}".strip()
        case StatusRequest():
            return f"status {request.environment or ''}".strip()
        case JobsRequest():
            return "jobs"
        case CancelRequest() | ApproveRequest() | RejectRequest():
            return f"{request.verb} {request.operation}"
        case _:
            assert_never(request)


def _on(host: str | None) -> str:
    return f" on {host}" if host else ""
