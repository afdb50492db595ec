"""Once a day the newest hash of the audit is posted: a witness outside of Redis.

Whoever could rewrite the whole audit, with the key, still cannot rewrite what people have read. The
courier posts it, like everything else; here it is asked to, and told what to post.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import structlog

from bot.courier.steps import CARD
from bot.views.messages import Message
from quaymaster.audit import store as audit_store
from quaymaster.errors import Unavailable
from quaymaster.store import cards, keys
from quaymaster.store.cards import Posting
from quaymaster.store.transactions import (
    AsyncConnection,
    Query,
    Transaction,
    ask_async,
    perform_async,
)
from quaymaster.subjects import AuditDigest

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 30.0


async def request_digests(
    connection: AsyncConnection, channel: str | None, stop: asyncio.Event
) -> None:
    """Until ``stop`` is set, have the courier post the newest hash once a day, if it has a channel.

    Several processes may do this. What Slack refuses is requested again half a minute later.
    """
    while channel is not None and not stop.is_set():
        try:
            await request_digest(connection, datetime.now(UTC).date())
        except Unavailable as error:
            log.warning("audit head later", why=error.problem.what)
        except Exception:
            log.exception("audit head not posted")
        try:
            await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
        except TimeoutError:
            continue


async def request_digest(connection: AsyncConnection, today: date) -> bool:
    """Have it posted unless it was posted today, or there is none."""
    if await ask_async(connection, posted_on()) == today.isoformat():
        return False
    if not await ask_async(connection, audit_store.head()):
        return False
    midnight = datetime.combine(today, time(), UTC)
    await perform_async(connection, _requested(AuditDigest(today), midnight))
    return True


def digest_message(subject: AuditDigest, head: str, channel: str) -> Message:
    """The message that names this hash. It is never edited: a witness does not change its mind."""
    text = (
        f"Audit on {subject.day.isoformat()}: the newest hash is `{head}`.\n"
        f"Check any time with `quaymaster audit verify --head {head}`."
    )
    return Message(CARD, subject, channel, text, urgency="ended", is_final=True)


def posted_on() -> Query[str]:
    """The day on which it was last posted, as ISO 8601; empty if it never was."""
    return Query(("GET", keys.AUDIT_POSTED), lambda reply: reply.decode() if reply else "")


def digest_caught_up(subject: AuditDigest, postings: Mapping[str, Posting]) -> Transaction[bool]:
    """Take it off the list. Where Slack refused it, forget that, so that it can be requested again:
    somebody may have invited the bot by then.
    """
    posting = postings.get(CARD)
    is_there = posting is not None and posting.is_there
    noted = ("SET", keys.AUDIT_POSTED, subject.day.isoformat())
    forgotten = ("DEL", keys.card(subject))
    return Transaction(
        commands=(cards.no_longer_stale(subject), noted if is_there else forgotten),
        done=lambda _: True,
        refused=lambda _: False,
    )


def _requested(subject: AuditDigest, at: datetime) -> Transaction[None]:
    return Transaction(
        commands=cards.became_stale(subject, at),
        done=lambda _: None,
        refused=lambda _: None,
    )
