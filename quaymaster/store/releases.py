"""Releases: deploys that went live, with everything needed to restore them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from pydantic import TypeAdapter

from quaymaster.errors import Forged, UsageError
from quaymaster.image_ref import Digest, ImageRef
from quaymaster.seals import Sealer
from quaymaster.services import ServiceConfiguration
from quaymaster.store import keys
from quaymaster.store.transactions import Command, Query


@dataclass(frozen=True, slots=True)
class Release:
    """Digest, rendered configuration (secrets as references with fingerprints) and who."""

    id: int
    """The operation that made it."""
    environment: str
    service: str
    image: ImageRef
    configuration: ServiceConfiguration
    released_by: str
    approved_by: tuple[str, ...]
    released_at: datetime
    restores: int | None = None
    """For a rollback: the release whose image and configuration it brought back."""
    seal: str = ""

    def sealed(self, sealer: Sealer) -> Self:
        """The release as it is kept: a rollback must not run what somebody wrote into Redis."""
        return replace(self, seal=sealer.seal("release", self._covered()))

    def check(self, sealer: Sealer) -> None:
        """Raise Forged unless a worker recorded exactly this."""
        sealer.check(self.seal, "release", self._covered())

    def _covered(self) -> str:
        return _RELEASE.dump_json(self, exclude={"seal"}).decode()


def record(release: Release) -> tuple[Command, ...]:
    """The commands that add a release; to be part of the move to ``succeeded``."""
    key = keys.releases(release.environment, release.service)
    return (("RPUSH", key, _RELEASE.dump_json(release).decode()),)


def mark_bad(environment: str, service: str, digest: Digest, operation: int) -> tuple[Command, ...]:
    """The commands that keep a digest from being deployed again after a rollback from it."""
    return (("HSET", keys.bad_digests(environment, service), str(digest), operation),)


def latest(environment: str, service: str, count: int = 20) -> Query[tuple[Release, ...]]:
    """The latest releases, newest first. Raises Forged for one that cannot be read, or is another
    service's: a seal says that a release is genuine, not that it was put where it belongs.
    """
    return Query(
        ("LRANGE", keys.releases(environment, service), -count, -1),
        lambda reply: tuple(_read(one, environment, service) for one in reversed(reply)),
    )


def bad_digests(environment: str, service: str) -> Query[frozenset[Digest]]:
    """Every digest that was rolled back from."""
    return Query(
        ("HKEYS", keys.bad_digests(environment, service)),
        lambda reply: frozenset(Digest(one.decode()) for one in reply),
    )


def rolled_back_by(environment: str, service: str, digest: Digest) -> Query[int | None]:
    """The rollback that marked this digest as bad, if one did."""
    return Query(
        ("HGET", keys.bad_digests(environment, service), str(digest)),
        lambda reply: int(reply) if reply else None,
    )


def _read(stored: bytes, environment: str, service: str) -> Release:
    try:
        release = _RELEASE.validate_json(stored)
    except (ValueError, UsageError) as error:
        raise _forged("A release cannot be read, so it is not acted upon.") from error
    if (release.environment, release.service) != (environment, service):
        raise _forged(
            f"#{release.id} is no release of {environment}/{service}, so it is not acted upon."
        )
    return release


def _forged(what: str) -> Forged:
    return Forged(
        what,
        why="Something other than Quaymaster wrote to its database.",
        next_step="Tell whoever runs Quaymaster.",
    )


_RELEASE = TypeAdapter(Release)
