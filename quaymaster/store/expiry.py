"""Finished operations are deleted when their retention ends, with everything that belongs to them.

The transaction that ends an operation adds it to the set of finished operations, and a loop beside
the workers sweeps that set. Redis's own expiry would not do: ``keep`` may change afterwards and
then applies to everything, a card gets its address only after the end, and the programs that end an
operation need not know how long it is kept. Sweeping twice, or in several processes at once, does
no harm; it also works when Redis has no room left.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from quaymaster.operations import Operation
from quaymaster.retention import Retention, only_reads
from quaymaster.store import keys
from quaymaster.store.cards import no_longer_stale, pairs
from quaymaster.store.ids import ids_in, is_id
from quaymaster.store.transactions import Command, Connection, Query, Transaction, ask, perform
from quaymaster.subjects import OperationSubject

AT_ONCE = 200
"""How many operations one round trip deletes, so that other clients do not wait for long."""
MOST_READINGS = 2_000
"""At most this many operations that only read are kept, once they are an hour old."""
READ_WITHIN = timedelta(hours=1)


def ended(operation: Operation) -> tuple[Command, ...]:
    """The commands that record the end of an operation; none if it has not ended."""
    if not operation.state.is_terminal:
        return ()
    where = keys.ENDED_READINGS if only_reads(operation.request) else keys.ENDED
    return (("ZADD", where, operation.changed_at.timestamp(), operation.id),)


def sweep(connection: Connection, retention: Retention, now: datetime) -> int:
    """Delete everything that has expired; returns how many operations. Raises Unavailable."""
    latest_surplus = ask(connection, _LATEST_SURPLUS)
    readings = max(
        (now - retention.listings).timestamp(),
        # Reading again and again cannot fill Redis, and each answer still stays for an hour.
        min(latest_surplus, (now - READ_WITHIN).timestamp()),
    )
    operations = (now - retention.operations).timestamp()
    dropped = _swept(connection, keys.ENDED_READINGS, readings)
    dropped += _swept(connection, keys.ENDED, operations)
    perform(connection, _forget_requests_before(operations))
    return dropped


def _swept(connection: Connection, where: str, until: float) -> int:
    """Delete all operations that ended by then; returns how many."""
    oldest: Query[tuple[bytes, ...]] = Query(
        ("ZRANGE", where, "-inf", until, "BYSCORE", "LIMIT", 0, AT_ONCE), tuple
    )
    dropped = 0
    while batch := ask(connection, oldest):
        operations = ids_in(batch)
        if operations:
            perform(connection, _drop(where, operations))
        _drop_strays(connection, where, batch)
        dropped += len(operations)
    return dropped


def _drop_strays(connection: Connection, where: str, members: Iterable[bytes]) -> None:
    """Remove members that are not ids. They may not even be text, which a script's arguments must
    be.
    """
    strays = [one for one in members if not is_id(one)]
    if strays:
        ask(connection, Query(cast("Command", ("ZREM", where, *strays)), int))


def _score(reply: Any) -> float:
    return next((float(score) for _, score in pairs(reply)), -math.inf)


_LATEST_SURPLUS = Query(
    ("ZRANGE", keys.ENDED_READINGS, -MOST_READINGS - 1, -MOST_READINGS - 1, "WITHSCORES"), _score
)
"""When the latest of the operations beyond the permitted number ended."""


def _drop(where: str, ids: Iterable[int]) -> Transaction[None]:
    """Delete finished operations, the addresses of their messages, their pages and their entries in
    every list.
    """
    words = tuple(ids)
    subjects = tuple(map(OperationSubject, words))
    everything = (
        *map(keys.operation, words),
        *map(keys.card, subjects),
        *map(keys.pages, words),
    )
    return Transaction(
        commands=(
            ("DEL", *everything),
            ("ZREM", keys.RECENT, *words),
            no_longer_stale(*subjects),
            ("ZREM", where, *words),
        ),
        done=lambda _: None,
        refused=lambda _: None,
    )


def _forget_requests_before(limit: float) -> Transaction[None]:
    """Shorten the list of recent requests by age as well, however they ended."""
    return Transaction(
        commands=(("ZREMRANGEBYSCORE", keys.RECENT, "-inf", f"({limit}"),),
        done=lambda _: None,
        refused=lambda _: None,
    )
