"""Releases and bad-digest marks in Redis, each signed for its service."""

from datetime import datetime

import structlog

from quaymaster.errors import Forged
from quaymaster.image_ref import Digest
from quaymaster.key_ring import KeyRing
from quaymaster.releases import BadDigest, Release
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys
from quaymaster.store.formats import BAD_DIGEST, RELEASE
from quaymaster.store.transactions import Command, Query
from quaymaster.target import ServiceRef

log = structlog.get_logger(__name__)

_KEPT = 500
"""Releases per service, for rollbacks and for environments that come ``after`` this one."""


def record(release: Release, key: SigningKey) -> tuple[Command, ...]:
    """The commands that add a release; they belong in the move to ``succeeded``."""
    where = keys.releases(release.service_ref)
    return (
        ("RPUSH", where, RELEASE.signed(release, release.service_ref.place, key).text),
        ("LTRIM", where, -_KEPT, -1),
    )


def mark_bad(
    service: ServiceRef,
    digest: Digest,
    operation: int,
    at: datetime,
    key: SigningKey,
    *,
    index: Digest | None = None,
) -> tuple[Command, ...]:
    """The commands that prevent another deploy of a digest that was rolled back."""
    mark = BadDigest(*service.place, digest, operation, at, index)
    signed = BAD_DIGEST.signed(mark, (*service.place, str(digest)), key)
    return (("HSET", keys.bad_digests(service), str(digest), signed.text),)


def latest(
    service: ServiceRef, ring: KeyRing, queue: str, count: int = 20
) -> Query[tuple[Release, ...]]:
    """The latest releases signed by a worker of this queue, newest first, each once.

    Releases that another worker signed are omitted: the service may have moved to another host.
    Raises Forged if a signature does not fit, and WrittenByNewer.
    """

    def read(reply: list[bytes]) -> tuple[Release, ...]:
        found: dict[int, Release] = {}
        for text in reply:
            signed = RELEASE.read(text, service.place, ring)
            release = signed.value
            if release.service_ref != service:
                raise Forged(f"#{release.id} is not a release of {service}.")
            if not ring.key(signed.key).may_work_in(queue):
                log.warning("release of another worker", release=release.id, key=signed.key)
                continue
            found[release.id] = release
        return tuple(found[number] for number in sorted(found, reverse=True)[:count])

    return Query(("LRANGE", keys.releases(service), -count, -1), read)


def bad_digests(service: ServiceRef, ring: KeyRing, queue: str) -> Query[dict[Digest, BadDigest]]:
    """Every digest that was rolled back, as signed by a worker of this queue; the index of an image
    is included with it.

    The marks of another worker are omitted, as its releases are: otherwise they would decide what a
    rollback restores. Raises Forged and WrittenByNewer.
    """

    def read(reply: dict[bytes, bytes] | list[bytes]) -> dict[Digest, BadDigest]:
        pairs = (
            reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
        )
        found: list[BadDigest] = []
        for digest, text in pairs:
            place = (*service.place, digest.decode(errors="replace"))
            signed = BAD_DIGEST.read(text, place, ring)
            mark = signed.value
            if (*mark.service_ref.place, str(mark.digest)) != place:
                raise Forged(f"The mark on {mark.digest.short} is stored in the wrong place.")
            if ring.key(signed.key).may_work_in(queue):
                found.append(mark)
            else:
                log.warning("mark of another worker", digest=str(mark.digest), key=signed.key)
        of_indexes = {mark.index: mark for mark in found if mark.index is not None}
        return of_indexes | {mark.digest: mark for mark in found}

    return Query(("HGETALL", keys.bad_digests(service)), read)
