"""What every program that works does first: wait for Redis, and see whether it fits."""

import time
from contextlib import closing

import redis
import structlog

from quaymaster.errors import Unavailable
from quaymaster.store.connections import worker_connection
from quaymaster.store.format_key import expect

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0


def expect_our_format(url: str) -> None:
    """Wait until Redis answers. Raises ConfigurationError when it holds another format."""
    is_away = False
    while True:
        try:
            with closing(worker_connection(url)) as connection:
                return expect(connection)
        except (Unavailable, redis.RedisError) as error:
            if not is_away:
                why = error.__cause__ if isinstance(error, Unavailable) else error
                log.warning("waiting for Redis", why=f"{type(why).__name__}: {why}")
            is_away = True
        time.sleep(_PAUSE_SECONDS)
