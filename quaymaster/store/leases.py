"""Leases: only one process at a time may do something, as long as it keeps renewing."""

from quaymaster.store import keys
from quaymaster.store.transactions import Absent, Equals, Query, Transaction

OPERATION_MILLISECONDS = 8_000
"""A worker that has not renewed for this long counts as dead."""
SERVICE_MILLISECONDS = 20_000
"""Longer than any single call to an engine may take, so a new owner never overlaps the old one."""


def held(name: str, owner: str) -> Equals:
    """The guard that this owner still holds the lease."""
    return Equals(keys.lease(name), owner)


def take(name: str, owner: str, milliseconds: int) -> Transaction[bool]:
    """True if nobody held it and this owner holds it now."""
    return Transaction(
        guards=(Absent(keys.lease(name)),),
        commands=(("SET", keys.lease(name), owner, "PX", milliseconds),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def take_over(name: str, old: str, new: str, milliseconds: int) -> Transaction[bool]:
    """True if the old owner still held it and the new one holds it now."""
    return Transaction(
        guards=(held(name, old),),
        commands=(("SET", keys.lease(name), new, "PX", milliseconds),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def renew(name: str, owner: str, milliseconds: int) -> Transaction[bool]:
    """True if this owner still held it; it lasts longer now."""
    return Transaction(
        guards=(held(name, owner),),
        commands=(("PEXPIRE", keys.lease(name), milliseconds),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def give_back(name: str, owner: str) -> Transaction[bool]:
    """True if this owner held it; it is free now."""
    return Transaction(
        guards=(held(name, owner),),
        commands=(("DEL", keys.lease(name)),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def owner_of(name: str) -> Query[str | None]:
    """The current owner, if there is one."""
    return Query(
        ("GET", keys.lease(name)),
        lambda reply: reply.decode(errors="replace") if reply else None,
        otherwise=lambda: None,
    )
