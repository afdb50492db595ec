"""Questions to a registry and changes in it, without moving a layer.

The API: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx
from pydantic import ValidationError

from quaymaster.errors import NotFound, OutsideFailure, QuaymasterError, UsageError
from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository
from quaymaster.limits import CONFIGURATION_BYTES, LISTING_SECONDS, TAG_PAGES, TAGS
from quaymaster.platforms import Platform
from workers.outside.best_effort import best_effort
from workers.outside.exchange import Check, go_on
from workers.outside.foreign_json import Foreign, Texts, reason_of
from workers.outside.http_client import HttpResponse
from workers.registry.auth import RegistryLogin
from workers.registry.connection import RegistryConnection, limits_of_blob, not_a_registry
from workers.registry.failures import failure
from workers.registry.image_configuration import (
    ImageConfiguration,
    may_be_one,
    of_something_else,
    read_configuration,
)
from workers.registry.manifests import (
    ACCEPT,
    Descriptor,
    ImageIndex,
    ImageManifest,
    Manifest,
    digest_of,
    is_known,
    media_type_in,
    not_an_image,
    read_manifest,
)
from workers.registry.paths import blob_path, manifest_path, repository_path, scope
from workers.registry.tag_order import newest_first
from workers.registry.writes import Mounted, RegistryWriter

_PAGE = 1000
_USUAL_PLATFORM = Platform("linux", "amd64")
_INDEX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class RemoteManifest:
    """What a reference points to now. ``size_of_manifest`` is in bytes."""

    digest: Digest
    media_type: str
    size_of_manifest: int


@dataclass(frozen=True, slots=True)
class Tags:
    """Every tag of a repository, newest version first."""

    repository: Repository
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retagged:
    """An image has one more name in its registry. No layer was moved."""

    digest: Digest
    media_type: str
    replaced: Digest | None
    """What the name meant before, or None when it is a new name."""
    blobs_mounted: int = 0
    manifests_copied: int = 0
    """Members of an index that went along to another repository."""


class Registry:
    """A registry. Build it where it is used (it must not cross a fork) and close it.

    Every method raises LoginRefused, NotFound, DiskFull or another OutsideFailure.
    References must be of this registry. ``check`` is asked several times a second while a registry
    is waited for, from any thread, and what it raises passes through.
    """

    def __init__(self, login: RegistryLogin, check: Check = go_on) -> None:
        self.login = login
        self._connection = RegistryConnection(login, check)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._connection.close()

    def ping(self) -> None:
        """Check that this is a registry that accepts the login."""
        answer = self._connection.send("GET", "/v2/", frozenset())
        if not answer.is_success:
            raise failure(answer, self._connection, "log in", "There is no registry API.")
        if "docker-distribution-api-version" not in answer.headers and "html" in _kind(answer):
            raise not_a_registry(self.login.host, "It sent a web page.")

    def resolve(self, ref: ImageRef) -> RemoteManifest:
        """The digest behind a tag. With a digest in ``ref``, whether it exists.

        A manifest that had to be read is checked against the digest that the registry gave.
        """
        manifest = self.find(ref)
        if manifest is None:
            raise self._missing(ref)
        return manifest

    def find(self, ref: ImageRef) -> RemoteManifest | None:
        """As ``resolve``, or None when the repository, the tag or the digest does not exist."""
        answer = self._ask_manifest("HEAD", ref.repository, ref.selector)
        if answer.status == 404:
            return None
        digest = _digest_header(answer)
        if not answer.is_success or digest is None or not is_known(_kind(answer)):
            # Some registries and proxies do not know HEAD, or leave out what it is about; a refusal
            # has its reason only on GET.
            try:
                manifest = self.manifest(ref)
            except NotFound:
                return None
            return RemoteManifest(manifest.digest, manifest.media_type, len(manifest.content))
        if ref.digest is not None and digest != ref.digest:
            raise _lies(self.login.host, ref.digest, digest)
        length = answer.headers.get("content-length", "")
        size = int(length) if length.isascii() and length.isdigit() else 0
        return RemoteManifest(digest, media_type_in(_kind(answer)), size)

    def exists(self, ref: ImageRef) -> bool:
        """Whether the tag or digest is there."""
        return self.find(ref) is not None

    def manifest(self, ref: ImageRef) -> Manifest:
        """The manifest or index; its bytes are checked against the digest."""
        answer = self._ask_manifest("GET", ref.repository, ref.selector)
        if answer.status == 404:
            raise self._missing(ref)
        self._expect_success(answer, f"pull from {ref.repository}", f"{ref} does not exist.")
        digest = digest_of(answer.content)
        for claimed in (ref.digest, _digest_header(answer)):
            if claimed is not None and claimed != digest:
                raise _lies(self.login.host, claimed, digest)
        return read_manifest(answer.content, _kind(answer), str(ref))

    def image(self, ref: ImageRef, platform: Platform | None = None) -> ImageManifest:
        """The image for a platform; without one linux/amd64, else the first of the index."""
        manifest = self.manifest(ref)
        for _ in range(_INDEX_DEPTH):
            match manifest:
                case ImageManifest():
                    return manifest
                case ImageIndex():
                    member = _pick(manifest, platform, ref)
                    manifest = self.manifest(PinnedImage(ref.repository, None, member.digest))
        raise not_an_image(str(ref), "Its indexes are nested too deeply.")

    def size(self, ref: ImageRef, platform: Platform | None = None) -> int:
        """Bytes to transfer for the image for a platform, chosen as ``image`` does."""
        return self.image(ref, platform).size

    def configuration(self, ref: ImageRef, platform: Platform | None = None) -> ImageConfiguration:
        """What the image for a platform says about itself, without values that look secret."""
        return self.configuration_of(self.image(ref, platform), ref)

    def configuration_of(self, image: ImageManifest, ref: ImageRef) -> ImageConfiguration:
        """The same of an image of the repository whose manifest is known; ``ref`` is its name."""
        if not may_be_one(image):
            raise of_something_else(image, str(ref))
        content = self._blob(ref.repository, image.config)
        return read_configuration(content, image, str(ref))

    def tags(self, repository: Repository) -> Tags:
        """Every tag, over as many pages as the registry makes of them."""
        path = f"{repository_path(repository)}/tags/list?n={_PAGE}"
        names: set[str] = set()
        until = time.monotonic() + LISTING_SECONDS
        for _ in range(TAG_PAGES):
            answer = self._connection.send("GET", path, scope(repository, "pull"))
            missing = f"The repository {repository} does not exist."
            self._expect_success(answer, f"list the tags of {repository}", missing)
            before = len(names)
            names |= {name for name in self._tags_in(answer) if _is_tag(repository, name)}
            path = self._next_page(answer)
            if len(names) > TAGS or (path and time.monotonic() > until):
                break
            if not path:
                return Tags(repository, newest_first(names))
            if len(names) == before:
                raise not_a_registry(self.login.host, "Its list of tags goes round in circles.")
        raise not_a_registry(self.login.host, "Its list of tags does not end.")

    def tag(
        self, source: ImageRef, new: ImageRef, check: Callable[[], None] = lambda: None
    ) -> Retagged:
        """Give what ``source`` is now the name ``new`` too: same bytes, same digest.

        Layers are mounted where the repository is another one, and ``check`` is called between
        the steps. Raises UsageError when ``new`` is in another registry or names no tag.
        """
        if new.repository.registry != source.repository.registry:
            self.resolve(source)  # a source that is not here is the first thing to say
            raise _another_registry(source, new)
        tag = _new_tag(new)
        with ThreadPoolExecutor(max_workers=8) as pool:
            earlier = pool.submit(self.find, new)
            manifest = self.manifest(source)
            writer = RegistryWriter(
                self._connection,
                source.repository,
                new.repository,
                lambda digest: self.manifest(PinnedImage(source.repository, None, digest)),
            )
            is_elsewhere = new.repository != source.repository
            mounted = writer.mount(manifest, pool, check) if is_elsewhere else Mounted()
            check()
            replaced = earlier.result()
            writer.put(manifest, tag)
        return Retagged(
            manifest.digest,
            manifest.media_type,
            replaced.digest if replaced else None,
            mounted.blobs,
            mounted.manifests,
        )

    def _ask_manifest(self, method: str, repository: Repository, selector: str) -> HttpResponse:
        if repository.registry != self.login.host:
            raise ValueError(f"{repository} is not in {self.login.host}")
        path = manifest_path(repository, selector)
        headers = {"Accept": ACCEPT}
        return self._connection.send(method, path, scope(repository, "pull"), headers=headers)

    def _blob(self, repository: Repository, blob: Descriptor) -> bytes:
        if blob.size > CONFIGURATION_BYTES:
            raise not_an_image(str(repository), f"Its configuration has {blob.size:,} bytes.")
        path = blob_path(repository, blob.digest)
        answer = self._connection.send(
            "GET", path, scope(repository, "pull"), limits=limits_of_blob(blob.size)
        )
        self._expect_success(
            answer, f"pull from {repository}", f"{repository} has lost its part {blob.digest}."
        )
        if (digest := digest_of(answer.content)) != blob.digest:
            raise _lies(self.login.host, blob.digest, digest)
        return answer.content

    def _expect_success(self, answer: HttpResponse, doing: str, missing: str) -> None:
        if not answer.is_success:
            raise failure(answer, self._connection, doing, missing)

    def _missing(self, ref: ImageRef) -> QuaymasterError:
        """Say which of them does not exist: the repository, the tag or the digest."""
        try:
            # It may be allowed to pull and not to list, and a list can fail in other ways.
            tags = best_effort(lambda: self.tags(ref.repository).names, None, but=(NotFound,))
        except NotFound as error:
            return NotFound(
                f"The repository {ref.repository} does not exist.",
                why=error.problem.why,
                next_step="Check its spelling, or push an image to it first.",
            )
        if tags is None:
            return NotFound(f"{ref} does not exist.", next_step="Check its spelling.")
        if ref.digest is not None:
            return NotFound(
                f"{ref.repository} has no image {ref.digest}.",
                why="It was deleted, or it never was in this repository.",
                next_step=f"`/image tags {ref.repository}` lists what is there.",
            )
        more = f" and {len(tags) - 5} more" if len(tags) > 5 else ""
        return NotFound(
            f"{ref.repository} has no tag {ref.tag}.",
            next_step=f"It has {', '.join(tags[:5])}{more}." if tags else "It has no tags at all.",
        )

    def _next_page(self, answer: HttpResponse) -> str:
        """The next page of a list, or nothing (a Link header of RFC 8288 with rel="next")."""
        for link in httpx.Response(answer.status, headers=answer.headers).links.values():
            named = {name.lower(): value for name, value in link.items()}
            if "next" in named.get("rel", "").lower().split():
                return self._connection.joined(answer.url, named["url"])
        return ""

    def _tags_in(self, answer: HttpResponse) -> set[str]:
        try:
            return set(_TagList.model_validate_json(answer.content).tags or ())
        except ValidationError as error:
            why = f"Its list of tags cannot be read. {reason_of(error)}"
            raise not_a_registry(self.login.host, why) from None


def _pick(index: ImageIndex, wanted: Platform | None, ref: ImageRef) -> Descriptor:
    images = index.images
    fitting = [
        one for one in images if one.platform and one.platform.fits(wanted or _USUAL_PLATFORM)
    ]
    if fitting:
        return fitting[0]
    if wanted is not None or not images:
        offered = ", ".join(str(platform) for platform in index.platforms) or "none"
        raise NotFound(
            f"{ref} has no image for {wanted or 'any platform'}.",
            why=f"It is made for: {offered}.",
            next_step="Build it for that platform too.",
        )
    return images[0]


def _another_registry(source: ImageRef, new: ImageRef) -> UsageError:
    return UsageError(
        f"{new} is in another registry than {source}.",
        why="A tag is a name within one registry.",
        next_step=f"Copy it: `/image pull {source}`, `/image tag {source} as {new} on HOST`, "
        f"`/image push {new}`.",
    )


def _new_tag(new: ImageRef) -> str:
    if new.tag is None or new.digest is not None:
        raise UsageError(
            f"{new} is not a new name for an image.",
            why="It needs a tag, and a digest cannot be chosen.",
            next_step=f"Write it like {new.repository}:1.4.",
        )
    return new.tag


def _is_tag(repository: Repository, name: str) -> bool:
    """What a tag cannot be called is not shown as one, whatever the registry says."""
    try:
        ImageRef(repository, name)
    except UsageError:
        return False
    return True


def _kind(answer: HttpResponse) -> str:
    return str(answer.headers.get("content-type", "")).lower()


def _digest_header(answer: HttpResponse) -> Digest | None:
    """The digest that the registry claims; other algorithms than sha256 count as none."""
    try:
        return Digest(answer.headers.get("docker-content-digest", ""))
    except UsageError:
        return None


def _lies(host: str, promised: Digest, actual: Digest) -> OutsideFailure:
    return OutsideFailure(
        f"{host} sent a digest that does not match.",
        why=f"It should be {promised} and is {actual}: the content was altered or damaged.",
        next_step="Nothing was done with it. The registry's administrator should look into this "
        "now.",
    )


class _TagList(Foreign):
    tags: Texts | None = None
