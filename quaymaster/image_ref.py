"""References to images, by the grammar of the distribution project.

The grammar: https://github.com/distribution/reference/blob/main/reference.go

    reference      := name [ ":" tag ] [ "@" digest ]
    name           := [ domain "/" ] path-component *( "/" path-component )
    domain         := host [ ":" port ]
    path-component := alpha-numeric *( separator alpha-numeric )
    separator      := "." | "_" | "__" | 1*"-"
    tag            := [A-Za-z0-9_] [A-Za-z0-9_.-]{0,127}
    digest         := algorithm ":" hex; sha256 has 64 lower-case hex digits

One repository has one name here, whoever wrote it: hosts are in lower case, Docker Hub is
``docker.io``, and its own images are in ``library``. Docker's rules:
https://github.com/distribution/reference/blob/main/normalize.go
"""

import re
from dataclasses import dataclass
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from quaymaster.errors import UsageError

_ALPHANUMERIC = r"[a-z0-9]+"
_SEPARATOR = r"(?:[._]|__|-+)"
_COMPONENT = rf"{_ALPHANUMERIC}(?:{_SEPARATOR}{_ALPHANUMERIC})*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[(?:[a-fA-F0-9:]+)\])"

_DOMAIN = re.compile(rf"{_HOST}(?::[0-9]{{1,5}})?")
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")

_NAME_LIMIT = 255
"""The distribution project's limit on domain and path together."""

DOCKER_HUB = "docker.io"
DOCKER_HUB_API = "registry-1.docker.io"
"""Where its API answers: https://docs.docker.com/reference/api/registry/latest/"""
_NAMES_OF_DOCKER_HUB = frozenset({DOCKER_HUB, "index.docker.io", DOCKER_HUB_API})
_OFFICIAL = "library/"


@dataclass(frozen=True, slots=True)
class Digest:
    """``sha256:`` and 64 hex digits: the one name of a manifest that never moves."""

    value: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.value):
            raise UsageError(
                f"{shown(self.value)} is not a digest.",
                why="A digest is sha256: and 64 lower-case hex digits.",
                next_step="Copy it from `inspect`, for example sha256:9f86d0…",
            )

    def __str__(self) -> str:
        return self.value

    @property
    def short(self) -> str:
        """The first twelve hex digits, as Docker shows image ids."""
        return self.value.removeprefix("sha256:")[:12]


@dataclass(frozen=True, slots=True, order=True)
class Repository:
    """``registry/path``: where tags live. Two that are the same are equal, however written."""

    registry: str
    path: str

    def __post_init__(self) -> None:
        registry, path = canonical_registry(self.registry), self.path
        if registry == DOCKER_HUB and "/" not in path:
            path = _OFFICIAL + path
        object.__setattr__(self, "registry", registry)
        object.__setattr__(self, "path", path)
        if not _DOMAIN.fullmatch(self.registry):
            raise _impossible(
                str(self), f"{shown(self.registry)} is not a registry's host or host:port."
            )
        if not _PATH.fullmatch(self.path):
            raise _impossible(str(self), _why_not_a_path(self.path))
        if len(str(self)) > _NAME_LIMIT:
            raise _impossible(str(self), f"A name has at most {_NAME_LIMIT} characters.")

    @classmethod
    def parse(cls, text: str, default_registry: str) -> Self:
        """Read a name without tag and digest; a name without a registry is in the default one.

        Raises UsageError with the reason and the way out.
        """
        if not text:
            raise _impossible(text, "It is empty.")
        first, slash, rest = text.partition("/")
        if slash and is_registry_host(first):
            return cls(first, rest)
        return cls(default_registry, text)

    def familiar(self, default_registry: str) -> str:
        """As people say it: without the default registry, and without Docker Hub's ``library``.

        It reads back as the same: a path that begins like a host keeps its registry.
        """
        path = self.path
        if self.registry == DOCKER_HUB and path.count("/") == 1:
            path = path.removeprefix(_OFFICIAL)
        if self.registry == canonical_registry(default_registry):
            first, slash, _ = path.partition("/")
            if not (slash and is_registry_host(first)):
                return path
        return f"{self.registry}/{path}"

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}"


