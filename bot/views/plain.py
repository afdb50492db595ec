"""A message as text, for a terminal and for the README: the same words in the same order."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from slack_sdk.models.blocks import Block


class Renderable(Protocol):
    """A message or a private answer."""

    @property
    def text(self) -> str:
        """The text for clients that show no blocks."""

    @property
    def blocks(self) -> Sequence[Block]:
        """What is shown."""


_MENTION = re.compile(r"<([@#])([A-Z0-9]+)(?:\|[^>]*)?>")
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")


def as_text(message: Renderable) -> str:
    """The blocks of a message, or its text where it has none. Ends without a line break."""
    if not message.blocks:
        return _read(message.text)
    parts = (_block(block.to_dict()) for block in message.blocks)
    return "\n".join(line for part in parts for line in part)


def _block(block: dict[str, Any]) -> Iterable[str]:
    match block["type"]:
        case "header":
            title = block["text"]["text"]
            return [title, "─" * min(len(title), 60)]
        case "rich_text":
            return [line for part in block["elements"] for line in _rich(part)]
        case "context":
            return [" ".join(_read(element["text"]) for element in block["elements"])]
        case "actions":
            return ["  ".join(f"[ {one['text']['text']} ]" for one in block["elements"])]
        case "section":
            return [_read(block["text"]["text"])]
        case "divider":
            return [""]
        case unknown:
            raise ValueError(f"views do not make {unknown} blocks")


def _rich(part: dict[str, Any]) -> Iterator[str]:
    match part["type"]:
        case "rich_text_list":
            for row in part["elements"]:
                yield f"• {_inline(row['elements'])}"
        case "rich_text_preformatted":
            yield from (f"│ {line}" for line in _inline(part["elements"]).splitlines())
        case _:
            yield from _inline(part["elements"]).splitlines()


def _inline(elements: Iterable[dict[str, Any]]) -> str:
    return "".join(map(_piece, elements))


def _piece(element: dict[str, Any]) -> str:
    match element["type"]:
        case "user":
            return f"@{element['user_id']}"
        case "channel":
            return f"#{element['channel_id']}"
        case "date":
            moment = datetime.fromtimestamp(element["timestamp"], UTC)
            return str(element.get("fallback") or f"{moment:%Y-%m-%d %H:%M} UTC")
        case _:
            return str(element["text"])


def _read(mrkdwn: str) -> str:
    """What a person reads of mrkdwn that ``parts`` made."""
    return html.unescape(_MENTION.sub(r"\1\2", _DATE.sub(r"\1", mrkdwn)))
