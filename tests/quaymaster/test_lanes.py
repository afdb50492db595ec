"""What cannot wait has a queue of its own, and what takes longest holds up nothing."""

from dataclasses import replace

import pytest

from quaymaster.lanes import queue_of_job
from quaymaster.operations import Operation, Stage
from quaymaster.requests import (
    DeployRequest,
    ImagesRequest,
    PullRequest,
    PushRequest,
    RollbackRequest,
    ScanRequest,
    TagsRequest,
)
from testing.samples import deploy, image, operation

ROLLBACK = RollbackRequest("production", "web")
DEPLOY = deploy(queue="host:app1", stage=Stage.PLAN)


def on_app1(request: object, stage: Stage = Stage.WORK) -> Operation:
    return operation(request=request, queue="host:app1", stage=stage)


@pytest.mark.parametrize("stage", [Stage.PLAN, Stage.APPLY, Stage.RECOVER])
def test_a_rollback_is_urgent_from_its_first_stage_to_its_last(stage: Stage) -> None:
    assert queue_of_job(on_app1(ROLLBACK, stage)) == "urgent:app1"


@pytest.mark.parametrize(
    "request_",
    [
        PullRequest(image(), "app1"),
        PushRequest(image(), "app1"),
        DeployRequest(image(), "production", "web"),
    ],
)
def test_what_broke_off_is_looked_at_urgently(request_: object) -> None:
    assert queue_of_job(on_app1(request_, Stage.RECOVER)) == "urgent:app1"


def test_the_look_at_what_went_live_is_urgent() -> None:
    assert queue_of_job(replace(DEPLOY, stage=Stage.VERIFY)) == "urgent:app1"


def test_a_scan_on_a_host_waits_apart_from_everything_else() -> None:
    assert queue_of_job(on_app1(ScanRequest(image(), "app1"))) == "scans:app1"


@pytest.mark.parametrize("stage", [Stage.EXAMINE, Stage.PLAN, Stage.APPLY])
def test_a_deploy_waits_where_it_belongs(stage: Stage) -> None:
    assert queue_of_job(replace(DEPLOY, stage=stage)) == "host:app1"


@pytest.mark.parametrize(
    "request_",
    [PullRequest(image(), "app1"), PushRequest(image(), "app1"), ImagesRequest("app1")],
)
def test_everything_else_on_a_host_waits_where_it_belongs(request_: object) -> None:
    assert queue_of_job(on_app1(request_)) == "host:app1"


@pytest.mark.parametrize("request_", [TagsRequest(image().repository), ScanRequest(image())])
def test_without_a_host_there_is_one_lane(request_: object) -> None:
    for stage in (Stage.WORK, Stage.EXAMINE, Stage.RECOVER):
        before = operation(request=request_, queue="registry", stage=stage)
        assert queue_of_job(before) == "registry"
