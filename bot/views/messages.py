"""Messages as values: what should be in Slack for a subject. Views make them, the courier brings
Slack in line with them.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from slack_sdk.models.blocks import Block

from quaymaster.actors import SlackUser
from quaymaster.image_ref import Digest
from quaymaster.subjects import Subject


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
    """One message of a subject. The slot is its name for good: “card”, “approval”,
    “alert:C0SECURITY”, “findings”, “private”.

    A message with ``only_for`` is ephemeral and posted once; one with a file is posted once, as a
    reply to the message in slot ``reply_to``; all others are edited in place when what they show
    changes.
    """

    slot: str
    subject: Subject
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
    is_final: bool = False
    """Posted once and never edited: what people have read stays."""

    @property
    def shows(self) -> str:
        """A hash of what a reader sees: the same hash needs no call."""
        content = json.dumps([self.text, [block.to_dict() for block in self.blocks]])
        return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What should be in Slack for a subject, and who hears of it where that cannot be."""

    subject: Subject
    messages: Sequence[Message]
    has_ended: bool
    """Whether nothing comes after it: then it goes before what is still in progress."""
    requester: SlackUser | None = None
    """The person who asked for it, if a person did."""
    service_channel: str | None = None
    """The channel of the service that it is about, where it may go instead of its own."""
