"""The pages of long lists after the first, each signed, kept as long as listings are.

Only the latest lists of each person are kept, so nobody can fill the memory by reading.
"""

from collections.abc import Sequence
from datetime import datetime

from quaymaster.actors import Actor, SlackUser
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation
from quaymaster.outcomes import Listed
from quaymaster.retention import Retention
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys
from quaymaster.store.formats import PAGE
from quaymaster.store.transactions import Command, Query

OF_ONE_PERSON = 20
"""How many lists of a person are kept at most; the pages of older ones are deleted."""


def keep(
    operation: Operation,
    pages: Sequence[Listed],
    older: Sequence[int],
    key: SigningKey,
    retention: Retention,
    now: datetime,
) -> tuple[Command, ...]:
    """The commands that store every page except the first, which is in the record, and delete the
    pages of the person's ``older`` lists (see ``older_than_allowed``). They belong in the
    transaction that ends the operation.
    """
    where, index = keys.pages(operation.id), _index(operation.actor)
    fields = [
        word
        for number, page in enumerate(pages)
        if number
        for word in (str(number), PAGE.signed(page, _place(operation.id, number), key).text)
    ]
    if not fields:
        return ()
    seconds = retention.listing_seconds
    dropped = (("DEL", *map(keys.pages, older)), ("ZREM", index, *older)) if older else ()
    return (
        *dropped,
        ("DEL", where),
        ("HSET", where, *fields),
        ("EXPIRE", where, seconds),
        ("ZADD", index, now.timestamp(), operation.id),
        ("ZREMRANGEBYSCORE", index, "-inf", now.timestamp() - seconds),
        ("EXPIRE", index, seconds),
    )


def older_than_allowed(actor: Actor) -> Query[tuple[int, ...]]:
    """The lists of a person that must go to make room for another, oldest first."""
    return Query(
        ("ZRANGE", _index(actor), 0, -OF_ONE_PERSON),
        lambda reply: tuple(int(one) for one in reply),
    )


def load(operation_id: int, number: int, ring: KeyRing) -> Query[Listed | None]:
    """A page after the first; None if it is not kept (any more). Raises Forged and
    WrittenByNewer.
    """
    return Query(
        ("HGET", keys.pages(operation_id), number),
        lambda text: PAGE.read(text, _place(operation_id, number), ring).value if text else None,
    )


def _place(operation_id: int, number: int) -> tuple[str, ...]:
    return (str(operation_id), str(number))


def _index(actor: Actor) -> str:
    team = actor.team if isinstance(actor, SlackUser) else ""
    return keys.listings(team, actor.id)
