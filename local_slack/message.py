"""A message, and everything a test wants to know about one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeAlias

from local_slack.blocks import texts

Json: TypeAlias = dict[str, Any]

# https://docs.slack.dev/messaging/formatting-message-text#advanced
_PINGS = re.compile(
    r"<!(here|channel|everyone)(?:\|[^>]*)?>|<@([UW][A-Z0-9]+)(?:\|[^>]*)?>|<!subteam\^(S\w+)"
)


@dataclass(frozen=True, slots=True)
class File:
    """A file that was shared; ``content`` is fetched through the client where it is wanted."""

    id: str
    name: str
    title: str
    size: int
    owner: str


@dataclass(slots=True)
class StoredFile:
    """A file between the request for an upload address and its sharing."""

    file: File
    length: int
    content: bytes | None = None
    shared: bool = False
    channels: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it is now; ``only_for`` is the one user who sees an ephemeral message."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    bot_id: str | None = None
    thread_ts: str | None = None
    metadata: Json | None = None
    files: tuple[File, ...] = ()
    reactions: tuple[tuple[str, str], ...] = ()
    edited: int = 0  # how often it was changed
    edited_ts: str | None = None
    only_for: str | None = None

    @property
    def words(self) -> str:
        """Its readable text: that of the blocks if there are any, else ``text``."""
        return "\n".join(texts(list(self.blocks))) if self.blocks else self.text

    @property
    def buttons(self) -> tuple[str, ...]:
        """The action ids of its elements, in order."""
        return tuple(str(element["action_id"]) for _, element in self.elements())

    def elements(self) -> Iterator[tuple[Json, Json]]:
        """Its interactive elements, each with the block that holds it."""
        for block in self.blocks:
            inside = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
            for element in inside:
                if isinstance(element, dict) and "action_id" in element:
                    yield block, element

    @property
    def pings(self) -> frozenset[str]:
        """Whom Slack notifies because of it: ``here``, ``channel``, ``everyone``, ``U…``, ``S…``.

        Special mentions work in mrkdwn and in rich text, not in plain text.
        https://docs.slack.dev/messaging/formatting-message-text#special-mentions
        """
        users = set[str]()
        for text in (self.text, *_formatted(list(self.blocks))):
            users.update(next(filter(None, match.groups())) for match in _PINGS.finditer(text))
        users.update(_rich_mentions(list(self.blocks)))
        return frozenset(users)

    def as_json(self) -> Json:
        """For another process; `from_json` reads it."""
        return asdict(self)

    @staticmethod
    def from_json(data: Json) -> Message:
        """The message that `as_json` wrote."""
        return replace(
            Message(**data),
            blocks=tuple(data["blocks"]),
            files=tuple(File(**one) for one in data["files"]),
            reactions=tuple((name, user) for name, user in data["reactions"]),
        )


def _formatted(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _formatted(item)
    elif isinstance(node, dict):
        if node.get("type") == "mrkdwn" and isinstance(node.get("text"), str):
            yield node["text"]
        else:
            yield from _formatted(list(node.values()))


def _rich_mentions(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _rich_mentions(item)
    elif isinstance(node, dict):
        for kind, name in (
            ("broadcast", "range"),
            ("user", "user_id"),
            ("usergroup", "usergroup_id"),
        ):
            if node.get("type") == kind and name in node:
                yield str(node[name])
        yield from _rich_mentions(list(node.values()))
