"""RQ's forking worker, made to run one function of ours and nothing else.

Whoever can write to Redis can put any job into a queue, also as JSON: RQ would import and call
the function that it names, and the callbacks beside it. Here a job is a pointer (to an
operation, or to the order of a scan) and never names code.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Sequence
from pkgutil import resolve_name
from types import FrameType
from typing import Any, ClassVar, cast

import redis
import structlog
from redis.client import Pipeline
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from quaymaster.signs_of_life import Sign
from quaymaster.store.jobs import RUN_OPERATION, RUN_SCAN
from workers.work import configurations, shutdown

log = structlog.get_logger(__name__)

_MONITORING_SECONDS = 5
_WORKER_TTL_SECONDS = 30
SIGN_OF_LIFE_SECONDS = 10
"""A worker that has given no sign of life for so long has not taken a job: it gives one every
``_MONITORING_SECONDS``, and a slow Redis delays it. RQ's own limit is 65 seconds.
"""
SIGN_SECONDS = 45.0
"""So long a worker counts as well after Redis took its heartbeat: one that waits for work sends it
every 15 seconds (``dequeue_timeout`` of RQ).
"""


class PointerJob(Job):
    """A job whose function is ours whatever Redis says, and that has no callbacks."""

    function: ClassVar[str]
    """The name in the job: it stays, because programs of two versions share the queues."""
    entry: ClassVar[str]
    """The one entry point, where it is in this version."""
    pointer: ClassVar[type]
    """What it is called with."""

    @property
    def func(self) -> Callable[..., Any]:
        """The one entry point. RQ would import what the job names."""
        return cast("Callable[..., Any]", resolve_name(self.entry))

    success_callback = property(lambda _: None)
    failure_callback = property(lambda _: None)
    stopped_callback = property(lambda _: None)

    def send_webhooks(self, *_: Any, **__: Any) -> None:
        """Webhooks are addresses from Redis: nothing is sent to them."""


class OperationJob(PointerJob):
    """Does the next stage of an operation."""

    function = RUN_OPERATION
    entry = "workers.run.run_operation"
    pointer = int


class ScanJob(PointerJob):
    """Does the scan that an order asks for."""

    function = RUN_SCAN
    entry = "workers.process.scan_order.run_scan"
    pointer = str


def refusal(untrusted: Job) -> str | None:
    """Why a job is not run: it is not one that Quaymaster enqueues. None when it is."""
    job = cast("PointerJob", untrusted)
    try:
        name, instance, arguments, options = job.func_name, job.instance, job.args, job.kwargs
    except Exception as error:  # noqa: BLE001 - whatever is in there, it was not written by us
        return f"its data cannot be read ({type(error).__name__})"
    if name != job.function or instance is not None:
        return "it names another function"
    is_pointer = len(arguments) == 1 and type(arguments[0]) is job.pointer and not options
    if not is_pointer:
        return "its arguments are not one pointer"
    callbacks = (
        job._success_callback_name,
        job._failure_callback_name,
        job._stopped_callback_name,
    )
    if any(isinstance(name, str) and name for name in callbacks) or job.webhooks:
        return "it carries a callback or a webhook"
    return None


class PointerWorker(Worker):
    """One job at a time, each in a forked work horse.

    Commands over Redis' publish/subscribe are not listened to, and RQ's own clean-up of
    abandoned jobs is replaced: operations have leases, and the reconciler looks after them.
    """

    job_class: type[PointerJob]
    exponential_backoff_factor = 1.5
    max_connection_wait_time = 3.0

    def __init__(
        self,
        queues: Sequence[str],
        connection: redis.Redis,
        grace_seconds: float,
        sign: Sign | None = None,
    ) -> None:
        super().__init__(
            list(queues),
            connection=connection,
            serializer=JSONSerializer,
            job_class=self.job_class,
            worker_ttl=_WORKER_TTL_SECONDS,
            job_monitoring_interval=_MONITORING_SECONDS,
            log_job_description=False,
        )
        self._grace_seconds = grace_seconds
        self._sign = sign or Sign(None, 0)

    @property
    def was_asked_to_stop(self) -> bool:
        """Whether the loop ended because of SIGTERM or SIGINT."""
        return self._shutdown_requested_date is not None

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the job in a work horse, unless it is not ours."""
        why = refusal(job)
        if why is not None:
            log.warning("job refused", job=job.id, queue=queue.name, why=why)
            job.delete(remove_from_queue=False)
            return
        configurations.refresh()
        super().execute_job(job, queue)

    def subscribe(self) -> None:
        """No commands by publish/subscribe: whoever can publish could stop the worker."""

    def clean_registries(self) -> None:
        """Forget expired entries. RQ would run the failure callback that an abandoned job names."""
        for queue in self.queues:
            with contextlib.suppress(redis.RedisError):
                registry = queue.started_job_registry
                self.connection.zremrangebyscore(registry.key, "-inf", "(0")

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 (RQ's)
        """How long what this worker says about a job is true without being said again."""
        return SIGN_OF_LIFE_SECONDS

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ's own, in one round trip instead of three: a job that was taken waits for it."""
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)
            return
        with self.connection.pipeline(transaction=False) as own:
            super().heartbeat(timeout, own)
            own.execute()
        self._sign.give()

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """RQ's own heartbeat; Redis may be away for a while without ending the worker."""
        try:
            super().maintain_heartbeats(job, execution)
            self._sign.give()
        except redis.RedisError as error:
            log.warning("heartbeat not written", why=type(error).__name__)

    def handle_warm_shutdown_request(self) -> None:
        """No new work; the running job finishes or hands back at its next step, within grace."""
        horse = self.horse_pid
        if not horse:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(horse, shutdown.SIGNAL)
        timer = threading.Timer(self._grace_seconds, self.kill_horse)
        timer.daemon = True
        timer.start()

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """A second SIGTERM is not a reason to kill a deploy: the grace period decides."""

    def setup_work_horse_signals(self) -> None:
        """In the work horse: the parent's word that it is shutting down, and nothing else."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        shutdown.listen()


class OperationWorker(PointerWorker):
    """Does operations."""

    job_class = OperationJob


class ScanWorker(PointerWorker):
    """The scanner: does the scans that workers order."""

    job_class = ScanJob
