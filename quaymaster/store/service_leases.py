"""The right to change a service, and the previous owners whose last call may still arrive.

A process can be paused between checking that it still has the right and making the call. So it
leaves a mark when it takes the right, and removes it when it returns the right in time with its
work done. A remaining mark means that a late call of one of our operations may come or has come, or
that the operation failed half-way. Quaymaster then settles what it left behind (see
``workers/process/service_look.py``).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from quaymaster.store import keys, leases
from quaymaster.store.cards import pairs
from quaymaster.store.transactions import Command, Query, Transaction
from quaymaster.target import ServiceRef

_KEPT_SECONDS = 24 * 3600
"""Longer than any realistic pause of a machine."""
_SINCE = " since "


class LeaseMark(StrEnum):
    """What is known about an owner of the right."""

    AT_WORK = "at work"
    """It has not returned the right: it is working, dead or paused."""
    LATE = "late"
    """It lost the right meanwhile, and may have made one call after that."""
    UNFINISHED = "unfinished"
    """It returned the right in time but had not finished: something failed."""

    @property
    def is_over(self) -> bool:
        """Whether no call from its owner can arrive any more."""
        return self is not LeaseMark.AT_WORK


def name_of(service: ServiceRef) -> str:
    """The name of the lease."""
    return f"service:{service}"


def take(service: ServiceRef, owner: str, now: datetime) -> Transaction[bool]:
    """True if nobody held it and this owner holds it now."""
    lease = leases.take(name_of(service), owner, leases.SERVICE_MILLISECONDS)
    return _marked(lease, _mark(service, owner, LeaseMark.AT_WORK, now))


def take_over(service: ServiceRef, old: str, new: str, now: datetime) -> Transaction[bool]:
    """True if the old owner still held it and the new one holds it now."""
    name = name_of(service)
    lease = leases.take_over(name, old, new, leases.SERVICE_MILLISECONDS)
    return _marked(lease, _mark(service, new, LeaseMark.AT_WORK, now))


def give_back(service: ServiceRef, owner: str) -> Transaction[bool]:
    """True if this owner held it until now. No more of its work follows."""
    gone = (("HDEL", keys.at_work(service), owner),)
    return _marked(leases.give_back(name_of(service), owner), gone)


def give_back_unfinished(service: ServiceRef, owner: str, now: datetime) -> Transaction[bool]:
    """The same for an owner that had not finished: a service check settles what it left."""
    mark = _mark(service, owner, LeaseMark.UNFINISHED, now)
    return _marked(leases.give_back(name_of(service), owner), mark)


def note_late(service: ServiceRef, owner: str, now: datetime) -> Transaction[None]:
    """Record that the owner noticed too late that it had lost the right."""
    return Transaction(
        commands=_mark(service, owner, LeaseMark.LATE, now),
        done=lambda _: None,
        refused=lambda _: None,
    )


def forget(service: ServiceRef, owners: tuple[str, ...]) -> Transaction[None]:
    """Remove the marks of owners whose work was settled and that make no more calls."""
    where = keys.at_work(service)
    return Transaction(
        commands=(("HDEL", where, *owners),) if owners else (),
        done=lambda _: None,
        refused=lambda _: None,
    )


def marks(service: ServiceRef, now: datetime) -> Query[Mapping[str, LeaseMark]]:
    """The current marks, by owner: each lasts a day, however often others leave theirs."""
    oldest = now.timestamp() - _KEPT_SECONDS
    return Query(("HGETALL", keys.at_work(service)), lambda reply: _read(reply, oldest))


def _marked(lease: Transaction[bool], mark: tuple[Command, ...]) -> Transaction[bool]:
    return Transaction(
        guards=lease.guards,
        commands=(*lease.commands, *mark),
        done=lambda _: True,
        refused=lambda _: False,
    )


def _mark(service: ServiceRef, owner: str, mark: LeaseMark, now: datetime) -> tuple[Command, ...]:
    where = keys.at_work(service)
    written = f"{mark}{_SINCE}{now.timestamp():.0f}"
    return (("HSET", where, owner, written), ("EXPIRE", where, _KEPT_SECONDS))


def _read(reply: Any, oldest: float) -> Mapping[str, LeaseMark]:
    """A mark proves nothing. By writing one, somebody with access to Redis can have a service
    settled, and nothing else.
    """
    items = reply.items() if isinstance(reply, dict) else pairs(reply)
    standing: dict[str, LeaseMark] = {}
    for owner, written in items:
        word, _, since = written.decode(errors="replace").partition(_SINCE)
        if since.isascii() and since.isdigit() and float(since) > oldest:
            is_mark = word in (LeaseMark.LATE, LeaseMark.UNFINISHED)
            standing[owner.decode(errors="replace")] = (
                LeaseMark(word) if is_mark else LeaseMark.AT_WORK
            )
    return standing
