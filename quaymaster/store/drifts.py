"""Results of the service checks, in Redis: the latest observation of each service."""

from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from quaymaster.drift import Drift
from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.key_ring import KeyRing
from quaymaster.queues import target_queue
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys
from quaymaster.store.cards import pairs
from quaymaster.store.formats import DRIFT
from quaymaster.store.transactions import FieldEquals, Query, Transaction
from quaymaster.target import ServiceRef

log = structlog.get_logger(__name__)


def observe(drift: Drift, before: Signed[Drift] | None, key: SigningKey) -> Transaction[bool]:
    """Record an observation; False if another check was faster."""
    service = drift.service_ref
    text = DRIFT.signed(drift, service.place, key).text
    return Transaction(
        guards=(FieldEquals(keys.DRIFTS, str(service), before.text if before else ""),),
        commands=(("HSET", keys.DRIFTS, str(service), text),),
        done=lambda _: True,
        refused=lambda _: False,
    )


def observed(ring: KeyRing) -> Query[Mapping[ServiceRef, Signed[Drift]]]:
    """The observations that a worker of their host signed; others are omitted."""
    return Query(("HGETALL", keys.DRIFTS), lambda reply: dict(_readable(reply, ring)))


def reported() -> Query[Mapping[ServiceRef, str]]:
    """The digests of the observations that already have an operation."""

    def read(reply: Any) -> Mapping[ServiceRef, str]:
        return {_service(field): digest.decode() for field, digest in _items(reply)}

    return Query(("HGETALL", keys.DRIFTS_TOLD), read)


def note_reported(service: ServiceRef, digest: str) -> Transaction[None]:
    """Record that this observation has an operation, or needs none."""
    return Transaction(
        commands=(("HSET", keys.DRIFTS_TOLD, str(service), digest),),
        done=lambda _: None,
        refused=lambda _: None,
    )


def _readable(reply: Any, ring: KeyRing) -> Iterator[tuple[ServiceRef, Signed[Drift]]]:
    for field, text in _items(reply):
        service = _service(field)
        try:
            signed = DRIFT.read(text, service.place, ring)
        except (Forged, WrittenByNewer) as error:
            log.warning("observation is ignored", place=field[:80], why=str(error))
            continue
        drift = signed.value
        is_enrolled = ring.key(signed.key).may_work_in(target_queue(drift.target))
        if is_enrolled and drift.service_ref == service:
            yield service, signed


def _items(reply: Any) -> Any:
    return reply.items() if isinstance(reply, dict) else pairs(reply)


def _service(field: bytes) -> ServiceRef:
    environment, _, service = field.decode(errors="replace").partition("/")
    return ServiceRef(environment, service)
