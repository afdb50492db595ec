"""Which Docker engine a host's name stands for: found at first use, pinned, or accepted.

A worker that reaches another engine than it should (a wrong DOCKER_HOST, a queue of another host)
would otherwise change the wrong machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from quaymaster.errors import OutsideFailure


@dataclass(frozen=True, slots=True)
class HostEngine:
    """A host and its engine, as a worker of the host signed it."""

    host: str
    engine_id: str
    """What the engine calls itself (``docker info``, ID)."""
    number: int
    """Of all that were ever written, in their order: the version of its event in the audit."""
    at: datetime


# Letters in groups of four before Docker 24, a UUID since.
_ENGINE_ID = re.compile(r"[A-Za-z0-9:-]{4,100}")


def is_engine_id(text: str) -> bool:
    """Whether an engine can have this ID; it is stored and shown, so it is not just any text."""
    return _ENGINE_ID.fullmatch(text) is not None


class WrongEngine(OutsideFailure):
    """What answers for a host is not that host's engine: nothing may be done there."""


def not_as_pinned(host: str, pinned: str, engine_id: str) -> WrongEngine:
    """The configuration names another one."""
    return WrongEngine(
        f"The engine that answers for {host} is not the one that it is pinned to.",
        why=f"`engine_id` of {host} is {pinned}, and the engine says that it is {engine_id}.",
        next_step=f"Give the worker of {host} the address of its own engine; if this one is right, "
        f"write it as `engine_id` of {host}.",
    )


def not_as_before(before: HostEngine, engine_id: str) -> WrongEngine:
    """It was another one until now."""
    return WrongEngine(
        f"The engine that answers for {before.host} is not the same as before.",
        why=f"Since {before.at:%Y-%m-%d %H:%M} UTC {before.host} is {before.engine_id}, and the "
        f"engine says that it is {engine_id}.",
        next_step=f"Give the worker of {before.host} the address of its own engine; if this one is "
        f"right, run `quaymaster hosts accept {before.host}` as that worker.",
    )


def same_as(host: str, other: str, engine_id: str) -> WrongEngine:
    """A host without an address of its own reaches the engine of another."""
    return WrongEngine(
        f"The engine that answers for {host} is the engine of {other}.",
        why=f"Both would be {engine_id}: {host} has no address in the configuration, and this "
        "worker's "
        f"DOCKER_HOST is the engine of {other}.",
        next_step=f"Start a worker for {host} where its engine is; if one engine should have both "
        f"names, run `quaymaster hosts accept {host}` as this worker.",
    )


def id_of(information: Mapping[str, object], host: str) -> str:
    """What the engine of a host calls itself. Raises WrongEngine."""
    value = information.get("ID")
    if not isinstance(value, str) or not is_engine_id(value):
        raise without_id(host)
    return value


def without_id(host: str) -> WrongEngine:
    """The engine reports no usable ID."""
    return WrongEngine(
        f"The engine that answers for {host} does not report its ID.",
        next_step="Look at `docker info` on that host.",
    )


def not_recorded(host: str) -> WrongEngine:
    """Without an ID, a later check could not recognise this engine, so it is not used."""
    return WrongEngine(
        f"The engine that answers for {host} is not recorded.",
        why="What Redis holds about the engines of hosts is damaged, or changes all the time.",
        next_step="Try again; if it keeps happening, something else writes to Redis: compare the "
        "ACL with `quaymaster redis-users`, and remove the key `quaymaster:host-engines` there.",
    )
