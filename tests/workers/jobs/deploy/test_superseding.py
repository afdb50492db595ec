"""A change ends the plans that wait for votes about one of its services."""

from dataclasses import replace

import pytest
import redis

from quaymaster.operations import Origin, State
from quaymaster.outcomes import Ended
from quaymaster.requests import DeployRequest
from testing.planned import the_change
from testing.samples import awaiting, deploy, image, plan
from tests.workers.toolboxes import now, recorded, toolbox
from workers.jobs.deploy.superseding import supersede_waiting


@pytest.mark.engine
def test_a_plan_that_shares_one_of_several_services_is_superseded(valkey: redis.Redis) -> None:
    waiting = recorded(valkey, awaiting())
    other = Origin("C0SHOP", "another delivery")
    alone = plan(service="admin")
    elsewhere = recorded(
        valkey,
        awaiting(
            id=7, origin=other, plan=alone, request=DeployRequest(image(), "production", "admin")
        ),
    )
    web = the_change(plan())
    stack = replace(plan(), changes=(replace(web, service="order"), web))
    supersede_waiting(deploy(id=1050), stack, toolbox(valkey))
    ended = now(valkey, waiting)
    assert ended.state is State.SUPERSEDED
    assert isinstance(ended.outcome, Ended)
    assert ended.outcome.why.startswith("#1050 changed production/web since the plan was made")
    assert now(valkey, elsewhere).state is State.AWAITING_APPROVAL
