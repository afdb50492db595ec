"""What is in a queue names no code: whoever can write to Redis gets nothing run by it."""

import json
import pickle
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from rq import Callback, Queue
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.webhook import Webhook

from quaymaster.signs_of_life import Signs
from quaymaster.store.jobs import RUN_OPERATION, RUN_SCAN
from testing.engines.valkey import ValkeyServer
from workers.process.scan_order import run_scan
from workers.process.worker import OperationJob, OperationWorker, ScanJob, refusal
from workers.run import run_operation

NOWHERE = redis.Redis(host="quaymaster.invalid")
CALLBACK = Callback("os.system")
WEBHOOK = Webhook("http://127.0.0.1:9/", "finished")


def job(function: str = RUN_OPERATION, *arguments: object, **options: Any) -> OperationJob:
    """A job as the worker reads it."""
    made = OperationJob.create(
        function, arguments or (1042,), connection=NOWHERE, serializer=JSONSerializer, **options
    )
    assert isinstance(made, OperationJob)
    return made


def with_data(data: object) -> OperationJob:
    """A job whose data somebody wrote by hand."""
    found = job()
    found.data = json.dumps(data).encode() if not isinstance(data, bytes) else data
    return found


def test_a_pointer_to_an_operation_is_ours() -> None:
    assert refusal(job()) is None


@pytest.mark.parametrize(
    "given",
    [
        job("os.system"),
        job("workers.run.run"),
        with_data([RUN_OPERATION, "os", [1042], {}]),
        job(RUN_OPERATION, "1042"),
        job(RUN_OPERATION, True),
        job(RUN_OPERATION, 1042, 1043),
        job(kwargs={"tools": None}),
        job(on_success=CALLBACK),
        job(on_failure=CALLBACK),
        job(on_stopped=CALLBACK),
        job(webhooks=[WEBHOOK]),
        with_data(b"\x80\x04not json"),
        with_data([RUN_OPERATION]),
    ],
)
def test_a_job_that_is_not_ours_is_refused(given: OperationJob) -> None:
    assert refusal(given)


@pytest.mark.parametrize(
    "given",
    [
        job("os.system"),
        job(on_success=CALLBACK),
        job(on_failure=CALLBACK),
        job(on_stopped=CALLBACK),
    ],
)
def test_a_job_has_our_function_and_no_callbacks(given: OperationJob) -> None:
    assert given.func is run_operation
    assert given.success_callback is None
    assert given.failure_callback is None
    assert given.stopped_callback is None


def test_jobs_of_every_version_bear_the_same_names() -> None:
    assert RUN_OPERATION == "workers.run.run_operation"
    assert RUN_SCAN == "workers.scan_order.run_scan"
    scan = ScanJob.create(RUN_SCAN, ("1042",), connection=NOWHERE, serializer=JSONSerializer)
    assert refusal(scan) is None
    assert scan.func is run_scan


def test_nothing_is_sent_to_a_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(Webhook, "send", lambda *_, **__: sent.append(1))
    job(webhooks=[WEBHOOK]).send_webhooks("finished")
    assert sent == []


def worker_of(connection: redis.Redis) -> OperationWorker:
    return OperationWorker(["registry"], connection, grace_seconds=1)


@pytest.mark.engine
def test_a_job_that_is_refused_is_thrown_away_and_not_run(
    valkey: redis.Redis, tmp_path: Path
) -> None:
    mark = tmp_path / "it-ran"
    queue = Queue("registry", connection=valkey, serializer=JSONSerializer)
    forged = queue.enqueue("os.system", f"touch {mark}")
    worker = worker_of(valkey)
    worker.work(burst=True, logging_level="ERROR")
    assert not valkey.exists(forged.key)
    assert not mark.exists()


class Touching:
    """A pickle of it makes a file when it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


@pytest.mark.engine
@pytest.mark.parametrize("field", ["data", "meta", "result"])
def test_a_pickle_is_never_opened(valkey: redis.Redis, tmp_path: Path, field: str) -> None:
    mark = tmp_path / "it-was-opened"
    queue = Queue("registry", connection=valkey, serializer=JSONSerializer)
    forged = queue.enqueue(RUN_OPERATION, 1042)
    valkey.hset(forged.key, field, pickle.dumps(Touching(mark)))
    worker_of(valkey).work(burst=True, logging_level="CRITICAL")
    assert valkey.llen("rq:queue:registry") == 0
    assert not mark.exists()


@pytest.mark.engine
def test_a_worker_gives_a_sign_of_life_whenever_redis_takes_its_heartbeat(
    valkey: redis.Redis, valkey_server: ValkeyServer, tmp_path: Path
) -> None:
    signs = Signs(tmp_path)
    signs.expect(["worker 1"])
    worker = OperationWorker(["registry"], valkey, 1, signs.of("worker 1", 45))
    valkey_server.kill()
    with pytest.raises(redis.ConnectionError):
        worker.heartbeat()
    assert signs.complaints() == ["The worker 1 has given no sign of life yet."]
    valkey_server.start()
    worker.heartbeat()
    assert signs.complaints() == []


@pytest.mark.engine
def test_a_worker_gives_signs_of_life_while_its_job_runs(
    valkey: redis.Redis, tmp_path: Path
) -> None:
    signs = Signs(tmp_path)
    worker = OperationWorker(["registry"], valkey, 1, signs.of("worker 1", 45))
    worker.register_birth()  # type: ignore[no-untyped-call]
    queue = Queue("registry", connection=valkey, serializer=JSONSerializer, job_class=OperationJob)
    given = cast("OperationJob", queue.enqueue(RUN_OPERATION, 1042))
    worker.prepare_execution(given)
    assert worker.execution is not None
    worker.maintain_heartbeats(given, worker.execution)
    assert signs.complaints() == []


@pytest.mark.engine
def test_commands_by_publish_and_subscribe_are_not_listened_to(valkey: redis.Redis) -> None:
    worker = worker_of(valkey)
    worker.subscribe()
    assert valkey.pubsub_channels() == []


@pytest.mark.engine
def test_cleaning_up_runs_nothing_that_an_abandoned_job_names(
    valkey: redis.Redis, tmp_path: Path
) -> None:
    """RQ would call the failure callback of a job whose execution has expired, and enqueue it
    anew where it asks for that.
    """
    mark = tmp_path / "it-ran"
    queue = Queue("registry", connection=valkey, serializer=JSONSerializer)
    forged = queue.enqueue(
        "os.system", str(mark), on_failure=Callback(f"{__name__}.touched"), description=str(mark)
    )
    forged.set_status(JobStatus.STARTED)
    with valkey.pipeline() as pipeline:
        execution = Execution.create(forged, ttl=-2, pipeline=pipeline)
        pipeline.execute()
    valkey.zadd(queue.started_job_registry.key, {execution.composite_key: 1})
    worker_of(valkey).clean_registries()
    assert not mark.exists()
    assert forged.get_status(refresh=True) is JobStatus.STARTED


def touched(job: Job, *_: object) -> None:
    """The callback that must not be called."""
    Path(job.description or "").touch()
