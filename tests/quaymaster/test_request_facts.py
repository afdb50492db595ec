"""The facts of a request fit together."""

from dataclasses import replace
from typing import Any

import pytest

from quaymaster.errors import Forged
from quaymaster.request_facts import Effect, Eligibility, service_change
from quaymaster.requests import DeployRequest, PushRequest, RollbackRequest
from quaymaster.target import ServiceRef
from testing.samples import image

DEPLOY = DeployRequest(image(), "production", "web")


@pytest.mark.parametrize(
    "changes",
    [
        {"about": None},
        {"about": ServiceRef("production", "api")},
        {"right": Eligibility.MEMBER},
        {"right": Eligibility.PRODUCT},
        {"work": None},
    ],
)
def test_what_changes_a_service_is_about_it_needs_a_right_and_is_work(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(ValueError, match="needs a right"):
        replace(DEPLOY.facts, **changes)
    assert replace(DEPLOY.facts, changes=Effect.REPORT, **changes)


def test_the_change_of_a_service_is_asked_for_where_there_is_one() -> None:
    rollback = service_change(RollbackRequest("production", "web"))
    assert (rollback.service, rollback.is_rescue) == (DEPLOY.facts.about, True)
    assert not service_change(DEPLOY).is_rescue
    with pytest.raises(Forged, match="`push` changes no service"):
        service_change(PushRequest(image(), "build1"))


def test_the_environment_is_that_of_the_service() -> None:
    assert DEPLOY.facts.environment == "production"
    assert PushRequest(image(), "build1").facts.environment == ""
