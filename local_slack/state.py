"""What is in the workspace right now. Lives on one event loop and needs no locks."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from local_slack.calls import Call
from local_slack.clock import Clock
from local_slack.faults import Faults
from local_slack.feed import Feed
from local_slack.history import History
from local_slack.message import Json, Message, StoredFile
from local_slack.rates import RateLimiter
from local_slack.timeline import Page, Thread, Timeline
from local_slack.world import Channel, Kind, User, UserGroup, World


@dataclass(slots=True)
class OpenView:
    """An open modal or Home tab."""

    id: str
    user: str
    body: Json
    hash: str
    root: str
    previous: str | None = None
    values: Json = field(default_factory=dict)


@dataclass(slots=True)
class Trigger:
    """A ``trigger_id``: 3 s, once. https://docs.slack.dev/interactivity/handling-user-interaction"""

    user: str
    issued: float
    view: str | None = None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """A ``response_url``: 5 uses in 30 minutes.

    https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
    """

    channel: str
    user: str
    issued: float
    message: str | None = None
    uses: int = 0


class State:
    """The live workspace: it starts as a `World` and changes as the app and the people act.

    Messages are written to ``history`` at once, and those of earlier runs are loaded from it.
    Raises `HistoryError` when that cannot be read or written.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        rates: RateLimiter,
        base_url: str = "",
        history: History | None = None,
    ) -> None:
        self.world = world
        self.clock = clock
        self.rates = rates
        self.base_url = base_url
        self.text_only_update_keeps_blocks = True
        self.trigger_life = 3.0
        self.feed = Feed()
        self.faults = Faults(self.feed)
        self.calls: list[Call] = []
        self.users: dict[str, User] = {user.id: user for user in world.users}
        self.groups: dict[str, UserGroup] = {group.id: group for group in world.groups}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in world.channels}
        self.timelines: defaultdict[str, Timeline] = defaultdict(Timeline)
        self.marks: dict[tuple[str, str], str] = {}  # how far each (user, channel) was read
        self.files: dict[str, StoredFile] = {}
        self.views: dict[str, OpenView] = {}
        self.homes: dict[str, str] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self._history = history or History.nowhere()
        self._recall()

    def _recall(self) -> None:
        """Take in what the history holds of the people and channels that there are."""
        kept = self._history.load()
        for name, user in kept.direct:
            if user in self.users and name not in self.channels:
                self.channels[name] = self._direct(name, user)
        for message in kept.messages:
            if message.channel in self.channels:
                self.timelines[message.channel].put(message)
        self.files.update({stored.file.id: stored for stored in kept.files})
        self.marks.update({(user, channel): ts for user, channel, ts in kept.marks})

    def number(self) -> int:
        """A number that is never given out twice, not even after a restart."""
        return self._history.number()

    def new_id(self, prefix: str) -> str:
        """An id of the kind ``prefix`` stands for (``F``, ``V``, ``D``, ``Ev``…)."""
        return f"{prefix}0{self.number():08X}"

    def new_hash(self) -> str:
        """The state of a view, for ``hash``."""
        return f"{int(self.clock.now())}.{self.number():08x}"

    def new_trigger(self, user: str, view: str | None = None) -> str:
        """A fresh ``trigger_id`` for something ``user`` did."""
        name = f"{self.number()}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self.triggers[name] = Trigger(user, self.clock.now(), view)
        return name

    def new_response_url(self, channel: str, user: str, message: str | None = None) -> str:
        """A fresh ``response_url`` for something ``user`` did in ``channel``."""
        name = f"{self.world.team_id}/{self.number()}/{secrets.token_urlsafe(18)}"
        self.response_urls[name] = ResponseUrl(channel, user, self.clock.now(), message)
        return f"{self.base_url}/commands/{name}"

    def direct_channel(self, user: str) -> Channel:
        """The direct conversation between the bot and ``user``; opened when it is new."""
        members = frozenset({self.world.app.bot_user, user})
        for channel in self.channels.values():
            if channel.kind is Kind.DIRECT and channel.members == members:
                return channel
        channel = self._direct(self.new_id("D"), user)
        self._history.keep_direct(channel.id, user)
        self.channels[channel.id] = channel
        return channel

    def _direct(self, name: str, user: str) -> Channel:
        members = frozenset({self.world.app.bot_user, user})
        return Channel(name, "directmessage", Kind.DIRECT, members)

    def post(self, message: Message) -> Message:
        """Put a new message, and the files in it, into its channel and notify the feed."""
        shared = [self.files[one.id] for one in message.files]
        for stored in shared:
            stored.shared = True
            stored.channels.append(message.channel)
        self._put("message_posted", message, shared)
        return message

    def change(self, message: Message) -> Message:
        """Put the new form of a message in the place of the old one."""
        changed = replace(message, edited=message.edited + 1)
        self._put("message_changed", changed)
        return changed

    def delete(self, message: Message) -> None:
        """Remove a message."""
        self._history.forget_message(message)
        self.timelines[message.channel].remove(message)
        self.feed.add("message_deleted", message=message.as_json())

    def react(self, message: Message, name: str, user: str) -> None:
        """Add an emoji to a message."""
        reacted = replace(message, reactions=(*message.reactions, (name, user)))
        self._put("reaction_added", reacted)

    def _put(self, kind: str, message: Message, files: Iterable[StoredFile] = ()) -> None:
        body = message.as_json()
        self._history.keep_message(message, body, files)
        self.timelines[message.channel].put(message)
        self.feed.add(kind, message=body)

    def keep_file(self, stored: StoredFile) -> None:
        """Keep a file whose content came, or that stays private."""
        self._history.keep_file(stored)

    def show(self, view: OpenView) -> None:
        """Open a view, or show its new form."""
        self.views[view.id] = view
        self.feed.add("view_changed", view=view.id, user=view.user)

    def close(self, view: OpenView, *, whole_stack: bool = False) -> None:
        """Close a view, or all views that are stacked with it."""
        gone = (
            [one for one in self.views.values() if one.root == view.root] if whole_stack else [view]
        )
        for one in gone:
            self.views.pop(one.id, None)
            self.feed.add("view_closed", view=one.id, user=one.user)

    def find(self, channel: str, ts: str) -> Message | None:
        """A message by its address, ephemeral ones included."""
        return self.timelines[channel].find(ts)

    def mark(self, user: str, channel: str, ts: str) -> None:
        """``user`` has read ``channel`` up to the message ``ts``; what was read stays read."""
        read = self.timelines[channel].last(ts)
        if read > self.marks.get((user, channel), ""):
            self._history.keep_mark(user, channel, read)
            self.marks[user, channel] = read
            self.feed.add("marked", user=user, channel=channel, ts=read)

    def unread(self, user: str, channel: str) -> int:
        """How many messages of others ``user`` has not read in ``channel``, without replies."""
        newer = self.timelines[channel].newer(user, self.marks.get((user, channel), ""))
        return sum(1 for one in newer if one.user != user)

    def page(self, user: str, channel: str, before: str | None = None, limit: int = 50) -> Page:
        """The ``limit`` newest messages before ``before`` that ``user`` sees, without replies."""
        return self.timelines[channel].page(user, before, limit)

    def replies(self, user: str, channel: str, thread_ts: str) -> list[Message]:
        """The replies to a message that ``user`` sees, oldest first."""
        return self.timelines[channel].replies(user, thread_ts)

    def thread(self, channel: str, ts: str) -> Thread | None:
        """What a message knows of its replies; None where there are none."""
        return self.timelines[channel].thread(ts)

    def thread_json(self, message: Message) -> Json | None:
        """The thread of a message: how many replies, by whom, and the newest one's timestamp."""
        thread = self.thread(message.channel, message.ts)
        if thread is None:
            return None
        return {
            "count": len(thread.replies),
            "users": list(thread.users),
            "latest": thread.replies[-1],
        }

    def history(self, channel: str) -> list[Message]:
        """What everybody in ``channel`` sees, oldest first, replies included."""
        return [one for one in self.timelines[channel].values() if one.only_for is None]

    def all_messages(self, channels: Iterable[str]) -> list[Message]:
        """Everything in ``channels``, oldest first, also what only one person sees."""
        messages = [one for channel in channels for one in self.timelines[channel].values()]
        return sorted(messages, key=lambda one: one.ts)

    def screen(self, user: str, channels: Iterable[str]) -> list[Message]:
        """What ``user`` sees in ``channels``, oldest first, messages only for them included."""
        return [one for one in self.all_messages(channels) if one.only_for in (None, user)]
