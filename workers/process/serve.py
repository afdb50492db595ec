"""One worker process: RQ's loop over its queues, until SIGTERM; and what keeps its leases."""

import signal
import time
from collections.abc import Callable, Sequence

import redis
import structlog

from quaymaster.signs_of_life import Sign
from quaymaster.store.connections import worker_connection
from workers.process.supervisor import Child
from workers.process.worker import OperationWorker, PointerWorker, ScanWorker
from workers.work import shutdown
from workers.work.lease_keeper import LeaseKeeper, kept_by

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0


def work_until_stopped(
    queues: Sequence[str],
    connection: redis.Redis,
    grace_seconds: float,
    sign: Sign | None = None,
) -> None:
    """Work at these queues."""
    _work(lambda: OperationWorker(queues, connection, grace_seconds, sign))


def scan_until_stopped(
    queues: Sequence[str],
    connection: redis.Redis,
    grace_seconds: float,
    sign: Sign | None = None,
) -> None:
    """Do the scans that workers order in these queues."""
    _work(lambda: ScanWorker(queues, connection, grace_seconds, sign))


def keeper_of_leases(url: str) -> Child:
    """What renews the leases of all that is forked after this: a program beside them."""
    keeper = LeaseKeeper()
    kept_by(keeper)
    return Child("keeper of leases", lambda sign: keeper.run(worker_connection(url), sign))


def _work(make: Callable[[], PointerWorker]) -> None:
    """RQ's loop ends by itself when Redis is away for too long: it is started again, because a
    worker that gives up leaves operations without anybody.

    Where no worker of RQ listens to SIGTERM, nothing is under way, and it ends the process at once.
    """
    shutdown.listen()
    while True:
        worker: PointerWorker | None = None
        try:
            worker = make()
            worker.work(logging_level="WARNING")
        except redis.RedisError as error:
            log.warning("waiting for Redis", why=type(error).__name__)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # A stop request counts even if Redis could not be updated.
        if worker is not None and worker.was_asked_to_stop:
            return
        time.sleep(_PAUSE_SECONDS)
