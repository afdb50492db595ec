"""Clients of Redis, each with the patience of its place."""

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

WORKER_TIMEOUT_SECONDS = 5.0
_IN_ALL_BLOCKING = 10.0


def worker_connection(url: str) -> redis.Redis:
    """For workers: a command may take five seconds and is not repeated by the client.

    A repeated command could be done twice; what has to be tried again says so itself.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=WORKER_TIMEOUT_SECONDS,
        socket_connect_timeout=WORKER_TIMEOUT_SECONDS,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )


def queue_connection(url: str) -> redis.Redis:
    """For RQ's worker, which blocks on its queues and sets the timeouts that it needs."""
    return redis.Redis.from_url(url, socket_connect_timeout=WORKER_TIMEOUT_SECONDS)


def courier_connection(url: str) -> redis.asyncio.Redis:
    """For the courier, which waits on a bell: longer than any wait of its own."""
    return redis.asyncio.Redis.from_url(
        url,
        socket_timeout=_IN_ALL_BLOCKING,
        socket_connect_timeout=WORKER_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
