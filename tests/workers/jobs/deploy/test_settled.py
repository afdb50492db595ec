"""After a crash and after a bake window, a plan counts only as a worker signed it."""

from typing import Any

import pytest
import redis
import structlog

from quaymaster.errors import Forged
from quaymaster.operations import Stage, State
from quaymaster.outcomes import Deployed
from quaymaster.store import keys
from testing.samples import DIGEST, OTHER_DIGEST, deploy, pinned, plan
from tests.workers.toolboxes import of_shop, recorded, running, toolbox
from workers.jobs.deploy.settled import settle_service
from workers.jobs.deploy.verify import verify_release
from workers.run import run


@pytest.mark.engine
@pytest.mark.parametrize("stage", [Stage.RECOVER, Stage.VERIFY])
def test_a_forged_plan_is_neither_settled_nor_looked_at_again(
    valkey: redis.Redis, stage: Stage
) -> None:
    deployed = Deployed("production", "web", pinned(DIGEST), 0.1, None, 1.0)
    before = of_shop(
        deploy(stage=stage, queue="host:app1", attempt=4, plan=plan(), interim=deployed)
    )
    recorded(valkey, before)
    where = keys.operation(before.id)
    genuine: Any = valkey.hget(where, "plan")
    valkey.hset(where, "plan", genuine.replace(str(DIGEST).encode(), str(OTHER_DIGEST).encode()))
    stands = valkey.hgetall(where)
    with structlog.testing.capture_logs() as logged:
        run(before.id, before.job_id, toolbox(valkey))
    assert [line["event"] for line in logged] == ["record cannot be read"]
    assert valkey.hgetall(where) == stands


def test_without_a_plan_there_is_nothing_to_settle() -> None:
    with pytest.raises(Forged, match="no plan"):
        settle_service(running(deploy(state=State.RUNNING)), toolbox())


def test_without_a_plan_there_is_nothing_to_look_at_again() -> None:
    with pytest.raises(Forged, match="no plan"):
        verify_release(running(deploy(state=State.RUNNING)), toolbox())
