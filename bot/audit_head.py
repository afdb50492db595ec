"""Once a day the newest hash of the audit is posted: a witness outside of Redis.

Whoever could rewrite the whole audit, with the key, still cannot rewrite what people have read.
"""

import asyncio
import secrets
from datetime import UTC, date, datetime

import structlog

from bot.sender import Content, Mark, Sender, Sent
from quaymaster import audit_store
from quaymaster.errors import Unavailable
from quaymaster.store import keys, leases
from quaymaster.store.transactions import (
    AsyncConnection,
    Query,
    Transaction,
    ask_async,
    perform_async,
)

log = structlog.get_logger(__name__)

_LEASE = "audit-head"
_LEASE_MILLISECONDS = 60_000
_LOOK_SECONDS = 30.0
_MARK = Mark(0, "audit-head")


async def post_heads(
    connection: AsyncConnection, sender: Sender, channel: str | None, stop: asyncio.Event
) -> None:
    """Post the newest hash once a day to this channel until ``stop`` is set.

    Several processes may do this. A process that dies between posting and noting it posts again:
    twice the same hash does no harm.
    """
    while channel is not None and not stop.is_set():
        try:
            await post_head(connection, sender, channel, datetime.now(UTC).date())
        except Unavailable as error:
            log.warning("audit head later", why=error.trouble.what)
        except Exception:
            log.exception("audit head not posted")
        try:
            await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
        except TimeoutError:
            continue


async def post_head(connection: AsyncConnection, sender: Sender, channel: str, today: date) -> bool:
    """Post it unless it was posted today, there is none, or another process is at it."""
    if await ask_async(connection, _posted_on()) == today.isoformat():
        return False
    head = await ask_async(connection, audit_store.head())
    owner = secrets.token_hex(8)
    if not head or not await perform_async(
        connection, leases.take(_LEASE, owner, _LEASE_MILLISECONDS)
    ):
        return False
    try:
        sent = await sender.post(channel, Content(_words(head, today), (), _MARK))
        if not isinstance(sent, Sent):
            log.warning("audit head not posted", why=str(sent))
            return False
        await perform_async(connection, _note_posted(today))
        return True
    finally:
        await perform_async(connection, leases.give_back(_LEASE, owner))


def _words(head: str, today: date) -> str:
    return (
        f"Audit on {today:%Y-%m-%d}: the newest hash is `{head}`.\n"
        f"Check any time with `quaymaster audit verify --head {head}`."
    )


def _posted_on() -> Query[str]:
    return Query(("GET", keys.AUDIT_POSTED), lambda reply: reply.decode() if reply else "")


def _note_posted(today: date) -> Transaction[None]:
    return Transaction(
        commands=(("SET", keys.AUDIT_POSTED, today.isoformat()),),
        done=lambda _: None,
        refused=lambda _: None,
    )
