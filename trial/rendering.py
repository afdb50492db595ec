"""A message as lines of text for a terminal.

Everything in a message came from outside, so nothing that a terminal would obey gets through.
Blocks: https://docs.slack.dev/reference/block-kit/blocks
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from local_slack.message import Json, Message

Node: TypeAlias = Mapping[str, Any]

# https://docs.slack.dev/messaging/formatting-message-text#advanced
_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids of people, groups and channels are called."""

    people: Mapping[str, str]
    groups: Mapping[str, str]
    channels: Mapping[str, str]

    def person(self, user: str) -> str:
        """``@alice``."""
        return "@" + self.people.get(user, user)

    def group(self, group: str) -> str:
        """``@releasers``."""
        return "@" + self.groups.get(group, group)

    def channel(self, channel: str) -> str:
        """``#shop``; a direct conversation has no name."""
        return "#" + self.channels.get(channel, channel)


def lines_of(message: Message, names: Names) -> list[str]:
    """What a person reads in a message, line by line, without empty lines at the ends."""
    text = Renderer(names)
    found = [line for block in message.blocks for line in text.block(block)]
    if not message.blocks:
        found = text.mrkdwn(message.text).split("\n")
    found += [f"[file {file.name}: {file.title}, {file.size:,} bytes]" for file in message.files]
    return [printable(line) for line in found]


def printable(text: str) -> str:
    """The text without anything that moves a cursor or turns the direction of writing."""
    return "".join(one if one.isprintable() or one in "\u200d\ufe0f" else " " for one in text)


@dataclass(frozen=True, slots=True)
class Renderer:
    """Draws blocks with the names that people know."""

    names: Names

    def block(self, block: Json) -> list[str]:
        """The lines of one block; of a kind that is not known, its texts."""
        draw: dict[str, Callable[[Json], Iterator[str]]] = {
            "header": self._header,
            "section": self._section,
            "context": self._context,
            "divider": self._divider,
            "actions": self._actions,
            "rich_text": self._rich_text,
            "table": self._table,
            "image": self._image,
            "markdown": self._markdown,
        }
        lines = draw.get(block["type"], self._unknown)(block)
        return [line for text in lines for line in text.split("\n")]

    def mrkdwn(self, text: str) -> str:
        """Slack's markup as it is read: names for ids, texts for links."""
        named = _MARKUP.sub(self._named, text)
        return named.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    def _named(self, match: "re.Match[str]") -> str:
        sign, target, label = match[1], match[2], match[3]
        if sign == "@":
            return self.names.person(target)
        if sign == "#":
            return self.names.channel(target)
        if sign == "!":
            group = target.removeprefix("subteam^")
            return label or (self.names.group(group) if group != target else f"@{target}")
        return label or target

    def _text(self, node: Node | None) -> str:
        if not node:
            return ""
        text = str(node.get("text", ""))
        return self.mrkdwn(text) if node.get("type") == "mrkdwn" else text

    def _divider(self, _block: Json) -> Iterator[str]:
        yield "─" * 40

    def _image(self, block: Json) -> Iterator[str]:
        yield f"[picture: {block.get('alt_text', '')}]"

    def _markdown(self, block: Json) -> Iterator[str]:
        yield str(block.get("text", ""))

    def _unknown(self, block: Json) -> Iterator[str]:
        yield f"[{block['type']}]"

    def _header(self, block: Json) -> Iterator[str]:
        yield self._text(block.get("text"))

    def _section(self, block: Json) -> Iterator[str]:
        if block.get("text"):
            yield self._text(block["text"])
        for field in block.get("fields", ()):
            yield f"  {self._text(field)}"
        if block.get("accessory"):
            yield self._element(block["accessory"])

    def _context(self, block: Json) -> Iterator[str]:
        parts = [self._text(one) or str(one.get("alt_text", "")) for one in block["elements"]]
        yield " ".join(parts)

    def _actions(self, block: Json) -> Iterator[str]:
        yield "  ".join(self._element(one) for one in block["elements"])

    def _element(self, element: Json) -> str:
        text = self._text(element.get("text") or element.get("placeholder"))
        return f"[ {text or element.get('action_id', element['type'])} ]"

    def _table(self, block: Json) -> Iterator[str]:
        rows = [[" ".join(self._cell(cell)) for cell in row] for row in block["rows"]]
        widths = [max(map(len, column)) for column in zip(*rows, strict=False)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            yield "  ".join(cells).rstrip()

    def _cell(self, cell: Json) -> Iterator[str]:
        if cell.get("type") == "rich_text":
            yield from self._rich_text(cell)
        else:
            yield str(cell.get("text", ""))

    def _rich_text(self, block: Json) -> Iterator[str]:
        for part in block["elements"]:
            yield from self._rich_part(part)

    def _rich_part(self, part: Json) -> Iterator[str]:
        inside: list[Json] = part["elements"]
        match part["type"]:
            case "rich_text_list":
                margin = "  " * int(part.get("indent", 0))
                for number, item in enumerate(inside, 1):
                    sign = f"{number}." if part.get("style") == "ordered" else "•"
                    yield f"{margin}{sign} {self._inline(item['elements'])}"
            case "rich_text_preformatted":
                yield from (f"    {line}" for line in self._inline(inside).split("\n"))
            case "rich_text_quote":
                yield from (f"> {line}" for line in self._inline(inside).split("\n"))
            case _:
                yield self._inline(inside).removesuffix("\n")

    def _inline(self, elements: list[Json]) -> str:
        return "".join(map(self._piece, elements))

    def _piece(self, piece: Json) -> str:
        match piece["type"]:
            case "user":
                return self.names.person(piece["user_id"])
            case "usergroup":
                return self.names.group(piece["usergroup_id"])
            case "channel":
                return self.names.channel(piece["channel_id"])
            case "broadcast":
                return f"@{piece['range']}"
            case "emoji":
                return f":{piece['name']}:"
            case "date":
                return str(piece.get("fallback") or piece["timestamp"])
            case "link":
                return str(piece.get("text") or piece["url"])
            case _:
                return str(piece.get("text", ""))
