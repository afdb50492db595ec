"""Pages of long lists, and what is kept of what came from outside."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from quaymaster.listings import MOST_BYTES, MOST_ROWS, ROWS, pages_of, position, rows_of
from quaymaster.outcomes import (
    HistoryListed,
    HistoryStep,
    ImagesListed,
    Listed,
    LocalImage,
    TagsListed,
)
from testing.samples import WEB, image


def tags(count: int, length: int = 8) -> TagsListed:
    """A repository with so many tags."""
    return TagsListed(WEB, tuple(str(n).rjust(length, "v") for n in range(count)), count, count)


@given(st.integers(0, MOST_ROWS))
def test_every_row_is_on_one_page_in_its_order(count: int) -> None:
    whole = tags(count)
    pages = pages_of(whole)
    assert tuple(row for page in pages for row in rows_of(page)) == whole.tags
    assert all((page.total, page.kept) == (count, count) for page in pages)
    assert all(len(rows_of(page)) <= ROWS for page in pages)
    assert len(pages) - 1 == position(count, 10**6)[0]


def test_of_very_many_rows_the_first_are_kept_and_all_are_counted() -> None:
    pages = pages_of(tags(100_000))
    assert {(page.total, page.kept) for page in pages} == {(100_000, MOST_ROWS)}
    assert len(pages) == MOST_ROWS // ROWS


def test_pages_together_are_of_bounded_size() -> None:
    pages = pages_of(tags(MOST_ROWS, length=128))
    adapter: TypeAdapter[Listed] = TypeAdapter(Listed)
    size = sum(len(adapter.dump_json(page)) for page in pages)
    assert MOST_BYTES * 0.9 < size <= MOST_BYTES
    kept = sum(len(rows_of(page)) for page in pages)
    assert {(page.total, page.kept) for page in pages} == {(MOST_ROWS, kept)}
    assert kept < MOST_ROWS


def test_a_row_that_somebody_made_long_is_cut() -> None:
    named = LocalImage(tuple("n" * 1_000 for _ in range(50)), "sha256:" + "a" * 64, 1, None)
    (page,) = pages_of(ImagesListed("build1", (named,), 1, 1))
    (kept,) = rows_of(page)
    assert (len(kept.names), kept.more_names) == (4, 46)
    assert all(len(name) == 300 and name.endswith("…") for name in kept.names)
    step = HistoryStep("RUN " + "x" * 100_000, None, None)
    (page,) = pages_of(HistoryListed(image(), "registry", (step,), 1, 1))
    assert rows_of(page) == (replace(step, created_by=f"RUN {'x' * 495}…"),)
