"""A job as it is enqueued here is RQ's own."""

from datetime import UTC, datetime, timedelta

import redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from quaymaster.store.jobs import RUN_OPERATION, enqueued

NOWHERE = redis.Redis(host="quaymaster.invalid")


def written(operation_id: int, queue: str) -> dict[bytes, bytes]:
    """The hash of the job as RQ reads it from Redis."""
    (_, _, *pairs), *_ = enqueued(f"operation-{operation_id}-1", operation_id, queue)
    words = [str(word).encode() for word in pairs]
    return dict(zip(words[::2], words[1::2], strict=True))


def read(operation_id: int, queue: str) -> Job:
    job = Job(f"operation-{operation_id}-1", connection=NOWHERE, serializer=JSONSerializer)
    job.restore(written(operation_id, queue))
    return job


def test_rq_reads_the_operation_and_the_queue_of_each_job() -> None:
    for operation_id, queue in ((7, "host:build1"), (8, "scan"), (9, "host:build1")):
        job = read(operation_id, queue)
        assert (job.func_name, job.args, job.kwargs) == (RUN_OPERATION, [operation_id], {})
        assert job.instance is None
        assert job.origin == queue
        assert job.description == f"operation {operation_id}"
        assert job.get_status(refresh=False) is JobStatus.QUEUED


def test_a_job_has_the_time_of_its_own_enqueueing() -> None:
    first, second = read(7, "scan"), read(8, "scan")
    assert first.enqueued_at is not None
    assert second.enqueued_at is not None
    assert first.enqueued_at <= second.enqueued_at
    assert datetime.now(UTC) - second.enqueued_at < timedelta(minutes=1)
    assert first.created_at == first.enqueued_at


def test_a_job_has_every_field_that_rq_writes() -> None:
    job = read(7, "scan")
    assert {field.decode() for field in written(7, "scan")} >= set(job.to_dict())
    assert job.timeout == 6 * 3600
    assert job.result_ttl == 0
    assert job.success_callback is None
