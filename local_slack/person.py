"""A person in the workspace: types, clicks, fills in, and sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from local_slack.message import Json, Message
from local_slack.outcome import Offer, Outcome
from local_slack.plan import Planned


class Workspace(Protocol):
    """What a person needs of the workspace."""

    async def act(self, *planned: Planned) -> tuple[Outcome, ...]: ...

    async def messages(
        self, channel: str | None = None, *, user: str | None = None
    ) -> tuple[Message, ...]: ...

    async def suggest(self, **arguments: Any) -> Offer: ...

    async def upload(self, user: str, name: str, content: bytes) -> str: ...

    async def views(self, user: str | None = None) -> tuple[Json, ...]: ...

    async def until(
        self,
        predicate: Callable[[Message], bool],
        *,
        channel: str | None = None,
        user: str | None = None,
        after: str = "",
        within: float = 30.0,
    ) -> Message: ...


class Person:
    """One user. Every action returns when the app acknowledged it or Slack gave up.

    ``repeat`` delivers the very same request several times, as Slack's retries do. The methods of
    `plan` have the same arguments but wait for `Workspace.act`, which begins several at the same
    moment.
    """

    def __init__(self, workspace: Workspace, user: str) -> None:
        self._workspace = workspace
        self.id = user
        self.plan = Plans(user)

    async def command(
        self,
        channel: str,
        text: str,
        *,
        name: str = "/image",
        raw: bool = False,
        repeat: int = 1,
        gap: float = 0.0,
    ) -> Outcome:
        """Type a slash command in a channel."""
        planned = self.plan.command(channel, text, name=name, raw=raw, repeat=repeat, gap=gap)
        return await self._do(planned)

    async def click(
        self,
        message: Message,
        action_id: str,
        value: Any = None,
        *,
        stale: bool = False,
        block_id: str | None = None,
        repeat: int = 1,
        gap: float = 0.0,
    ) -> Outcome:
        """Press a button or choose ``value`` in a menu of a message.

        ``stale`` presses it on the message as passed in, not on its current version. ``block_id``
        distinguishes elements with the same action id.
        """
        planned = self.plan.click(
            message, action_id, value, stale=stale, block_id=block_id, repeat=repeat, gap=gap
        )
        return await self._do(planned)

    async def click_in_view(
        self,
        view: str,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
        values: Mapping[str, Any] | None = None,
        repeat: int = 1,
    ) -> Outcome:
        """Press or choose something in a modal or on the Home tab.

        ``block_id`` distinguishes elements with the same action id; ``values`` is what was entered
        in the inputs meanwhile.
        """
        return await self._do(
            self._plan(
                "click_in_view",
                view=view,
                action_id=action_id,
                value=value,
                block_id=block_id,
                values=dict(values or {}),
                repeat=repeat,
            )
        )

    async def suggest(
        self, place: Message | str, action_id: str, value: str = "", *, block_id: str | None = None
    ) -> Offer:
        """Type ``value`` into a menu of external data in a message, or in the view of that id."""
        where = (
            {"view": place}
            if isinstance(place, str)
            else {"channel": place.channel, "ts": place.ts}
        )
        return await self._workspace.suggest(
            user=self.id, action_id=action_id, value=value, block_id=block_id, **where
        )

    async def upload(self, name: str, content: bytes) -> str:
        """Choose a file for a file input: the value to put in is a list of such ids."""
        return await self._workspace.upload(self.id, name, content)

    async def submit(
        self, view: str, values: Mapping[str, Any] | None = None, *, repeat: int = 1
    ) -> Outcome:
        """Fill in a modal (values by action id or block id) and submit it."""
        return await self._do(
            self._plan("submit", view=view, values=dict(values or {}), repeat=repeat)
        )

    async def close_view(self, view: str) -> Outcome:
        """Close a modal."""
        return await self._do(self._plan("close_view", view=view))

    async def mention(
        self,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        raw: bool = False,
        repeat: int = 1,
    ) -> Outcome:
        """Write ``@bot text`` in a channel."""
        return await self._do(
            self._plan(
                "mention", channel=channel, text=text, thread_ts=thread_ts, raw=raw, repeat=repeat
            )
        )

    async def direct_message(self, text: str, *, raw: bool = False, repeat: int = 1) -> Outcome:
        """Write to the bot directly."""
        return await self._do(self._plan("direct_message", text=text, raw=raw, repeat=repeat))

    async def say(self, channel: str, text: str, *, thread_ts: str | None = None) -> Outcome:
        """Write an ordinary message."""
        return await self._do(self._plan("say", channel=channel, text=text, thread_ts=thread_ts))

    async def open_home(self, *, repeat: int = 1) -> Outcome:
        """Open the app's Home tab."""
        return await self._do(self._plan("open_home", repeat=repeat))

    async def screen(self, channel: str | None = None) -> tuple[Message, ...]:
        """What this person sees in a channel, what is only for them included."""
        return await self._workspace.messages(channel, user=self.id)

    async def views(self) -> tuple[Json, ...]:
        """The modals and the Home tab this person has open."""
        return await self._workspace.views(self.id)

    async def sees(
        self,
        what: str | Callable[[Message], bool],
        *,
        channel: str | None = None,
        after: str = "",
        within: float = 30.0,
    ) -> Message:
        """The newest message that has this text in it (or fits), as soon as it is there.

        ``after`` leaves out messages up to this timestamp.
        Raises `NotSeen` after ``within`` seconds.
        """
        predicate = what if callable(what) else lambda message: what in message.words
        return await self._workspace.until(
            predicate, channel=channel, user=self.id, after=after, within=within
        )

    def _plan(self, act: str, **arguments: Any) -> Planned:
        return Planned(act, {"user": self.id, **arguments})

    async def _do(self, planned: Planned) -> Outcome:
        return (await self._workspace.act(planned))[0]


class Plans:
    """What `Person` does, planned for `Workspace.act`."""

    def __init__(self, user: str) -> None:
        self._user = user

    def command(
        self,
        channel: str,
        text: str,
        *,
        name: str = "/image",
        raw: bool = False,
        repeat: int = 1,
        gap: float = 0.0,
    ) -> Planned:
        """See `Person.command`."""
        return Planned(
            "command",
            {
                "user": self._user,
                "channel": channel,
                "text": text,
                "name": name,
                "raw": raw,
                "repeat": repeat,
                "gap": gap,
            },
        )

    def click(
        self,
        message: Message,
        action_id: str,
        value: Any = None,
        *,
        stale: bool = False,
        block_id: str | None = None,
        repeat: int = 1,
        gap: float = 0.0,
    ) -> Planned:
        """See `Person.click`."""
        return Planned(
            "click",
            {
                "user": self._user,
                "channel": message.channel,
                "ts": message.ts,
                "action_id": action_id,
                "value": value,
                "seen": message.as_json() if stale else None,
                "block_id": block_id,
                "repeat": repeat,
                "gap": gap,
            },
        )
