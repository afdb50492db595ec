"""Messages as values: what should be in Slack for an operation. Views make them, the courier
brings Slack in line with them.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from slack_sdk.models.blocks import Block

from quaymaster.image_ref import Digest


@dataclass(frozen=True, slots=True)
class FindingsFile:
    """The whole report of a scan as a text file; the courier loads and draws it when it posts."""

    name: str
    title: str
    digest: Digest
    database_version: str
    host: str | None = None
    """Where the image is that was scanned, if not in its registry."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text that is too long for a message."""

    name: str
    title: str
    content: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an operation. The slot is its name for good: “card”, “approval”,
    “alert:C0SECURITY”, “findings”, “private”.

    A message with ``only_for`` is ephemeral and posted once; one with a file is posted once, as a
    reply to the message in slot ``reply_to``; all others are edited in place when what they show
    changes.
    """

    slot: str
    operation: int
    channel: str
    text: str
    blocks: tuple[Block, ...] = ()
    only_for: str | None = None
    reply_to: str | None = None
    thread: str | None = None
    """The thread that the command was typed in, for a card that belongs there."""
    file: FindingsFile | TextFile | None = None
    urgency: Literal["ended", "changed", "progress"] = "changed"
    """What goes first when Slack's rates leave no room for all: the end of an operation, then a
    change of state or a question to a person, then mere progress."""

    @property
    def shows(self) -> str:
        """A hash of what a reader sees: the same hash needs no call."""
        content = json.dumps([self.text, [block.to_dict() for block in self.blocks]])
        return hashlib.sha256(content.encode()).hexdigest()[:16]
