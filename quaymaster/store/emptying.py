"""Deleting everything that Quaymaster and its queues keep in Redis."""

from collections.abc import Iterator

import redis

from quaymaster.errors import ConfigurationError
from quaymaster.store import keys
from quaymaster.store.transactions import Connection, unavailable

PATTERNS = (f"{keys.PREFIX}*", "rq:*")
"""The keys of Quaymaster in a Redis that it may share with others."""
_BATCH = 500


def empty(connection: Connection) -> int:
    """Delete every key of Quaymaster and no other; returns how many. Raises Unavailable, and
    ConfigurationError if this Redis user is not allowed to.
    """
    deleted = 0
    try:
        for pattern in PATTERNS:
            for name in named(connection, pattern):
                deleted += int(connection.unlink(name))
    except redis.exceptions.NoPermissionError as error:
        raise may_not() from error
    except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
        raise unavailable() from error
    return deleted


def may_not() -> ConfigurationError:
    """The error for a Redis user that may not list keys: no program may."""
    return ConfigurationError(
        "The user of Redis in REDIS_URL may not do this: no program may list or delete all keys.",
        next_step="Run it as the administrator of Redis: REDIS_URL=redis://:PASSWORD@HOST:6379/0.",
    )


def named(connection: Connection, pattern: str) -> Iterator[str]:
    """The keys that match a pattern, each once. SCAN itself may return one twice."""
    names: set[str] = set()
    for name in connection.scan_iter(match=pattern, count=_BATCH):
        text = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        if text not in names:
            names.add(text)
            yield text
