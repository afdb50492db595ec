"""Whoever can write to Redis can put jobs into queues, and gets nothing run by it."""

import contextlib
import json
from pathlib import Path

import pytest
import redis
from rq import Callback, Queue
from rq.job import Job
from rq.serializers import DefaultSerializer, JSONSerializer
from rq.webhook import Webhook

from quaymaster.store import keys
from quaymaster.store.jobs import RUN_OPERATION
from testing.engines.waiting import wait_until
from testing.system import System

pytestmark = pytest.mark.engine


def _is_empty(connection: redis.Redis) -> bool:
    return connection.llen(keys.queue("registry")) == 0


@pytest.mark.parametrize("kind", ["function", "callback", "webhook", "pickle", "instance", "words"])
def test_a_job_that_is_not_ours_is_refused_and_the_worker_goes_on(
    system: System, tmp_path: Path, kind: str
) -> None:
    mark = tmp_path / "it-ran"
    command = f"touch {mark}"
    with contextlib.closing(system.connection()) as connection:
        queue = Queue("registry", connection=connection, serializer=JSONSerializer)
        match kind:
            case "function":
                job = queue.enqueue("os.system", command)
            case "callback":
                job = queue.enqueue(
                    RUN_OPERATION,
                    1,
                    on_success=Callback("os.system"),
                    on_failure=Callback("os.system"),
                )
            case "webhook":
                hook = Webhook("http://127.0.0.1:9/", "finished")
                job = queue.enqueue(RUN_OPERATION, 1, webhooks=[hook])
            case "pickle":
                pickled = Queue("registry", connection=connection, serializer=DefaultSerializer)
                job = pickled.enqueue("os.system", command)
            case "instance":
                job = queue.enqueue(RUN_OPERATION, 1)
                data = [RUN_OPERATION, "os", [command], {}]
                connection.hset(job.key, "data", json.dumps(data))
            case _:
                job = queue.enqueue(RUN_OPERATION, "1; touch it", command=command)
        worker = system.worker("registry")
        wait_until(
            lambda: _is_empty(connection) and not _exists(connection, job),
            within=20,
            what="the job to be thrown away",
        )
        assert worker.is_running()
        assert not mark.exists()
        assert "job refused" in worker.tail()


def _exists(connection: redis.Redis, job: Job) -> bool:
    return bool(connection.exists(job.key))
