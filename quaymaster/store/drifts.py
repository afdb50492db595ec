"""Results of the service checks, in Redis: the latest observation of each service."""

from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from quaymaster.drift import Drift
from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.key_ring import KeyRing
from quaymaster.queues import host_queue
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys
from quaymaster.store.cards import pairs
from quaymaster.store.formats import DRIFT
from quaymaster.store.transactions import FieldEquals, Query, Transaction

log = structlog.get_logger(__name__)

Place = tuple[str, str]
"""An environment and a service."""


def observe(drift: Drift, before: Signed[Drift] | None, key: SigningKey) -> Transaction[bool]:
    """Record an observation; False if another check was faster."""
    place = (drift.environment, drift.service)
    return Transaction(
        guards=(FieldEquals(keys.DRIFTS, _field(place), before.text if before else ""),),
        commands=(("HSET", keys.DRIFTS, _field(place), DRIFT.signed(drift, place, key).text),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def observed(ring: KeyRing) -> Query[Mapping[Place, Signed[Drift]]]:
    """The observations that a worker of their host signed; others are omitted."""
    return Query(("HGETALL", keys.DRIFTS), lambda reply: dict(_readable(reply, ring)))


def told() -> Query[Mapping[Place, str]]:
    """The digests of the observations that already have an operation."""

    def read(reply: Any) -> Mapping[Place, str]:
        return {_place(field): digest.decode() for field, digest in _items(reply)}

    return Query(("HGETALL", keys.DRIFTS_TOLD), read)


def note_told(place: Place, digest: str) -> Transaction[None]:
    """Record that this observation has an operation, or needs none."""
    return Transaction(
        commands=(("HSET", keys.DRIFTS_TOLD, _field(place), digest),),
        done=lambda _: None,
        refused=lambda _: None,
    )


def _readable(reply: Any, ring: KeyRing) -> Iterator[tuple[Place, Signed[Drift]]]:
    for field, text in _items(reply):
        place = _place(field)
        try:
            signed = DRIFT.read(text, place, ring)
        except (Forged, WrittenByNewer) as error:
            log.warning("observation is not acted upon", place=field[:80], why=str(error))
            continue
        drift = signed.value
        is_enrolled = ring.key(signed.key).may_work_in(host_queue(drift.host))
        if is_enrolled and (drift.environment, drift.service) == place:
            yield place, signed


def _items(reply: Any) -> Any:
    return reply.items() if isinstance(reply, dict) else pairs(reply)


def _field(place: Place) -> str:
    return "/".join(place)


def _place(field: bytes) -> Place:
    environment, _, service = field.decode(errors="replace").partition("/")
    return environment, service
