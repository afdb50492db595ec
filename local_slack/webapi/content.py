"""What a message may consist of: text, blocks, metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from local_slack.blocks import schema_violations, too_long
from local_slack.errors import SlackError
from local_slack.message import Json
from local_slack.state import State
from local_slack.webapi.arguments import Arguments

# https://api.slack.com/changelog/2018-04-truncating-really-long-messages
TRUNCATED_AT = 40_000
TRUNCATED = (
    "[WARN] Your message was truncated but still posted. "
    "The `text` field accepts up to 40,000 characters."
)
# `metadata_too_large` is documented without a number
# (https://docs.slack.dev/reference/methods/chat.postMessage); 16 kB is what Slack's servers are
# known to hold.
METADATA_LIMIT = 16_000


@dataclass(frozen=True, slots=True)
class Content:
    """Text and blocks of a call; None for what it does not contain."""

    text: str | None
    blocks: tuple[Json, ...] | None
    metadata: Json | None
    warnings: tuple[str, ...] = ()


def read_content(state: State, args: Arguments, *, size_counts: bool = True) -> Content:
    """The content of a message that is posted or updated.

    Raises ``no_text``, ``invalid_blocks_format``, ``invalid_blocks``, ``msg_blocks_too_long``,
    ``invalid_metadata_format``, ``invalid_metadata_schema`` and ``metadata_too_large``.
    ``size_counts`` is off for a ``response_url``, where Slack does not count all blocks together.
    """
    text = args.text("text")
    blocks = args.structure("blocks", "invalid_blocks_format")
    if blocks is not None:
        checked_blocks(blocks, size_counts)
    attachments = args.structure("attachments", "invalid_attachments")
    if not text and not blocks and not attachments:
        raise SlackError("no_text")
    warnings: tuple[str, ...] = ()
    if text is not None and len(text) > TRUNCATED_AT:
        text, warnings = text[:TRUNCATED_AT], (TRUNCATED,)
    named = None if blocks is None else with_ids(state, blocks)
    return Content(text, named, read_metadata(args), warnings)


def checked_blocks(blocks: object, size_counts: bool = True) -> None:
    """Raise what Slack raises for blocks it does not take."""
    problems = schema_violations(blocks)
    if problems:
        raise SlackError(
            "invalid_blocks",
            messages=problems,
            errors=[one.removeprefix("[ERROR] ") for one in problems],
        )
    if size_counts and too_long(blocks):
        raise SlackError("msg_blocks_too_long")


def with_ids(state: State, blocks: Sequence[Json]) -> tuple[Json, ...]:
    """Blocks with the ``block_id`` and ``action_id`` that Slack makes up where there are none.

    https://docs.slack.dev/reference/block-kit/blocks
    """
    return tuple(_with_ids(state, block) for block in blocks)


def _with_ids(state: State, block: Json) -> Json:
    named = {**block, "block_id": block.get("block_id") or state.new_id("b")}
    for place in ("accessory", "element"):
        if isinstance(block.get(place), dict):
            named[place] = _with_action(state, block[place])
    if block["type"] == "actions":
        named["elements"] = [_with_action(state, element) for element in block["elements"]]
    return named


def _with_action(state: State, element: Json) -> Json:
    return element if "action_id" in element else {**element, "action_id": state.new_id("a")}


def read_metadata(args: Arguments) -> Json | None:
    """Message metadata: an ``event_type`` and an object ``event_payload``.

    An empty object is returned as such: it removes what was there.
    https://docs.slack.dev/messaging/message-metadata
    """
    metadata = args.structure("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if metadata and not (
        isinstance(metadata.get("event_type"), str)
        and metadata["event_type"]
        and isinstance(metadata.get("event_payload"), dict)
    ):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(metadata)) > METADATA_LIMIT:
        raise SlackError("metadata_too_large")
    return metadata
