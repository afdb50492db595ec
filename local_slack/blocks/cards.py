"""Cards, alerts and the tasks of assistants.

Which block fits on which surface: https://docs.slack.dev/blocks.json
"""

from __future__ import annotations

from collections.abc import Iterator

from local_slack.blocks.composition import text
from local_slack.blocks.elements import BUTTON, IMAGE
from local_slack.blocks.rich_text import RICH_TEXT
from local_slack.blocks.schema import Field, array, block, complaint, one_of, record, string, url

# https://docs.slack.dev/reference/block-kit/blocks/alert-block; the 200 characters are the Java
# SDK's: https://github.com/slackapi/java-slack-sdk/pull/1624
ALERT = block(
    "alert",
    {
        "text": Field(text(200), required=True),
        "level": Field(one_of("default", "info", "warning", "error", "success")),
    },
)


def _not_empty(value: dict[str, object], pointer: str) -> Iterator[str]:
    if not {"hero_image", "title", "actions", "body"}.intersection(value):
        yield complaint(
            "must define one of `hero_image`, `title`, `actions`, `body`", f"{pointer}/type"
        )


# https://docs.slack.dev/reference/block-kit/blocks/card-block
CARD = block(
    "card",
    {
        "hero_image": Field(IMAGE),
        "icon": Field(IMAGE),
        "title": Field(text(150)),
        "subtitle": Field(text(150)),
        "body": Field(text(200)),
        "actions": Field(array(BUTTON, 1, 3)),
    },
    _not_empty,
)

# https://docs.slack.dev/reference/block-kit/blocks/carousel-block
CAROUSEL = block("carousel", {"elements": Field(array(CARD, 1, 10), required=True)})

# https://docs.slack.dev/reference/block-kit/block-elements/url-source-element
_SOURCE = record(
    {
        "type": Field(one_of("url"), required=True),
        "url": Field(url(), required=True),
        "text": Field(string(1), required=True),
    }
)

# https://docs.slack.dev/reference/block-kit/blocks/task-card-block
TASK_CARD = block(
    "task_card",
    {
        "task_id": Field(string(1), required=True),
        "title": Field(string(1), required=True),
        "status": Field(one_of("pending", "in_progress", "complete", "error")),
        "details": Field(RICH_TEXT),
        "output": Field(RICH_TEXT),
        "sources": Field(array(_SOURCE)),
    },
)

# https://docs.slack.dev/reference/block-kit/blocks/plan-block
PLAN = block("plan", {"title": Field(string(1), required=True), "tasks": Field(array(TASK_CARD))})
