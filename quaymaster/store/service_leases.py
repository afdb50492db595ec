"""The right to change a service, and who had it and may still have a call under way.

A process can be paused between the question whether the right is still its own and the call that
follows. So it leaves a mark when it takes the right, and takes it away again when it gives the
right back in time and is done. A mark that stays says that a late call of one of our operations may
come or has come, or that it failed on its way: what it leaves behind is ours to settle (see
``workers/service_look.py``).
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
"""Longer than any machine is paused and then goes on, as it were."""
_SINCE = " since "


class Mark(StrEnum):
    """What is known of somebody who had the right."""

    AT_WORK = "at work"
    """It has not given it back: it works, is dead, or is paused."""
    LATE = "late"
    """It lost it meanwhile, and may have made one call after that."""
    UNFINISHED = "unfinished"
    """It has given it back in time, before it was done: something failed."""

    @property
    def is_over(self) -> bool:
        """Whether no call of its owner can come any more."""
        return self is not Mark.AT_WORK


def name_of(service: ServiceRef) -> str:
    """The name of the lease."""
    return f"service:{service}"


def take(service: ServiceRef, owner: str, now: datetime) -> Transaction[bool]:
    """True when nobody had it and now this owner does."""
    lease = leases.take(name_of(service), owner, leases.SERVICE_MILLISECONDS)
    return _marked(lease, _mark(service, owner, Mark.AT_WORK, now))


def take_over(service: ServiceRef, old: str, new: str, now: datetime) -> Transaction[bool]:
    """True when it was still the old owner's and now is the new one's."""
    name = name_of(service)
    lease = leases.take_over(name, old, new, leases.SERVICE_MILLISECONDS)
    return _marked(lease, _mark(service, new, Mark.AT_WORK, now))


def give_back(service: ServiceRef, owner: str) -> Transaction[bool]:
    """True when it was this owner's until now: nothing of its work comes after this."""
    gone = (("HDEL", keys.at_work(service), owner),)
    return _marked(leases.give_back(name_of(service), owner), gone)


def give_back_unfinished(service: ServiceRef, owner: str, now: datetime) -> Transaction[bool]:
    """The same of an owner that was not done: what it left half-way is settled by a look."""
    mark = _mark(service, owner, Mark.UNFINISHED, now)
    return _marked(leases.give_back(name_of(service), owner), mark)


def note_late(service: ServiceRef, owner: str, now: datetime) -> Transaction[None]:
    """Its owner found out that it had lost it."""
    return Transaction(
        commands=_mark(service, owner, Mark.LATE, now),
        done=lambda _: None,
        refused=lambda _: None,
    )


def forget(service: ServiceRef, owners: tuple[str, ...]) -> Transaction[None]:
    """What these left behind was settled, and they make no call any more."""
    where = keys.at_work(service)
    return Transaction(
        commands=(("HDEL", where, *owners),) if owners else (),
        done=lambda _: None,
        refused=lambda _: None,
    )


def marks(service: ServiceRef, now: datetime) -> Query[Mapping[str, Mark]]:
    """The marks that stand, by owner: each for a day, however often others leave theirs."""
    oldest = now.timestamp() - _KEPT_SECONDS
    return Query(("HGETALL", keys.at_work(service)), lambda reply: _read(reply, oldest))


def _marked(lease: Transaction[bool], mark: tuple[Command, ...]) -> Transaction[bool]:
    return Transaction(
        guards=lease.guards,
        commands=(*lease.commands, *mark),
        done=lambda _: True,
        refused=lambda _: False,
    )


def _mark(service: ServiceRef, owner: str, mark: Mark, now: datetime) -> tuple[Command, ...]:
    where = keys.at_work(service)
    written = f"{mark}{_SINCE}{now.timestamp():.0f}"
    return (("HSET", where, owner, written), ("EXPIRE", where, _KEPT_SECONDS))


def _read(reply: Any, oldest: float) -> Mapping[str, Mark]:
    """It is no proof: whoever can write to Redis can have a service settled, and nothing else."""
    found = reply.items() if isinstance(reply, dict) else pairs(reply)
    standing: dict[str, Mark] = {}
    for owner, written in found:
        word, _, since = written.decode(errors="replace").partition(_SINCE)
        if since.isascii() and since.isdigit() and float(since) > oldest:
            known = word in (Mark.LATE, Mark.UNFINISHED)
            standing[owner.decode(errors="replace")] = Mark(word) if known else Mark.AT_WORK
    return standing
