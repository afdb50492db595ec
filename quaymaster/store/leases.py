"""Leases: something only one process may do at a time, for as long as it says that it lives."""

from quaymaster.store import keys
from quaymaster.store.transactions import Absent, Equals, Query, Transaction

OPERATION_MILLISECONDS = 8_000
"""A worker that has not renewed for so long is taken for dead."""
SERVICE_MILLISECONDS = 20_000
"""Longer than any single call to an engine may take, so a new owner never overlaps the old."""


def held(name: str, owner: str) -> Equals:
    """The guard that the lease is still this owner's."""
    return Equals(keys.lease(name), owner)


def take(name: str, owner: str, milliseconds: int) -> Transaction[bool]:
    """True when nobody had it and now this owner does."""
    return Transaction(
        guards=(Absent(keys.lease(name)),),
        commands=(("SET", keys.lease(name), owner, "PX", milliseconds),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def take_over(name: str, old: str, new: str, milliseconds: int) -> Transaction[bool]:
    """True when it was still the old owner's and now is the new one's."""
    return Transaction(
        guards=(held(name, old),),
        commands=(("SET", keys.lease(name), new, "PX", milliseconds),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def renew(name: str, owner: str, milliseconds: int) -> Transaction[bool]:
    """True when it was still this owner's and lasts longer now."""
    return Transaction(
        guards=(held(name, owner),),
        commands=(("PEXPIRE", keys.lease(name), milliseconds),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def give_back(name: str, owner: str) -> Transaction[bool]:
    """True when it was this owner's and is free now."""
    return Transaction(
        guards=(held(name, owner),),
        commands=(("DEL", keys.lease(name)),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def owner_of(name: str) -> Query[str | None]:
    """Who has it now, if anybody."""
    return Query(
        ("GET", keys.lease(name)),
        lambda reply: reply.decode(errors="replace") if reply else None,
        otherwise=lambda: None,
    )
