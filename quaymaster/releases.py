"""Releases: deploys that went live, with everything needed to restore them."""

from dataclasses import dataclass
from datetime import datetime

from quaymaster.image_ref import Digest, PinnedImage
from quaymaster.plans import Resolved
from quaymaster.platforms import Member
from quaymaster.services import Workload
from quaymaster.target import OfService


@dataclass(frozen=True, slots=True)
class Release(OfService):
    """Digest, rendered workload (secrets as references with fingerprints) and who."""

    id: int
    """The operation that made it."""
    environment: str
    service: str
    image: PinnedImage
    workload: Workload
    released_by: str
    approved_by: tuple[str, ...]
    released_at: datetime
    turn: int
    """Of the plan that it was: the container that serves for it has the same."""
    restores: int | None = None
    """For a rollback: the release whose image and configuration it brought back."""
    member: Member | None = None
    """What else is known of its image."""

    @property
    def resolved(self) -> Resolved:
        """What its name meant."""
        return Resolved(self.image, None, self.member)


@dataclass(frozen=True, slots=True)
class BadDigest(OfService):
    """A digest that was rolled back from: it is not deployed there again."""

    environment: str
    service: str
    digest: Digest
    operation: int
    """The operation that left it."""
    at: datetime
    index: Digest | None = None
    """What its name meant, where that was an index: it is left as a whole."""
