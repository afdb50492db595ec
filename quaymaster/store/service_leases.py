"""The right to change a service, and the previous owners whose last call may still arrive.

A process can be paused between checking that it still has the right and making the call. So it
leaves a mark when it takes the right, and removes it when it returns the right in time with its
work done. A remaining mark means that a late call of one of our operations may come or has come, or
that the operation failed half-way. Quaymaster then settles what it left behind (see
``workers/service_look.py``).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from quaymaster.store import keys, leases
from quaymaster.store.cards import pairs
from quaymaster.store.transactions import Command, Query, Transaction

_KEPT_SECONDS = 24 * 3600
"""Longer than any realistic pause of a machine."""
_SINCE = " since "


class Mark(StrEnum):
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
        return self is not Mark.AT_WORK


def name_of(environment: str, service: str) -> str:
    """The name of the lease."""
    return f"service:{environment}/{service}"


def take(environment: str, service: str, owner: str, now: datetime) -> Transaction[bool]:
    """True if nobody held it and this owner holds it now."""
    lease = leases.take(name_of(environment, service), owner, leases.SERVICE_MILLISECONDS)
    return _marked(lease, _mark(environment, service, owner, Mark.AT_WORK, now))


def take_over(
    environment: str, service: str, old: str, new: str, now: datetime
) -> Transaction[bool]:
    """True if the old owner still held it and the new one holds it now."""
    name = name_of(environment, service)
    lease = leases.take_over(name, old, new, leases.SERVICE_MILLISECONDS)
    return _marked(lease, _mark(environment, service, new, Mark.AT_WORK, now))


def give_back(environment: str, service: str, owner: str) -> Transaction[bool]:
    """True if this owner held it until now. No more of its work follows."""
    gone = (("HDEL", keys.at_work(environment, service), owner),)
    return _marked(leases.give_back(name_of(environment, service), owner), gone)


def give_back_unfinished(
    environment: str, service: str, owner: str, now: datetime
) -> Transaction[bool]:
    """The same for an owner that had not finished: a service check settles what it left."""
    mark = _mark(environment, service, owner, Mark.UNFINISHED, now)
    return _marked(leases.give_back(name_of(environment, service), owner), mark)


def note_late(environment: str, service: str, owner: str, now: datetime) -> Transaction[None]:
    """Record that the owner noticed too late that it had lost the right."""
    return Transaction(
        commands=_mark(environment, service, owner, Mark.LATE, now),
        done=lambda _: None,
        refused=lambda _: None,
    )


def forget(environment: str, service: str, owners: tuple[str, ...]) -> Transaction[None]:
    """Remove the marks of owners whose work was settled and that make no more calls."""
    where = keys.at_work(environment, service)
    return Transaction(
        commands=(("HDEL", where, *owners),) if owners else (),
        done=lambda _: None,
        refused=lambda _: None,
    )


def marks(environment: str, service: str, now: datetime) -> Query[Mapping[str, Mark]]:
    """The current marks, by owner: each lasts a day, however often others leave theirs."""
    oldest = now.timestamp() - _KEPT_SECONDS
    return Query(
        ("HGETALL", keys.at_work(environment, service)), lambda reply: _read(reply, oldest)
    )


def _marked(lease: Transaction[bool], mark: tuple[Command, ...]) -> Transaction[bool]:
    return Transaction(
        guards=lease.guards,
        commands=(*lease.commands, *mark),
        done=lambda _: True,
        refused=lambda _: False,
    )


def _mark(
    environment: str, service: str, owner: str, mark: Mark, now: datetime
) -> tuple[Command, ...]:
    where = keys.at_work(environment, service)
    written = f"{mark}{_SINCE}{now.timestamp():.0f}"
    return (("HSET", where, owner, written), ("EXPIRE", where, _KEPT_SECONDS))


def _read(reply: Any, oldest: float) -> Mapping[str, Mark]:
    """A mark proves nothing. By writing one, somebody with access to Redis can have a service
    settled, and nothing else.
    """
    found = reply.items() if isinstance(reply, dict) else pairs(reply)
    standing: dict[str, Mark] = {}
    for owner, written in found:
        word, _, since = written.decode(errors="replace").partition(_SINCE)
        if since.isascii() and since.isdigit() and float(since) > oldest:
            known = word in (Mark.LATE, Mark.UNFINISHED)
            standing[owner.decode(errors="replace")] = Mark(word) if known else Mark.AT_WORK
    return standing
