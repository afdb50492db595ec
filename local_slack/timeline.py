"""The messages of one channel in the order they were posted in, and the threads among them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, ValuesView
from dataclasses import dataclass, field
from typing import NamedTuple

from local_slack.message import Message


class Page(NamedTuple):
    """Some messages, the newest last; ``more`` says whether there are older ones."""

    messages: list[Message]
    more: bool


@dataclass(slots=True)
class Thread:
    """What a message knows of its replies; those that only one person sees do not count.

    https://docs.slack.dev/messaging/retrieving-messages#threading
    """

    replies: list[str] = field(default_factory=list)  # timestamps, oldest first
    with_private: list[str] = field(default_factory=list)
    users: dict[str, int] = field(default_factory=dict)  # how many replies each wrote

    def add(self, reply: Message) -> None:
        """Count a new reply."""
        self.with_private.append(reply.ts)
        if reply.only_for is None:
            self.replies.append(reply.ts)
            self.users[reply.user] = self.users.get(reply.user, 0) + 1

    def remove(self, reply: Message) -> None:
        """Count a reply no more."""
        _remove(self.with_private, reply.ts)
        if reply.only_for is None:
            _remove(self.replies, reply.ts)
            self.users[reply.user] -= 1
            if not self.users[reply.user]:
                del self.users[reply.user]


class Timeline:
    """One channel's messages. Timestamps rise, so the order of posting is that of timestamps."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}
        self._top: list[str] = []  # timestamps of what is no reply
        self._threads: dict[str, Thread] = {}

    def put(self, message: Message) -> None:
        """Add a message, newer than all the others, or put its new form in the old one's place."""
        if message.ts not in self._messages:
            parent = _parent(message)
            if parent is None:
                self._top.append(message.ts)
            else:
                self._threads.setdefault(parent, Thread()).add(message)
        self._messages[message.ts] = message

    def remove(self, message: Message) -> None:
        """Remove a message; its replies stay."""
        del self._messages[message.ts]
        parent = _parent(message)
        if parent is None:
            _remove(self._top, message.ts)
        else:
            self._threads[parent].remove(message)

    def find(self, ts: str) -> Message | None:
        """The message with this timestamp."""
        return self._messages.get(ts)

    def values(self) -> ValuesView[Message]:
        """Everything, oldest first."""
        return self._messages.values()

    def thread(self, ts: str) -> Thread | None:
        """The replies to a message; None where there are none."""
        thread = self._threads.get(ts)
        return thread if thread and thread.replies else None

    def page(self, user: str, before: str | None, limit: int) -> Page:
        """The last ``limit`` messages before ``before`` that ``user`` sees, without replies."""
        end = len(self._top) if before is None else bisect_left(self._top, before)
        messages: list[Message] = []
        for message in self._seen(user, map(self._top.__getitem__, range(end - 1, -1, -1))):
            if len(messages) == limit:
                return Page(messages[::-1], more=True)
            messages.append(message)
        return Page(messages[::-1], more=False)

    def replies(self, user: str, ts: str) -> list[Message]:
        """The replies to the message ``ts`` that ``user`` sees, oldest first."""
        thread = self._threads.get(ts)
        return list(self._seen(user, thread.with_private)) if thread else []

    def last(self, ts: str) -> str:
        """The timestamp of the newest message up to ``ts``, without replies; empty for none."""
        count = bisect_right(self._top, ts)
        return self._top[count - 1] if count else ""

    def newer(self, user: str, ts: str) -> Iterator[Message]:
        """What ``user`` sees that is newer than ``ts``, without replies."""
        return self._seen(user, self._top[bisect_right(self._top, ts) :])

    def _seen(self, user: str, timestamps: Iterable[str]) -> Iterator[Message]:
        for ts in timestamps:
            message = self._messages[ts]
            if message.only_for in (None, user):
                yield message


def _parent(message: Message) -> str | None:
    return None if message.thread_ts == message.ts else message.thread_ts


def _remove(timestamps: list[str], ts: str) -> None:
    del timestamps[bisect_left(timestamps, ts)]
