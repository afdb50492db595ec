"""Pages of long lists."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views.buttons import page_of
from bot.views.card import operation_messages
from bot.views.plain import as_text
from quaymaster.listings import ROWS, pages_of, position
from quaymaster.outcomes import TagsListed
from tests.bot.views.cases import CASES, CONFIGURATION, NOW, REPOSITORY


def page(tags: int, number: int) -> tuple[str, list[int | None]]:
    """A page of a repository with so many tags: its text, and where its buttons lead."""
    names = tuple(f"v{tag}" for tag in range(1, tags + 1))
    pages = pages_of(TagsListed(REPOSITORY, names, tags, tags))
    outcome = pages[position(tags, number)[0]]
    operation = replace(CASES["tags-none"], outcome=outcome, page=number)
    (card,) = operation_messages(operation, CONFIGURATION, NOW)
    rows = [block.to_dict() for block in card.blocks if block.type == "actions"]
    buttons = [page_of(element["action_id"]) for row in rows for element in row["elements"]]
    return as_text(card), buttons


@pytest.mark.parametrize(
    ("number", "where", "buttons"),
    [
        (0, "1–20 of 57", [1]),
        (1, "21–40 of 57", [0, 2]),
        (2, "41–57 of 57", [1]),
        (99, "41–57 of 57", [1]),
        (-1, "1–20 of 57", [1]),
    ],
)
def test_a_page_says_where_it_is_and_leads_on(number: int, where: str, buttons: list[int]) -> None:
    text, leads = page(57, number)
    assert where in text
    assert leads == buttons


def test_a_short_list_has_no_pages() -> None:
    text, leads = page(ROWS, 3)
    assert leads == []
    assert "v1\n" in text
    assert f"v{ROWS}\n" in text
    assert "of 20" not in text


@given(st.integers(0, 500))
def test_every_row_is_on_exactly_one_page(total: int) -> None:
    pages = max(1, -(-total // ROWS))
    rows = [row for number in range(pages) for row in range(*position(total, number)[1:])]
    assert rows == list(range(total))
