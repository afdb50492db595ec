"""The buttons of cards and of the Home tab. Where one is about an operation, it carries the
operation's id as its value, and nothing else.
"""

import re
from enum import StrEnum


class Button(StrEnum):
    """The ``action_id`` of each button that asks for something."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"


REFRESH = "refresh"
"""The ``action_id`` of the button that draws the Home tab anew: it is about no operation."""

_PAGE = re.compile(r"page:(?P<number>0|[1-9][0-9]{0,4})")


def page_action(page: int) -> str:
    """The ``action_id`` of a button that shows a page of a long list, counted from 0.

    It names the page, not a direction, so clicking twice shows the same page as clicking once.
    """
    return f"page:{page}"


def page_of(action_id: str) -> int | None:
    """The page that ``page_action`` named; None for any other button."""
    found = _PAGE.fullmatch(action_id)
    return int(found["number"]) if found else None
