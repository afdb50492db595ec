"""What has ended is dropped when its time is over, with everything beside it.

An end puts the operation among those that have ended, in the transaction of the move; whoever looks
after operations sweeps them. It is not the expiry of Redis's own keys, because ``keep`` may change
afterwards and then holds for everything, because a card gets its address only after the end, and
because no program that ends an operation has to know for how long it is kept. Sweeping twice, or
in several processes at once, does no harm; it also works when Redis has no room left.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from quaymaster.operations import Operation
from quaymaster.retention import Retention, only_reads
from quaymaster.store import keys
from quaymaster.store.cards import pairs
from quaymaster.store.ids import ids_in, is_id
from quaymaster.store.transactions import Command, Connection, Query, Transaction, ask, perform

AT_ONCE = 200
"""So many operations are dropped in one round trip: nobody else waits for long."""
MOST_READINGS = 2_000
"""Operations that only read are kept in this number at most, once they are an hour old."""
READ_WITHIN = timedelta(hours=1)


def ended(operation: Operation) -> tuple[Command, ...]:
    """The commands that note that an operation has ended; none for one that goes on."""
    if not operation.state.is_terminal:
        return ()
    where = keys.ENDED_READINGS if only_reads(operation.request) else keys.ENDED
    return (("ZADD", where, operation.changed_at.timestamp(), operation.id),)


def sweep(connection: Connection, retention: Retention, now: datetime) -> int:
    """Drop everything whose time is over; how many operations that were. Raises Unavailable."""
    latest_surplus = ask(connection, _LATEST_SURPLUS)
    readings = max(
        (now - retention.listings).timestamp(),
        # Whoever reads on and on fills nothing, and has an hour to look at each answer.
        min(latest_surplus, (now - READ_WITHIN).timestamp()),
    )
    operations = (now - retention.operations).timestamp()
    dropped = _swept(connection, keys.ENDED_READINGS, readings)
    dropped += _swept(connection, keys.ENDED, operations)
    perform(connection, _forget_requests_before(operations))
    return dropped


def _swept(connection: Connection, where: str, until: float) -> int:
    """Drop all that ended by then; how many that were."""
    oldest: Query[tuple[bytes, ...]] = Query(
        ("ZRANGE", where, "-inf", until, "BYSCORE", "LIMIT", 0, AT_ONCE), tuple
    )
    dropped = 0
    while found := ask(connection, oldest):
        operations = ids_in(found)
        if operations:
            perform(connection, _drop(where, operations))
        _drop_strays(connection, where, found)
        dropped += len(operations)
    return dropped


def _drop_strays(connection: Connection, where: str, found: Iterable[bytes]) -> None:
    """Members that are no ids: they may be no text at all, as a script's arguments have to be."""
    strays = [one for one in found if not is_id(one)]
    if strays:
        ask(connection, Query(cast("Command", ("ZREM", where, *strays)), int))


def _score(reply: Any) -> float:
    return next((float(score) for _, score in pairs(reply)), -math.inf)


_LATEST_SURPLUS = Query(
    ("ZRANGE", keys.ENDED_READINGS, -MOST_READINGS - 1, -MOST_READINGS - 1, "WITHSCORES"), _score
)
"""When the latest of those ended that are more than may be kept."""


def _drop(where: str, ids: Iterable[int]) -> Transaction[None]:
    """Ended operations, where their messages are, their pages, and every list that they are in."""
    words = tuple(ids)
    everything = (
        name for one in words for name in (keys.operation(one), keys.card(one), keys.pages(one))
    )
    return Transaction(
        commands=(
            ("DEL", *everything),
            ("ZREM", keys.RECENT, *words),
            ("ZREM", keys.CARDS_BEHIND, *words),
            ("ZREM", where, *words),
        ),
        done=lambda _: None,
        refused=lambda _: None,
    )


def _forget_requests_before(limit: float) -> Transaction[None]:
    """The latest requests are listed by age too, whatever became of them."""
    return Transaction(
        commands=(("ZREMRANGEBYSCORE", keys.RECENT, "-inf", f"({limit}"),),
        done=lambda _: None,
        refused=lambda _: None,
    )
