"""Manifests: what a tag or digest points to in a registry, read into types.

Image and index of OCI (https://github.com/opencontainers/image-spec/blob/main/manifest.md and
image-index.md), and the two of Docker before it, which have the same shape
(https://distribution.github.io/distribution/spec/manifest-v2-2/).
"""

import hashlib
from dataclasses import dataclass

from pydantic import Field, ValidationError

from quaymaster.errors import OutsideFailure, QuaymasterError
from quaymaster.image_ref import Digest, shown
from quaymaster.platforms import Platform
from workers.outside.foreign_json import Foreign, Texts, reason_of

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_INDEX})
IMAGE_TYPES = frozenset({OCI_IMAGE, DOCKER_IMAGE})
MEDIA_TYPES = INDEX_TYPES | IMAGE_TYPES
ACCEPT = ", ".join((OCI_INDEX, DOCKER_INDEX, OCI_IMAGE, DOCKER_IMAGE))


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to a blob or a manifest. ``size`` is in bytes, compressed as it is stored."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    is_elsewhere: bool = False
    """The content is fetched from URLs outside of the registry, as with Windows base layers."""


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """One image for one platform. ``content`` are the exact bytes that the digest names."""

    digest: Digest
    media_type: str
    content: bytes
    config: Descriptor
    layers: tuple[Descriptor, ...]

    @property
    def size(self) -> int:
        """Bytes to transfer for configuration and layers."""
        return self.config.size + sum(layer.size for layer in self.layers)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Everything that the registry itself must hold for this image, each once."""
        held = (one for one in (self.config, *self.layers) if not one.is_elsewhere)
        return tuple({one.digest: one for one in held}.values())


@dataclass(frozen=True, slots=True)
class ImageIndex:
    """Several images under one name, one for each platform."""

    digest: Digest
    media_type: str
    content: bytes
    manifests: tuple[Descriptor, ...]

    @property
    def images(self) -> tuple[Descriptor, ...]:
        """The members that run somewhere; BuildKit's attestations are ``unknown/unknown``.

        https://docs.docker.com/build/metadata/attestations/attestation-storage/
        """
        return tuple(
            one for one in self.manifests if one.platform is None or one.platform.os != "unknown"
        )

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """What the images run on, where the index says so, each once."""
        return tuple(dict.fromkeys(one.platform for one in self.images if one.platform))


Manifest = ImageManifest | ImageIndex


def digest_of(content: bytes) -> Digest:
    """The digest that names these bytes."""
    return Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")


def read_manifest(content: bytes, media_type: str, name: str) -> Manifest:
    """Read a manifest; ``name`` is what a person calls it.

    ``media_type`` is what the registry said; the manifest's own word for it wins, where it has
    one. Raises OutsideFailure for what is not the manifest of an image.
    """
    try:
        parsed = _Manifest.model_validate_json(content)
        kind = _known_media_type(parsed.media_type or media_type, name)
        digest = digest_of(content)
        if parsed.manifests is not None and parsed.layers is not None:
            # https://github.com/opencontainers/distribution-spec/security/advisories/GHSA-mc8v-mgrf-8f4m
            raise not_an_image(name, "Its manifest can be read as two different things.")
        if kind in INDEX_TYPES:
            members = tuple(one.descriptor() for one in parsed.manifests or ())
            return ImageIndex(digest, kind, content, members)
        if parsed.config is None or parsed.layers is None:
            raise not_an_image(name, "Its manifest lacks a configuration or layers.")
        layers = tuple(one.descriptor() for one in parsed.layers)
        return ImageManifest(digest, kind, content, parsed.config.descriptor(), layers)
    except ValidationError as error:
        raise unreadable("manifest", name, reason_of(error)) from None


def media_type_in(header: str) -> str:
    """The media type in a Content-Type header, without its parameters."""
    return header.partition(";")[0].strip().lower()


def is_known(header: str) -> bool:
    """Whether a Content-Type header says that it is an image or an index of images."""
    return media_type_in(header) in MEDIA_TYPES


def _known_media_type(header: str, name: str) -> str:
    """The media type in a Content-Type header. Raises OutsideFailure when it is no image's."""
    media_type = media_type_in(header)
    if media_type in MEDIA_TYPES:
        return media_type
    if media_type.startswith("application/vnd.docker.distribution.manifest.v1"):
        raise not_an_image(
            name,
            "It is stored in Docker's schema 1, which nothing supports any more.",
            "Build it again, or pull and push it with an old Docker.",
        )
    raise not_an_image(name, f"The registry calls it {shown(media_type or 'nothing')}.")


def not_an_image(name: str, why: str, next_step: str = "") -> OutsideFailure:
    """What to say about an artifact that cannot be run; ``why`` is a sentence."""
    return OutsideFailure(
        f"{name} is not a container image.",
        why=why,
        next_step=next_step or "Check the name; other artifacts can share a registry with images.",
    )


def unreadable(part: str, name: str, why: str) -> OutsideFailure:
    """What to say about a manifest or configuration that is not written as it should be."""
    return OutsideFailure(
        f"The {part} of {name} cannot be read.",
        why=why,
        next_step="The program that built or pushed it wrote it that way, or it is not an image: "
        "push the image again with an up-to-date program, or check the name.",
    )


class _Platform(Foreign):
    os: str = "unknown"
    architecture: str = "unknown"
    variant: str = ""


class _Descriptor(Foreign):
    media_type: str = Field(default="", alias="mediaType")
    digest: str
    size: int = Field(ge=0)
    platform: _Platform | None = None
    urls: Texts | None = None

    def descriptor(self) -> Descriptor:
        try:
            digest = Digest(self.digest)
        except QuaymasterError as error:
            raise OutsideFailure(
                "The manifest names its parts in a way that is not supported.",
                why=str(error),
                next_step="Build the image again with sha256 digests.",
            ) from None
        described = self.platform
        platform = (
            Platform(described.os, described.architecture, described.variant) if described else None
        )
        return Descriptor(self.media_type, digest, self.size, platform, bool(self.urls))


class _Manifest(Foreign):
    media_type: str = Field(default="", alias="mediaType")
    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None
