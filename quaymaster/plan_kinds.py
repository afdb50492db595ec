"""What a plan is for, and everything that follows from that. Pure.

Code that plans, judges, shows and carries out reads these facts and knows no kind. No fact has a
default, so a new kind must state every one of them.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class KindFacts:
    """Everything that other code has to know about a kind of plan."""

    done: str
    """The word for its success, as a card begins with it."""
    is_rescue: bool
    """It restores what served before (docs/decisions/0003). The gate, a freeze and the windows are
    shown but do not stop it, ``after`` and approvals do not apply, nothing is scanned again, and it
    does not wait for another change of the service.
    """
    is_planned_again: bool
    """If its configuration or what runs is different by the time it is carried out, a new plan
    follows. A rollback that is planned again would go back further than was asked.
    """
    replaces_one_container: bool
    """It replaces the very container that served when it was planned. Otherwise it replaces a
    version: what was in its bake window then may be a release by now.
    """
    marks_what_it_leaves: bool
    """The image that it replaces cannot be deployed there again."""
    has_undo: bool
    """A rollback can follow it, and the card says what that would restore."""
    follows_a_tag: bool
    """A person named its image by a tag, and is told if the tag has moved since."""


class PlanKind(StrEnum):
    """What a plan is for."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"

    @property
    def facts(self) -> KindFacts:
        """What follows from it."""
        return _FACTS[self]


_FACTS = {
    PlanKind.DEPLOY: KindFacts(
        done="Deployed",
        is_rescue=False,
        is_planned_again=True,
        replaces_one_container=True,
        marks_what_it_leaves=False,
        has_undo=True,
        follows_a_tag=True,
    ),
    PlanKind.ROLLBACK: KindFacts(
        done="Rolled back",
        is_rescue=True,
        is_planned_again=False,
        replaces_one_container=False,
        marks_what_it_leaves=True,
        has_undo=False,
        follows_a_tag=False,
    ),
}
