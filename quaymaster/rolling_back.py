"""Which release a rollback goes back to: asked by the rollback, and by whoever promises one."""

from quaymaster.image_ref import Digest
from quaymaster.plans import Serving
from quaymaster.releases import Release


def last_good(
    history: tuple[Release, ...], now: Serving | None, bad: frozenset[Digest]
) -> Release | None:
    """The newest release that is older than what runs, is not marked bad, and is not the same.

    ``known`` is newest first. What runs without being a release (it is baking, or it was started
    by hand) is newer than all of them.
    """
    for release in history:
        digest = release.image.digest
        if digest in bad or release.resolved.named in bad:
            continue
        if now is not None and now.release is not None and release.id >= now.release:
            continue
        same = now is not None and digest == now.image.digest and release.workload == now.workload
        if not same:
            return release
    return None
