"""Platforms, and which image of an index an engine runs. Pure.

Variants by the rules of containerd's ``platforms``: a plain arm64 is v8, a plain arm v7, a plain
amd64 v1 (https://github.com/containerd/platforms/blob/main/database.go).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from quaymaster.image_ref import Digest

_VARIANT = re.compile(r"v([0-9]{1,2})")
_USUAL_VARIANT = {"amd64": 1, "arm64": 8, "arm": 7}
# What a processor also runs. An engine never chooses it from an index, but runs it on request:
# https://github.com/containerd/platforms/blob/main/compare.go (platformVector)
_ALSO = {"amd64": ("386", ""), "arm64": ("arm", "v8")}
_UNSAID = "unknown"
_ALONE = Digest(f"sha256:{0:064x}")


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """What an image runs on: ``linux/arm64/v8``."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``os/architecture[/variant]``. Raises ValueError for anything else."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise ValueError(f"{text!r} is not os/architecture[/variant]")
        return cls(*parts)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def fits(self, wanted: "Platform") -> bool:
        """Whether this satisfies the wanted platform; any variant does if none was requested."""
        same = (self.os, self.architecture) == (wanted.os, wanted.architecture)
        return same and wanted.variant in ("", self.variant)

    @property
    def level(self) -> int | None:
        """The variant as a number: a machine runs those up to its own. None for another word."""
        if not self.variant:
            return _USUAL_VARIANT.get(self.architecture, 0)
        match = _VARIANT.fullmatch(self.variant)
        return int(match.group(1)) if match else None


@dataclass(frozen=True, slots=True)
class EnginePlatform:
    """What an engine runs, as far as anybody knows."""

    platform: Platform
    or_later: bool = False
    """It may run later variants too: its API does not report the variant."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One image of an index. ``platform`` is None where the index does not say."""

    digest: Digest
    platform: Platform | None


@dataclass(frozen=True, slots=True)
class Member:
    """What is known about the one image that runs, apart from the digest of its manifest."""

    config: Digest
    """The digest of its configuration: the id that an engine with the classic store gives it."""
    index: Digest | None = None
    """What the name meant, where that is an index of several images."""
    platform: str = ""
    """Its platform, where there is an index and it says so."""


def fitting(offers: Iterable[IndexEntry], runs: EnginePlatform) -> tuple[IndexEntry, ...]:
    """Those that the engine may run by itself: one where it is certain, none where none fits.

    Several remain if the engine's choice cannot be predicted. Of known variants it runs the latest.
    """
    each = tuple(dict.fromkeys(offers))
    own = runs.platform
    same = [
        (one, one.platform.level)
        for one in each
        if one.platform is not None
        and (one.platform.os, one.platform.architecture) == (own.os, own.architecture)
    ]
    if not same:
        return tuple(one for one in each if one.platform is None)
    top = own.level
    sure = [(one, level) for one, level in same if level is not None and level <= (top or 0)]
    unsure = [one for one, level in same if level is None or level > (top or 0)]
    exact = [one for one in unsure if one.platform == own]
    if exact:
        return tuple(exact)
    best = max((level for _, level in sure), default=None)
    latest = tuple(one for one, level in sure if level == best)
    return (*latest, *unsure) if runs.or_later else latest


def may_run(platform: Platform, runs: EnginePlatform) -> bool:
    """Whether an image that is for this platform alone runs there, as far as anybody knows. An
    image need not say what it is for.
    """
    if _UNSAID in (platform.os, platform.architecture):
        return True
    own, alone = runs.platform, (IndexEntry(_ALONE, platform),)
    also = _ALSO.get(own.architecture)
    is_besides = also is not None and bool(fitting(alone, EnginePlatform(Platform(own.os, *also))))
    return is_besides or bool(fitting(alone, runs))
