"""The audit in Redis: both ends at one moment, and its lines page by page."""

from collections.abc import Iterator
from dataclasses import dataclass

from quaymaster.audit.links import broken, link_of
from quaymaster.audit_entries import Anchor, hash_of
from quaymaster.key_ring import KeyRing
from quaymaster.store import keys
from quaymaster.store.formats import AUDIT_ANCHOR
from quaymaster.store.transactions import Connection, Query, ask

ANCHOR_PLACE = ("audit",)
PAGE = 500

_ENDS = """
return {redis.call('GET', KEYS[1]) or '', redis.call('LINDEX', KEYS[2], 0) or '',
  redis.call('LINDEX', KEYS[2], -1) or '', redis.call('LLEN', KEYS[2])}
"""


@dataclass(frozen=True, slots=True)
class AuditEnds:
    """Both ends of the audit in Redis, at one moment."""

    anchor: str
    first: str
    last: str
    length: int

    def start(self, ring: KeyRing) -> Anchor | None:
        """The anchor. Raises Forged if it does not fit the first entry, or was removed."""
        found = (
            AUDIT_ANCHOR.read(self.anchor, ANCHOR_PLACE, ring, in_audit=True).value
            if self.anchor
            else None
        )
        after = 0 if found is None else found.number
        if not self.first:
            return found
        entry = link_of(self.first, after + 1, ring).entry
        if (entry.number, entry.previous) != (after + 1, "" if found is None else found.head):
            raise broken(after + 1, "the anchor does not fit the remaining entries")
        return found


def ends() -> Query[AuditEnds]:
    """Both ends, at one moment."""
    return Query(
        ("EVAL", _ENDS, 2, keys.AUDIT_ANCHOR, keys.AUDIT),
        lambda reply: AuditEnds(text(reply[0]), text(reply[1]), text(reply[2]), int(reply[3])),
    )


def head() -> Query[str]:
    """The newest hash; empty for an empty audit."""
    return Query(("LINDEX", keys.AUDIT, -1), lambda reply: hash_of(text(reply)) if reply else "")


def line_at(index: int) -> Query[str]:
    """An entry by its index in Redis; empty if there is none."""
    return Query(("LINDEX", keys.AUDIT, index), lambda reply: text(reply) if reply else "")


def lines_between(first: int, last: int) -> Query[tuple[str, ...]]:
    """Entries by their indexes in Redis, both included, as LRANGE counts them."""
    return Query(
        ("LRANGE", keys.AUDIT, first, last), lambda reply: tuple(text(one) for one in reply)
    )


def stored_lines(connection: Connection, start: int = 0) -> Iterator[str]:
    """The audit from an index in Redis, oldest entry first, read page by page."""
    while page := ask(connection, lines_between(start, start + PAGE - 1)):
        yield from page
        start += len(page)


def text(reply: bytes) -> str:
    """A reply as text, even if somebody put invalid UTF-8 there."""
    return reply.decode(errors="replace")
