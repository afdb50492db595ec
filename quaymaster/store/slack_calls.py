"""What was lately called at Slack, so that a courier which takes over knows how much is left.

Only the updates and the methods that Slack told to rest are kept: a new courier that began with
an empty budget could call 50 times in the minute that another one has used up already.
"""

from collections.abc import Mapping
from typing import Any

from quaymaster.store import keys
from quaymaster.store.transactions import Command, Query

_KEPT_SECONDS = 120


def update_began(courier: str, number: int, at: float) -> tuple[Command, ...]:
    """The commands that remember one update; courier and number make it a different one."""
    key = keys.SLACK_UPDATES
    return (
        ("ZADD", key, f"{at:.6f}", f"{at:.6f} {courier} {number}"),
        ("ZREMRANGEBYSCORE", key, "-inf", f"{at - _KEPT_SECONDS:.6f}"),
        ("EXPIRE", key, _KEPT_SECONDS),
    )


def updates_began() -> Query[tuple[float, ...]]:
    """When the updates of the last two minutes began, in seconds since the epoch."""
    return Query(
        ("ZRANGE", keys.SLACK_UPDATES, 0, -1),
        lambda reply: tuple(float(member.split()[0]) for member in reply),
    )


def paused(pauses: Mapping[str, float]) -> tuple[Command, ...]:
    """The commands that remember which methods rest, and until when."""
    key = keys.SLACK_PAUSES
    return tuple(("HSET", key, method, f"{until:.6f}") for method, until in pauses.items())


def pauses() -> Query[Mapping[str, float]]:
    """The methods that rested, and until when; also those that no longer do."""
    return Query(("HGETALL", keys.SLACK_PAUSES), _read_pauses)


def _read_pauses(reply: Any) -> Mapping[str, float]:
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {method.decode(): float(until) for method, until in pairs}
