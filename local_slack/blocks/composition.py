"""Composition objects: text, confirmation, option, option group, dispatch, filter.

https://docs.slack.dev/reference/block-kit/composition-objects
"""

from __future__ import annotations

from collections.abc import Iterator

from local_slack.blocks.schema import (
    Check,
    Field,
    array,
    boolean,
    complaint,
    one_of,
    record,
    string,
)


def text(
    most: int = 3000, *, kinds: tuple[str, ...] = ("plain_text", "mrkdwn"), least: int = 1
) -> Check:
    """A text object.

    ``text`` has 1 to 3,000 characters unless its place asks for less; ``emoji`` belongs to plain
    text and ``verbatim`` to mrkdwn.
    https://docs.slack.dev/reference/block-kit/composition-objects/text-object
    """

    def own_switches(value: dict[str, object], pointer: str) -> Iterator[str]:
        foreign = "verbatim" if value.get("type") == "plain_text" else "emoji"
        if foreign in value:
            yield complaint(f"invalid additional property: {foreign}", pointer)

    inner = record(
        {
            "type": Field(one_of(*kinds), required=True),
            "text": Field(string(least, most), required=True),
            "emoji": Field(boolean),
            "verbatim": Field(boolean),
        },
        own_switches,
    )

    def check(value: object, pointer: str) -> Iterator[str]:
        problems = list(inner(value, pointer))
        if problems and len(kinds) > 1:
            # Slack reports the failed choice between the two kinds of text first, then the reason.
            yield complaint("failed to match all allowed schemas", pointer)
        yield from problems

    return check


def plain(most: int, least: int = 1) -> Check:
    """A text object that may only be ``plain_text``."""
    return text(most, kinds=("plain_text",), least=least)


# https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
CONFIRM = record(
    {
        "title": Field(plain(100), required=True),
        "text": Field(text(300), required=True),
        "confirm": Field(plain(30), required=True),
        "deny": Field(plain(30), required=True),
        "style": Field(one_of("primary", "danger")),
    }
)


def option(*, mrkdwn: bool = False) -> Check:
    """One choice: text and description of 75 characters, value of 150.

    Only radio buttons and checkboxes may use mrkdwn.
    https://docs.slack.dev/reference/block-kit/composition-objects/option-object
    """
    label = text(75) if mrkdwn else plain(75)
    return record(
        {
            "text": Field(label, required=True),
            "value": Field(string(1, 150), required=True),
            "description": Field(label),
        }
    )


# https://docs.slack.dev/reference/block-kit/composition-objects/option-group-object
OPTION_GROUP = record(
    {
        "label": Field(plain(75), required=True),
        "options": Field(array(option(), 1, 100), required=True),
    }
)

# https://docs.slack.dev/reference/block-kit/composition-objects/dispatch-action-configuration-object
DISPATCH = record(
    {"trigger_actions_on": Field(array(one_of("on_enter_pressed", "on_character_entered"), 1))}
)


def _filters_something(value: dict[str, object], pointer: str) -> Iterator[str]:
    if not value:
        yield complaint("must provide at least one filter", pointer)


# https://docs.slack.dev/reference/block-kit/composition-objects/conversation-filter-object
CONVERSATION_FILTER = record(
    {
        "include": Field(array(one_of("im", "mpim", "private", "public"), 1)),
        "exclude_external_shared_channels": Field(boolean),
        "exclude_bot_users": Field(boolean),
    },
    _filters_something,
)
