"""Giving images names in a registry: manifests are put, layers are mounted and never moved."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, as_completed
from contextlib import suppress
from dataclasses import dataclass

from quaymaster.errors import OutsideFailure
from quaymaster.image_ref import Digest, Repository
from workers.registry.connection import RegistryConnection
from workers.registry.failures import failure
from workers.registry.manifests import Descriptor, ImageIndex, ImageManifest, Manifest, not_an_image
from workers.registry.paths import manifest_path, mount_path, scope

_DEPTH = 3
_MOST_MEMBERS = 1000


@dataclass(frozen=True, slots=True)
class Mounted:
    """What another repository of the same registry now has too."""

    blobs: int = 0
    manifests: int = 0


@dataclass(frozen=True, slots=True)
class RegistryWriter:
    """Writes into ``target`` what is in ``source``, a repository of the same registry."""

    connection: RegistryConnection
    source: Repository
    target: Repository
    fetch: Callable[[Digest], Manifest]
    """Reads a manifest of the source."""

    def put(self, manifest: Manifest, selector: str) -> None:
        """Store a manifest under a tag or its digest: the same bytes, so the same digest."""
        answer = self.connection.send(
            "PUT",
            manifest_path(self.target, selector),
            scope(self.target, "pull,push"),
            headers={"Content-Type": manifest.media_type},
            content=manifest.content,
        )
        if not answer.is_success:
            missing = f"The registry does not accept images for {self.target}."
            raise failure(answer, self.connection, f"push to {self.target}", missing)
        stored = answer.headers.get("docker-content-digest", str(manifest.digest))
        if stored != str(manifest.digest):
            raise OutsideFailure(
                f"{self.connection.login.host} stored something other than it was given.",
                why=f"It was given {manifest.digest} and answered {stored[:80]}.",
                next_step="Do not use that tag; the registry's administrator should look at it.",
            )

    def mount(self, manifest: Manifest, pool: Executor, check: Callable[[], None]) -> Mounted:
        """Bring everything that a manifest refers to along, before the manifest itself.

        ``check`` is called between the steps; when it raises, what was mounted stays without a
        name, and the registry's garbage collection removes it.
        """
        members = tuple(self._members(manifest, _DEPTH))
        images = [one for one in (*members, manifest) if isinstance(one, ImageManifest)]
        blobs = tuple({blob.digest: blob for image in images for blob in image.blobs}.values())
        check()
        _all_done([pool.submit(self._mount_blob, blob) for blob in blobs], check)
        for member in members:
            check()
            self.put(member, str(member.digest))
        return Mounted(len(blobs), len(members))

    def _members(self, manifest: Manifest, depth: int) -> Iterator[Manifest]:
        """Everything below an index, the innermost first: a registry wants the parts before."""
        match manifest:
            case ImageManifest():
                return
            case ImageIndex():
                if depth == 0 or len(manifest.manifests) > _MOST_MEMBERS:
                    raise not_an_image(str(self.source), "Its index is nested too deeply.")
                for entry in manifest.manifests:
                    member = self.fetch(entry.digest)
                    yield from self._members(member, depth - 1)
                    yield member

    def _mount_blob(self, blob: Descriptor) -> None:
        """https://github.com/opencontainers/distribution-spec/blob/main/spec.md#mounting-a-blob-from-another-repository"""
        rights = scope(self.target, "pull,push") | scope(self.source, "pull")
        path = mount_path(self.target, blob.digest, self.source)
        answer = self.connection.send("POST", path, rights)
        if answer.status == 201:
            return
        if answer.status != 202:
            missing = f"The registry does not accept images for {self.target}."
            raise failure(answer, self.connection, f"push to {self.target}", missing)
        # 202 means: upload it yourself. The open upload is abandoned.
        if location := answer.headers.get("location"):
            with suppress(OutsideFailure):  # the registry forgets it after a while anyway
                self.connection.send("DELETE", location, rights)
        raise OutsideFailure(
            f"{self.connection.login.host} does not share layers between {self.source.path} "
            f"and {self.target.path}.",
            why=f"It asks for the bytes of {blob.digest.short} ({blob.size:,} bytes).",
            next_step="Copy the image: `/image pull`, `/image tag … on HOST`, `/image push`.",
        )


def _all_done(work: list[Future[None]], check: Callable[[], None]) -> None:
    """Wait for all; the first error, or one of ``check``, drops what has not begun."""
    try:
        for done in as_completed(work):
            done.result()
            check()
    finally:
        for one in work:
            one.cancel()
