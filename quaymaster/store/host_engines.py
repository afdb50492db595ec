"""The engines of hosts, in Redis: one per host, signed by a worker of that host."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quaymaster.actors import PRODUCT
from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.host_engines import HostEngine
from quaymaster.journal import Event
from quaymaster.key_ring import KeyRing
from quaymaster.queues import host_queue
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys
from quaymaster.store.cards import pairs
from quaymaster.store.formats import EVENT, HOST_ENGINE
from quaymaster.store.transactions import FieldEquals, Query, Transaction

_COUNT = ""
"""The field that counts the writes; no host has this name."""
_NO_OPERATION = 0
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class HostEngines:
    """The stored texts of all hosts."""

    texts: Mapping[str, str]
    ring: KeyRing

    def of(self, host: str) -> HostEngine | None:
        """The engine of a host, if it is known. Raises Forged if no worker of the host signed it,
        and WrittenByNewer.
        """
        text = self.texts.get(host)
        if text is None:
            return None
        try:
            signed = HOST_ENGINE.read(text, (host,), self.ring)
        except Forged as error:
            raise _of_no_worker(host) from error
        if signed.value.host != host or not self.ring.key(signed.key).may_work_in(host_queue(host)):
            raise _of_no_worker(host)
        return signed.value

    def others(self, host: str) -> tuple[HostEngine, ...]:
        """The engines of other hosts that can be read."""
        hosts = []
        for name in self.texts:
            if name not in (host, _COUNT):
                try:
                    hosts.append(self.of(name))
                except (Forged, WrittenByNewer):
                    continue
        return tuple(one for one in hosts if one is not None)

    @property
    def count(self) -> int:
        """How many writes there were so far."""
        text = self.texts.get(_COUNT, "")
        counted = int(text) if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS else 0
        return max([counted, *(one.number for one in self.others(""))])


def known(ring: KeyRing) -> Query[HostEngines]:
    """The known engines of all hosts."""

    def read(reply: Any) -> HostEngines:
        items = reply.items() if isinstance(reply, dict) else pairs(reply)
        return HostEngines({_text(name): _text(value) for name, value in items}, ring)

    return Query(("HGETALL", keys.HOST_ENGINES), read)


def record(
    before: HostEngines, host: str, engine_id: str, at: datetime, key: SigningKey, what: str
) -> Transaction[bool]:
    """Record the engine of a host, also in the audit; False if another worker was faster."""
    one = HostEngine(host, engine_id, before.count + 1, at)
    event = Event(_NO_OPERATION, one.number, what, PRODUCT.id, at, f"{host} is {engine_id}")
    return Transaction(
        guards=tuple(
            FieldEquals(keys.HOST_ENGINES, name, before.texts.get(name, ""))
            for name in (host, _COUNT)
        ),
        commands=(
            ("HSET", keys.HOST_ENGINES, host, HOST_ENGINE.signed(one, (host,), key).text),
            ("HSET", keys.HOST_ENGINES, _COUNT, str(one.number)),
            ("RPUSH", keys.JOURNAL, EVENT.signed(event, event.place, key).text),
        ),
        done=lambda _: True,
        refused=lambda _: False,
    )


def _of_no_worker(host: str) -> Forged:
    return Forged(
        f"No worker of {host} says which engine it is.",
        why="Something else wrote it, or the key of the worker is no longer in the key ring.",
        next_step=f"Run `quaymaster hosts accept {host}` as the worker of {host}.",
    )


def _text(value: bytes) -> str:
    return value.decode(errors="replace")
