"""The order in which tags are read best: newest version first, then the words."""

import re
from collections.abc import Iterable

_VERSION = re.compile(r"v?(\d+(?:[._]\d+)*)(?:([-+._]?)([A-Za-z0-9].*))?", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d+)")
_PRE_RELEASE = re.compile(r"(?:alpha|beta|rc|pre|preview|dev|snapshot|a|b|m)[._-]?\d*\b", re.I)

Key = tuple[object, ...]


def newest_first(tags: Iterable[str]) -> tuple[str, ...]:
    """Versions from the newest to the oldest, then the other tags in alphabetical order.

    Numbers count as numbers (1.10 is newer than 1.9), and ``1.4-rc1`` is older than ``1.4``
    (https://semver.org/#spec-item-11), while ``1.4-alpine`` stands right after it.
    """
    unique = set(tags)
    versions = {tag: key for tag in unique if (key := _version(tag)) is not None}
    ordered = sorted(versions, key=lambda tag: (versions[tag], tag), reverse=True)
    return (*ordered, *sorted(unique - versions.keys(), key=lambda tag: (_natural(tag), tag)))


def _version(tag: str) -> Key | None:
    match = _VERSION.fullmatch(tag)
    if match is None:
        return None
    numbers, separator, rest = match.groups()
    if rest and not separator and not _PRE_RELEASE.match(rest):
        return None  # 3f2a9c1 is a commit
    release = [int(part) for part in re.split(r"[._]", numbers)]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    if not rest:
        return (release, 2, ())
    return (release, 0 if _PRE_RELEASE.match(rest) else 1, _natural(rest))


def _natural(text: str) -> Key:
    """Text and numbers in turn, so that numbers are compared as numbers."""
    return tuple(
        int(part) if position % 2 else part.casefold()
        for position, part in enumerate(_NUMBERS.split(text))
    )
