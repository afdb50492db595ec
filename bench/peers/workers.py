"""Two workers whose jobs only report when their first line ran: ours, and RQ's own.

    python -m bench.peers.workers ours|rq REDIS_URL

Everything that ours imports is imported by both before they fork.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import redis
from rq import Worker
from rq.serializers import JSONSerializer

import workers.process.serve
from bench.jobs import told
from bench.pickup import OURS, RQ
from quaymaster.signs_of_life import Sign
from quaymaster.store.connections import queue_connection
from workers.process.supervisor import Child, Supervisor
from workers.process.worker import OperationJob, OperationWorker

_GRACE_SECONDS = 5.0


class _Job(OperationJob):
    """Ours, with another function."""

    @property
    def func(self) -> Callable[..., Any]:
        return told


class _Worker(OperationWorker):
    """Ours, with that job."""

    def __init__(
        self,
        queues: Sequence[str],
        connection: redis.Redis,
        grace_seconds: float,
        sign: Sign | None = None,
    ) -> None:
        super().__init__(queues, connection, grace_seconds, sign)
        self.job_class = _Job
        for queue in self.queues:
            queue.job_class = _Job


def _ours(url: str) -> None:
    workers.process.serve.OperationWorker = _Worker  # type: ignore[attr-defined]

    def work(sign: Sign) -> None:
        workers.process.serve.work_until_stopped(
            [OURS], queue_connection(url), _GRACE_SECONDS, sign
        )

    children = [workers.process.serve.keeper_of_leases(url), Child("worker", work)]
    sys.exit(Supervisor(children, _GRACE_SECONDS).run())


def _rq(url: str) -> None:
    connection = redis.Redis.from_url(url)
    Worker([RQ], connection=connection, serializer=JSONSerializer).work(logging_level="WARNING")


if __name__ == "__main__":
    {"ours": _ours, "rq": _rq}[sys.argv[1]](sys.argv[2])
