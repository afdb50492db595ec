"""Recent calls to Slack, so that a courier that takes over knows how much of the rate is left.

Only updates and paused methods are kept. Without them, a new courier could make another 50 calls in
a minute that its predecessor has already used up.
"""

from collections.abc import Mapping
from typing import Any

from quaymaster.store import keys
from quaymaster.store.transactions import Command, Query

_KEPT_SECONDS = 120


def update_began(courier: str, number: int, at: float) -> tuple[Command, ...]:
    """The commands that record one update; courier and number distinguish it from others."""
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
    """The commands that record which methods are paused, and until when."""
    key = keys.SLACK_PAUSES
    return tuple(("HSET", key, method, f"{until:.6f}") for method, until in pauses.items())


def pauses() -> Query[Mapping[str, float]]:
    """The paused methods, and until when; also those whose pause is over."""
    return Query(("HGETALL", keys.SLACK_PAUSES), _read_pauses)


def _read_pauses(reply: Any) -> Mapping[str, float]:
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {method.decode(): float(until) for method, until in pairs}
