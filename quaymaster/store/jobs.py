"""RQ jobs as values: the commands that enqueue one, to be part of a transaction.

The job is RQ's own, as its ``Job`` writes it and its worker reads it; only the three writes that
``Queue.enqueue_job`` makes in a pipeline are made here inside our transaction instead, so that
recording an operation and queueing its job are one atomic round trip.
"""

import json
from datetime import UTC, datetime
from functools import cache

import redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import utcformat

from quaymaster.store import keys
from quaymaster.store.transactions import Command

RUN_OPERATION = "workers.run.run_operation"
"""The one function that a worker runs, by name: the bot never imports the workers."""
RUN_SCAN = "workers.scan_order.run_scan"
"""The one function that the scanner runs."""

_JOB_TIMEOUT_SECONDS = 6 * 3600
"""RQ's own limit on a job. Each step of ours has its own, far shorter."""
_FAILURE_TTL_SECONDS = 3600
_OWN = frozenset({"created_at", "enqueued_at", "data", "description"})
"""The fields in which jobs differ."""


def enqueued(job_id: str, operation_id: int, queue: str) -> tuple[Command, ...]:
    """The commands that put an operation's job at the end of its queue."""
    return _enqueued(job_id, RUN_OPERATION, operation_id, queue, f"operation {operation_id}")


def scan_enqueued(job_id: str, order_id: str, queue: str) -> tuple[Command, ...]:
    """The commands that put the job of an order at the end of one of the scanner's queues."""
    return _enqueued(job_id, RUN_SCAN, order_id, queue, f"scan order {order_id}")


def _enqueued(
    job_id: str, function: str, pointer: int | str, queue: str, description: str
) -> tuple[Command, ...]:
    now = utcformat(datetime.now(UTC))
    # As RQ's JSONSerializer writes it (rq/serializers.py). RQ compresses its data but reads it
    # uncompressed too (rq/job.py, Job.restore), and text passes through a script's JSON unharmed.
    own = (
        *("created_at", now),
        *("enqueued_at", now),
        *("data", json.dumps([function, None, [pointer], {}])),
        *("description", description),
    )
    return (
        ("HSET", keys.job(job_id), *_words_of_every_job(queue), *own),
        ("SADD", keys.QUEUES, keys.queue(queue)),
        ("RPUSH", keys.queue(queue), job_id),
    )


@cache
def _words_of_every_job(queue: str) -> tuple[str, ...]:
    """What RQ's own ``Job`` writes, made once: a command waits for each job that is made."""
    job = Job.create(
        RUN_OPERATION,
        connection=_nowhere(),
        serializer=JSONSerializer,
        origin=queue,
        timeout=_JOB_TIMEOUT_SECONDS,
        result_ttl=0,
        failure_ttl=_FAILURE_TTL_SECONDS,
        status=JobStatus.QUEUED,
    )
    fields = job.to_dict() | {"status": JobStatus.QUEUED.value}
    return tuple(str(word) for field in fields.items() if field[0] not in _OWN for word in field)


@cache
def _nowhere() -> redis.Redis:
    """``Job`` wants a connection to be made; nothing is ever sent over this one."""
    return redis.Redis(host="quaymaster.invalid")
