"""What people decide about an operation: votes, cancelling, turning pages.

Each is a pure decision over the record, stored by compare-and-set and decided again on the newest
record when somebody was first.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from bot.conversation.allowance import Allowances
from bot.conversation.identity import Directory
from bot.database.database import Database
from quaymaster.actors import SlackUser
from quaymaster.errors import Conflict, Forged, NotAllowed, WrittenByNewer
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation
from quaymaster.policy import Person
from quaymaster.store import records
from quaymaster.store.transactions import Transaction

log = structlog.get_logger(__name__)

T = TypeVar("T")

_TRIES = 8
"""So many people deciding within one round trip of each other are not to be expected."""


async def decide(
    database: Database,
    operation_id: int,
    ring: KeyRing,
    decision: Callable[[Operation], Transaction[T]],
) -> T:
    """Load, decide, store; again while others are first.

    Raises what the decision raises, Conflict where there is no such operation, and Unavailable.
    """
    for _ in range(_TRIES - 1):
        transaction = decision(await loaded(database, operation_id, ring))
        try:
            return await database.perform(transaction)
        except Conflict:
            continue
    return await database.perform(decision(await loaded(database, operation_id, ring)))


async def by_whom(
    actor: SlackUser,
    directory: Directory,
    allowances: Allowances,
    check: Callable[[Person], Awaitable[T]],
) -> T:
    """What a check says by what is known of a person. A refusal rests on nothing old: then Slack is
    asked once more, so often for one person that nobody else is kept waiting.

    Raises what the check raises, and OutsideFailure.
    """
    person = directory.known(actor)
    if person is None:
        return await check(await directory.look_up(actor))
    try:
        return await check(person)
    except NotAllowed:
        if not allowances.may_be_looked_up_again(actor):
            raise
    return await check(await directory.look_up_again(actor))


async def loaded(database: Database, operation_id: int, ring: KeyRing) -> Operation:
    """The record. Raises Conflict where there is none, Forged, WrittenByNewer and Unavailable."""
    stored = await database.ask(records.load(operation_id, ring))
    if stored is None:
        raise Conflict(
            f"There is no operation #{operation_id}.",
            next_step="`/image jobs` lists operations in progress and recent ones.",
        )
    return stored.operation


async def loaded_if_readable(
    database: Database, operation_id: int, ring: KeyRing
) -> Operation | None:
    """For those who look at many: None where there is no record, and for one that cannot be read,
    which must not hold up or hide the others. Raises Unavailable.
    """
    try:
        stored = await database.ask(records.load(operation_id, ring))
    except (Forged, WrittenByNewer):
        log.warning("record cannot be read", operation=operation_id)
        return None
    return stored.operation if stored else None


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)
