"""Long lists in pages: the record holds the first, and the others are kept for a shorter time.

A page is the outcome itself with the rows of that page, so it is drawn as the first one is.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, assert_never

from pydantic import TypeAdapter

from quaymaster import bounds
from quaymaster.outcomes import HistoryListed, ImagesListed, Listed, TagsListed

ROWS = 20
"""A page that is still readable on a phone."""
MOST_ROWS = 5_000
MOST_BYTES = 256 * 1024
"""Of all pages of one list together, as they are stored."""

_AS_STORED: TypeAdapter[Listed] = TypeAdapter(Listed)


def pages_of(whole: Listed) -> tuple[Listed, ...]:
    """The pages of a list that holds every row: at least one, and no more than may be kept."""
    total = len(rows_of(whole))
    pages: list[Listed] = []
    bytes_left = MOST_BYTES
    for start in range(0, min(total, MOST_ROWS), ROWS):
        page = _with_rows(whole, start)
        bytes_left -= len(_AS_STORED.dump_json(page))
        if bytes_left < 0 and pages:
            break
        pages.append(page)
    kept = sum(len(rows_of(page)) for page in pages)
    return tuple(replace(page, total=total, kept=kept) for page in pages or [whole])


def rows_of(listed: Listed) -> Sequence[Any]:
    """The rows that are in it."""
    match listed:
        case ImagesListed(images=images):
            return images
        case TagsListed(tags=tags):
            return tags
        case HistoryListed(steps=steps):
            return steps
        case _:
            assert_never(listed)


def position(kept: int, page: int) -> tuple[int, int, int]:
    """The page that there is (a page past the end is the last one), and its first and last row."""
    last_page = max(0, (kept - 1) // ROWS)
    there = min(max(0, page), last_page)
    return there, there * ROWS, min(kept, (there + 1) * ROWS)


def _with_rows(whole: Listed, start: int) -> Listed:
    match whole:
        case ImagesListed(images=images):
            chosen = images[start : start + ROWS]
            return replace(whole, images=tuple(bounds.image(one) for one in chosen))
        case TagsListed(tags=tags):
            names = tags[start : start + ROWS]
            return replace(whole, tags=tuple(bounds.text(one, bounds.NAME) for one in names))
        case HistoryListed(steps=steps):
            done = steps[start : start + ROWS]
            return replace(whole, steps=tuple(bounds.step(one) for one in done))
        case _:
            assert_never(whole)
