"""What Slack would do with blocks and text: which of it is markup, and whom it tells."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from slack_sdk.models.blocks import Block

from local_slack.blocks import Surface, violations
from local_slack.message import Message

_OURS = re.compile(r"<@[UW][A-Z0-9]+>|<#[CDG][A-Z0-9]+>|<!date\^[0-9]+\^[a-z_{} ]+\|[-0-9: UTC]+>")
_FORMATTING = re.compile(r"[*~`]|(?<![A-Za-z0-9_])_|_(?![A-Za-z0-9_])")
_BARE_MENTION = re.compile(r"(?<![A-Za-z0-9])@|@(here|channel|everyone)")


def faults(
    text: str, blocks: Sequence[Block], people: frozenset[str], surface: Surface = "message"
) -> list[str]:
    """Everything that is wrong with a message or view; ``people`` are those it may tell."""
    drawn = [block.to_dict() for block in blocks]
    found = violations(drawn, surface) if drawn else []
    found += [f"text: {fault}" for fault in _mrkdwn_faults(text)]
    if not 0 < len(text) <= 3_000:
        found.append(f"text has {len(text)} characters")
    for kind, said in _texts(drawn):
        found += [f"{kind}: {fault}" for fault in _faults_of(kind, said)]
    told = Message("C1", "1.0", "U0BOT", text, tuple(drawn)).pings
    if not told <= people:
        found.append(f"tells {sorted(told - people)}")
    return found


def _faults_of(kind: str, text: str) -> list[str]:
    match kind:
        case "mrkdwn":
            return _mrkdwn_faults(text)
        case "plain_text":
            return [f"looks like markup: {text!r}"] if re.search("[<>]", text) else _unclean(text)
        case _:
            return _unclean(text)


def _mrkdwn_faults(text: str) -> list[str]:
    rest = _OURS.sub("", text)
    found = _unclean(rest)
    if re.search("[<>]", rest) or re.search(r"&(?!(amp|lt|gt);)", rest):
        found.append(f"not escaped: {rest!r}")
    if _FORMATTING.search(rest):
        found.append(f"formats: {rest!r}")
    if _BARE_MENTION.search(rest):
        found.append(f"mentions: {rest!r}")
    return found


def _unclean(text: str) -> list[str]:
    hidden = [
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and character not in "\n\N{ZERO WIDTH JOINER}"
    ]
    return [f"hides {hidden[:5]!r}"] if hidden else []


def _texts(node: Any) -> Iterator[tuple[str, str]]:
    """Every text with the kind of object that it stands in."""
    if isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["type"], node["text"]
        if isinstance(node.get("accessibility_label"), str):
            yield "plain_text", node["accessibility_label"]
        yield from _texts([value for value in node.values() if isinstance(value, list | dict)])
