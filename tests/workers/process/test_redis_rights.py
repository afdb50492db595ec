"""RQ's worker does a job from its queue to its end with the rights that its user of Redis has."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from quaymaster.store import jobs, keys
from quaymaster.store.connections import queue_connection
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.transactions import Transaction, perform
from testing.engines.valkey import ValkeyServer
from workers.process.worker import OperationJob, OperationWorker

pytestmark = pytest.mark.engine


def fail(_: int) -> None:
    raise ValueError("made up")


class EndingJob(OperationJob):
    """Does nothing, and ends well."""

    @property
    def func(self) -> Callable[..., Any]:
        return abs


class FailingJob(OperationJob):
    """Fails as no job of ours does."""

    @property
    def func(self) -> Callable[..., Any]:
        return fail


@pytest.mark.parametrize("job_class", [EndingJob, FailingJob])
@pytest.mark.parametrize(
    ("user", "names"),
    [
        (RedisUser.SCANNER, ["scan:deploys"]),
        (RedisUser.SCANNER, ["scan:deploys", "scan"]),
        (RedisUser.WORKER_REGISTRY, ["registry"]),
        (RedisUser.WORKER_HOST, ["urgent:app1"]),
        (RedisUser.WORKER_HOST, ["scans:app1"]),
        (RedisUser.WORKER_HOST, ["urgent:app1", "host:app1"]),
        (RedisUser.WORKER_HOST, ["host:app1", "host:app2"]),
        (RedisUser.WORKER, ["registry", "scan", "host:app1"]),
    ],
)
def test_a_job_is_taken_done_and_put_away(
    valkey_server: ValkeyServer,
    valkey: redis.Redis,
    user: RedisUser,
    names: list[str],
    job_class: type[OperationJob],
) -> None:
    with redis.Redis.from_url(valkey_server.url_of(RedisUser.BOT)) as bot:
        enqueue = jobs.enqueued("operation-1042-1", 1042, names[-1])
        perform(bot, Transaction(enqueue, lambda _: None, lambda _: None))
    with queue_connection(valkey_server.url_of(user)) as connection:
        worker = OperationWorker(names, connection, grace_seconds=5)
        worker.job_class = job_class
        worker.work(max_jobs=1, logging_level="CRITICAL")
    assert valkey.acl_log() == []
    assert not valkey.llen(keys.queue(names[-1]))
    assert bool(valkey.exists(keys.job("operation-1042-1"))) == (job_class is FailingJob)
    assert not valkey.smembers("rq:workers")