@dataclass(frozen=True, slots=True)
class ImageRef:
    """``registry/path[:tag][@digest]``, as Docker reads it and as people write it."""

    repository: Repository
    tag: str | None = None
    digest: Digest | None = None

    def __post_init__(self) -> None:
        if self.tag is not None and not _TAG.fullmatch(self.tag):
            raise _impossible(
                str(self),
                f"{shown(self.tag)} is not a tag: letters, digits, _ . and -, at most 128, "
                "not starting with . or -.",
            )

    @classmethod
    def parse(cls, text: str, default_registry: str) -> Self:
        """Read a reference; neither tag nor digest is made up (no silent ``latest``).

        Raises UsageError with the reason and the way out.
        """
        name, at, digest = text.partition("@")
        last = name.rpartition("/")[2]
        tag: str | None = None
        if ":" in last:
            name, _, tag = name.rpartition(":")
        repository = Repository.parse(name, default_registry)
        return cls(repository, tag, Digest(digest) if at else None)

    def pinned(self, digest: Digest) -> "PinnedImage":
        """The same reference, at exactly this manifest."""
        return PinnedImage(self.repository, self.tag, digest)

    @property
    def if_pinned(self) -> "PinnedImage | None":
        """The same reference, pinned; None if it names no digest."""
        return self.pinned(self.digest) if self.digest is not None else None

    @property
    def unpinned(self) -> "ImageRef":
        """The name without a digest: what its tag means may change."""
        return ImageRef(self.repository, self.tag)

    def familiar(self, default_registry: str) -> str:
        """As people say it: without the default registry, and without the digest beside a tag."""
        name = self.repository.familiar(default_registry)
        if self.tag is not None:
            return f"{name}:{self.tag}"
        return f"{name}@{self.digest.short}" if self.digest is not None else name

    @property
    def selector(self) -> str:
        """What a registry's manifest endpoint takes: the digest if there is one, else the tag."""
        if self.digest is not None:
            return str(self.digest)
        if self.tag is not None:
            return self.tag
        raise UsageError(
            f"{self} names no tag.",
            why="Without a tag or digest it could mean any image of that repository.",
            next_step=f"Write {self}:TAG; `/image tags {self.repository}` lists the tags.",
        )

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{self.repository}{tag}{digest}"


@dataclass(frozen=True, slots=True)
class PinnedImage(ImageRef):
    """``registry/path[:tag]@digest``: one image that never moves. Code that acts on an image takes
    this; the tag is the name by which people know it, and decides nothing.
    """

    repository: Repository
    tag: str | None
    digest: Digest

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type["PinnedImage"], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """It is stored like any other reference. One without a digest is refused."""
        return core_schema.no_info_after_validator_function(_pinned, handler(ImageRef))

    @property
    def by_digest(self) -> str:
        """``registry/path@sha256:…``, the form that is acted upon."""
        return f"{self.repository}@{self.digest}"


def _pinned(reference: Any) -> PinnedImage:
    if isinstance(reference, ImageRef) and (pinned := reference.if_pinned) is not None:
        return pinned
    raise ValueError(f"{reference} has no digest")


def shown(text: str, limit: int = 60) -> str:
    """Text from outside, short enough and printable, for the inside of a sentence."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return f"“{printable[: limit - 1]}…”" if len(printable) > limit else f"“{printable}”"


def is_registry_host(first: str) -> bool:
    """Whether the first part of a name is a registry, and not of its path.

    Docker also takes a word with capitals for one. In lower case, as names are here, it would read
    as a path; and it is a path with a capital too many more often.
    """
    return any(c in first for c in ".:") or first.lower() == "localhost"


def canonical_registry(host: str) -> str:
    """The one name of a registry: hosts have no case, and Docker Hub has several names.

    A port is part of the name, as it is for engines.
    """
    lower = host.lower()
    return DOCKER_HUB if lower in _NAMES_OF_DOCKER_HUB else lower


def _why_not_a_path(path: str) -> str:
    if path != path.lower():
        return "A repository is written in lower case."
    if path.startswith("/") or path.endswith("/") or "//" in path:
        return "There is a slash at the start, at the end, or twice in a row."
    return "A repository is made of lower-case letters and digits, joined by . _ __ - and /."


def _impossible(text: str, why: str) -> UsageError:
    return UsageError(
        f"{shown(text)} is not an image reference.",
        why=why,
        next_step="Write it like shop/web:1.4 or registry.example.com/shop/web:1.4.",
    )
