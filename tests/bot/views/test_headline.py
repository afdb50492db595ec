"""What was asked for, in words."""

import pytest

from bot.views.headline import headline_of
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
from tests.bot.views.cases import DIGEST, REPOSITORY, image


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (ImagesRequest("build1"), "Images on build1"),
        (TagsRequest(REPOSITORY), "Tags of shop/web"),
        (InspectRequest(image()), "Inspect shop/web:1.4"),
        (InspectRequest(image(), "build1"), "Inspect shop/web:1.4 on build1"),
        (HistoryRequest(image()), "History of shop/web:1.4"),
        (PullRequest(image(), "build1"), "Pull shop/web:1.4 on build1"),
        (TagRequest(image("latest"), image()), "Tag shop/web:latest as shop/web:1.4"),
        (PushRequest(image(), "build1"), "Push shop/web:1.4 from build1"),
        (ScanRequest(ImageRef(REPOSITORY, None, DIGEST)), f"Scan shop/web@{DIGEST.short}"),
        (DeployRequest(image(), "staging", "web"), "Deploy shop/web:1.4 to staging/web"),
        (RollbackRequest("staging", "web"), "Roll back staging/web"),
        (HelpRequest(), "Help"),
        (HelpRequest("push"), "Help on push"),
        (StatusRequest(), "Status"),
        (StatusRequest("staging"), "Status of staging"),
        (JobsRequest(), "Jobs"),
        (CancelRequest(1042), "Cancel #1042"),
        (ApproveRequest(1042), "Approve #1042"),
        (RejectRequest(1042), "Reject #1042"),
    ],
)
def test_a_headline_is_a_short_sentence(request_: Request, said: str) -> None:
    assert headline_of(request_, "registry.example.com") == said


def test_the_longest_names_still_end_with_their_tags() -> None:
    longest = ImageRef(Repository("registry.example.org:5000", "a" * 200), "v1.2.3-rc.4")
    said = headline_of(TagRequest(longest, longest, "h" * 60), "registry.example.com")
    assert len(said) <= 150
    assert said.count("v1.2.3-rc.4") == 2
    assert said.endswith("…")
