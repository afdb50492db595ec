"""The buttons of cards and of the Home tab. Where one is about a subject, it carries the subject's
id as its value; where it votes, also the hash of the plan that the voter is shown.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from quaymaster.subjects import OperationSubject, Subject, parse_subject


class Button(StrEnum):
    """The ``action_id`` of each button that asks for something."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a button is about: its value."""

    subject: Subject
    plan: str | None = None
    """For a button that votes: the hash of the plan that is drawn beside it."""

    def __str__(self) -> str:
        return str(self.subject) if self.plan is None else f"{self.subject} {self.plan}"

    @classmethod
    def parse(cls, value: str) -> "Pointer | None":
        """Read a button's value; None for anything else. The buttons of cards that an earlier
        version posted carry the number of an operation.
        """
        if earlier := _EARLIER_POINTER.fullmatch(value):
            return cls(OperationSubject(int(earlier["operation"])), earlier["plan"])
        match = _POINTER.fullmatch(value)
        subject = parse_subject(match["subject"]) if match else None
        return cls(subject, match["plan"]) if match and subject else None


_POINTER = re.compile(r"(?P<subject>[^ ]{1,500})(?: (?P<plan>[0-9a-f]{64}))?")
_EARLIER_POINTER = re.compile(r"(?P<operation>[0-9]{1,15})(?::(?P<plan>[0-9a-f]{64}))?")

REFRESH = "refresh"
"""The ``action_id`` of the button that draws the Home tab anew: it is about no operation."""

CONFIRM = "confirm"
"""The
``action_id`` of the button that starts what was asked back (``bot.conversation.clarifying``).
"""

_PAGE = re.compile(r"page:(?P<number>0|[1-9][0-9]{0,4})")


def page_action(page: int) -> str:
    """The ``action_id`` of a button that shows a page of a long list, counted from 0.

    It names the page, not a direction, so clicking twice shows the same page as clicking once.
    """
    return f"page:{page}"


def page_of(action_id: str) -> int | None:
    """The page that ``page_action`` named; None for any other button."""
    match = _PAGE.fullmatch(action_id)
    return int(match["number"]) if match else None
