"""One worker process: RQ's loop over its queues, until SIGTERM."""

import time

import redis
import structlog

from workers import shutdown
from workers.worker import OperationWorker

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0


def work_until_stopped(queues: list[str], connection: redis.Redis, grace_seconds: float) -> None:
    """Work at these queues. RQ's loop ends by itself when Redis is away for too long: it is
    started again, because a worker that gives up leaves operations without anybody.
    """
    shutdown.listen()
    while True:
        try:
            worker = OperationWorker(queues, connection, grace_seconds)
            worker.work(logging_level="WARNING")
        except redis.RedisError as error:
            log.warning("waiting for Redis", why=type(error).__name__)
        else:
            if worker.was_asked_to_stop:
                return
        time.sleep(_PAUSE_SECONDS)
