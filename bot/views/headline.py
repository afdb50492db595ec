"""What was asked for, in a few words."""

from typing import assert_never

from bot.views.parts import clipped, clipped_middle
from quaymaster.image_ref import ImageRef
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
    Request,
    RollbackRequest,
    ScanRequest,
    StatusRequest,
    TagRequest,
    TagsRequest,
)

_NAME_LIMIT = 52


def headline_of(request: Request, default_registry: str) -> str:
    """“Push shop/web:1.4 from build1”. Plain text, not yet escaped."""

    def image(reference: ImageRef) -> str:
        return _middle(reference.familiar(default_registry))

    match request:
        case PullRequest(reference, host):
            return f"Pull {image(reference)} on {_name(host)}"
        case TagRequest(source, new, where):
            return f"Tag {image(source)} as {image(new)}{_on(where)}"
        case PushRequest(reference, host):
            return f"Push {image(reference)} from {_name(host)}"
        case ScanRequest(reference, where):
            return f"Scan {image(reference)}{_on(where)}"
        case DeployRequest(reference, environment, service):
            return f"Deploy {image(reference)} to {_name(environment)}/{_name(service)}"
        case RollbackRequest(environment, service):
            return f"Roll back {_name(environment)}/{_name(service)}"
        case DriftRequest(environment, service):
            return f"Check of {_name(environment)}/{_name(service)}"
        case ImagesRequest() | TagsRequest() | InspectRequest() | HistoryRequest():
            return _headline_of_a_look(request, default_registry)
        case _:
            return _headline_of_a_question(request)


def _headline_of_a_look(
    request: ImagesRequest | TagsRequest | InspectRequest | HistoryRequest, default_registry: str
) -> str:
    match request:
        case ImagesRequest(host):
            return f"Images on {_name(host)}"
        case TagsRequest(repository):
            return f"Tags of {_middle(repository.familiar(default_registry))}"
        case InspectRequest(image, where):
            return f"Inspect {_middle(image.familiar(default_registry))}{_on(where)}"
        case HistoryRequest(image, where):
            return f"History of {_middle(image.familiar(default_registry))}{_on(where)}"
        case _:
            assert_never(request)


def _headline_of_a_question(
    request: HelpRequest
    | StatusRequest
    | JobsRequest
    | CancelRequest
    | ApproveRequest
    | RejectRequest,
) -> str:
    match request:
        case HelpRequest(topic):
            return f"Help on {_name(topic)}" if topic else "Help"
        case StatusRequest(environment):
            return f"Status of {_name(environment)}" if environment else "Status"
        case JobsRequest():
            return "Jobs"
        case CancelRequest(operation):
            return f"Cancel #{operation}"
        case ApproveRequest(operation):
            return f"Approve #{operation}"
        case RejectRequest(operation):
            return f"Reject #{operation}"
        case _:
            assert_never(request)


def _middle(name: str) -> str:
    return clipped_middle(name, _NAME_LIMIT)


def _name(text: str) -> str:
    return clipped(text, 30)


def _on(host: str | None) -> str:
    return f" on {_name(host)}" if host is not None else ""
