"""Everything that Quaymaster and its queues keep in Redis, taken out of it."""

from collections.abc import Iterator

import redis

from quaymaster.errors import ConfigurationError
from quaymaster.store import keys
from quaymaster.store.transactions import Connection, unavailable

PATTERNS = (f"{keys.PREFIX}*", "rq:*")
"""What is ours in a Redis that others use as well."""
_BATCH = 500


def empty(connection: Connection) -> int:
    """Delete every key of ours and no other; how many. Raises Unavailable, and ConfigurationError
    for a user of Redis who may not.
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
    """What to say to a user of Redis who may not list keys: no program may."""
    return ConfigurationError(
        "The user of Redis in REDIS_URL may not do this: no program may list or delete all keys.",
        next_step="Run it as the administrator of Redis: REDIS_URL=redis://:PASSWORD@HOST:6379/0.",
    )


def named(connection: Connection, pattern: str) -> Iterator[str]:
    """The keys of a pattern, each once. SCAN itself may name one twice."""
    seen: set[str] = set()
    for name in connection.scan_iter(match=pattern, count=_BATCH):
        text = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        if text not in seen:
            seen.add(text)
            yield text
