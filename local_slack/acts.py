"""What people do: each act becomes a delivery to the app and a change on their screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local_slack.choices import chosen, filled_in
from local_slack.delivery import payloads
from local_slack.delivery.envelope import Ack, Channel, Delivery
from local_slack.delivery.events import Events
from local_slack.delivery.lines import Lines
from local_slack.delivery.response_url import answer, shown_by_slack
from local_slack.errors import SlackError
from local_slack.message import Json, Message
from local_slack.outcome import Delivered, NotPossible, Outcome
from local_slack.state import OpenView, ResponseUrl, State
from local_slack.typed import as_sent
from local_slack.webapi.views import add_view, change_view, checked_view
from local_slack.world import Channel as Conversation
from local_slack.world import Kind, User


@dataclass(frozen=True, slots=True)
class _Last:
    """A delivery, and what to do with the acknowledgement when it is delivered again."""

    delivery: Delivery
    then: Callable[[Ack], dict[str, str] | None]


class Acts:
    """Everything a person can do.

    ``repeat`` delivers the very same request several times, ``gap`` seconds apart (0: all at once):
    what Slack does when it retries. A person who clicks twice acts twice: call `click` twice.
    """

    def __init__(self, state: State, lines: Lines) -> None:
        self._state = state
        self._lines = lines
        self._events = Events(state, lines)
        self._last: _Last | None = None

    async def command(
        self,
        user: str,
        channel: str,
        text: str,
        name: str = "/image",
        raw: bool = False,
        repeat: int = 1,
        gap: float = 0.0,
    ) -> Outcome:
        """Type a slash command. ``raw`` sends ``text`` as it is, else as Slack changes it.

        An app that does not answer within 3 s shows the person ``operation_timeout``.
        https://docs.slack.dev/interactivity/implementing-slash-commands
        """
        who, where = self._who(user), self._where(channel)
        if name not in self._state.world.app.commands:
            raise NotPossible(f"{name} is not a valid command")
        sent = text if raw else self._typed(text)
        payload = payloads.command(self._state, who, where, name, sent)
        since = self._state.feed.newest
        acks = await self._deliver(
            Delivery(Channel.COMMAND, payload, answerable=True),
            repeat,
            gap,
            lambda ack: self._show_answer(payload, ack, name),
        )
        if failed := next((ack.error for ack in acks if ack.error), None):
            self._tell(where, who, f'{name} failed with the error "{failed}"')
        return self._outcome(since, acks, payload, who)

    def _show_answer(self, payload: Json, ack: Ack, name: str) -> None:
        """Show what came with the acknowledgement of a command, as text or as a message."""
        if ack.error or not ack.body:
            return
        body: Json = {"text": ack.body} if isinstance(ack.body, str) else ack.body
        url = ResponseUrl(payload["channel_id"], payload["user_id"], self._state.clock.now())
        try:
            answer(self._state, url, body)
        except SlackError:
            text = f'{name} failed with the error "invalid_command_response"'
            shown_by_slack(self._state, url.channel, url.user, text)

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        value: Any = None,
        seen: Json | None = None,
        repeat: int = 1,
        gap: float = 0.0,
    ) -> Outcome:
        """Press a button or choose from a menu in a message.

        ``seen`` is the message as the person has it on the screen (an old one, perhaps); else it is
        as it is now.
        """
        who = self._who(user)
        message = Message.from_json(seen) if seen else self._state.find(channel, ts)
        if message is None or message.only_for not in (None, user):
            raise NotPossible(f"{user} sees no message {ts} in {channel}")
        block, element = _element(list(message.blocks), action_id)
        payload = payloads.message_action(
            self._state, who, message, block, element, chosen(element, value)
        )
        return await self._interact(payload, who, repeat, gap)

    async def click_in_view(
        self, user: str, view: str, action_id: str, value: Any = None, repeat: int = 1
    ) -> Outcome:
        """Press a button or choose from a menu in a modal or on the Home tab."""
        who, opened = self._who(user), self._view(user, view)
        block, element = _element(opened.body["blocks"], action_id)
        picked = chosen(element, value)
        payload = payloads.view_action(self._state, who, opened, block, element, picked)
        return await self._interact(payload, who, repeat, 0.0)

    async def _interact(self, payload: Json, who: User, repeat: int, gap: float) -> Outcome:
        since = self._state.feed.newest
        acks = await self._deliver(Delivery(Channel.INTERACTION, payload), repeat, gap)
        return self._outcome(since, acks, payload, who)

    async def submit(
        self, user: str, view: str, values: dict[str, Any] | None = None, repeat: int = 1
    ) -> Outcome:
        """Fill in a modal and submit it.

        What the app answers decides: errors stay at the inputs, update and push show another view,
        clear closes all. https://docs.slack.dev/surfaces/modals#interactions
        """
        who, opened = self._who(user), self._view(user, view)
        opened.values = filled_in(opened, values or {})
        payload = payloads.view_submission(self._state, who, opened)
        since = self._state.feed.newest
        delivery = Delivery(Channel.INTERACTION, payload, answerable=True)
        acks = await self._deliver(delivery, repeat, 0.0)
        self._last = _Last(delivery, lambda ack: self._respond(opened, ack))
        errors = self._respond(opened, acks[0])
        return self._outcome(since, acks, payload, who, errors)

    def _respond(self, view: OpenView, ack: Ack) -> dict[str, str]:
        """Do what the app answered to a view; returns the errors at its inputs."""
        if ack.error is not None or view.id not in self._state.views:
            return {}
        answered = ack.body if isinstance(ack.body, dict) else {}
        match answered.get("response_action"):
            case "errors":
                return {str(block): str(text) for block, text in answered["errors"].items()}
            case "update":
                body = checked_view(self._state, answered.get("view"), ("modal",))
                change_view(self._state, view, body)
            case "push":
                body = checked_view(self._state, answered.get("view"), ("modal",))
                add_view(self._state, view.user, body, view)
            case "clear":
                self._state.close(view, whole_stack=True)
            case _:
                self._state.close(view)
        return {}

    async def close_view(self, user: str, view: str) -> Outcome:
        """Close a modal; the app hears of it where the view has ``notify_on_close``."""
        who, opened = self._who(user), self._view(user, view)
        since = self._state.feed.newest
        self._state.close(opened)
        if not opened.body.get("notify_on_close"):
            return self._outcome(since, [], {}, who)
        payload = payloads.view_closed(self._state, who, opened, cleared=False)
        acks = await self._deliver(Delivery(Channel.INTERACTION, payload), 1, 0.0)
        return self._outcome(since, acks, payload, who)

    async def say(
        self,
        user: str,
        channel: str,
        text: str,
        thread_ts: str | None = None,
        raw: bool = False,
        repeat: int = 1,
    ) -> Outcome:
        """Write a message. The app hears of mentions and of what it is subscribed to.

        https://docs.slack.dev/reference/events/app_mention
        """
        who, where = self._who(user), self._where(channel)
        if where.archived:
            raise NotPossible(f"{channel} is archived")
        sent = text if raw else self._typed(text)
        since = self._state.feed.newest
        message = self._state.post(
            Message(channel, self._state.clock.next_ts(), user, sent, thread_ts=thread_ts)
        )
        acks, payload = await self._events.said(message, repeat)
        return self._outcome(since, acks, payload, who)

    async def mention(
        self,
        user: str,
        channel: str,
        text: str,
        thread_ts: str | None = None,
        raw: bool = False,
        repeat: int = 1,
    ) -> Outcome:
        """Write ``@quaymaster text`` in a channel."""
        sent = text if raw else self._typed(text)
        mentioned = f"<@{self._state.world.app.bot_user}> {sent}"
        return await self.say(user, channel, mentioned, thread_ts, raw=True, repeat=repeat)

    async def direct_message(
        self, user: str, text: str, raw: bool = False, repeat: int = 1
    ) -> Outcome:
        """Write to the bot directly."""
        self._who(user)
        channel = self._state.direct_channel(user)
        return await self.say(user, channel.id, text, raw=raw, repeat=repeat)

    async def open_home(self, user: str, repeat: int = 1) -> Outcome:
        """Open the app's Home tab: https://docs.slack.dev/reference/events/app_home_opened"""
        who = self._who(user)
        since = self._state.feed.newest
        acks, payload = await self._events.home_opened(
            user, self._state.direct_channel(user).id, repeat
        )
        return self._outcome(since, acks, payload, who)

    async def repeat_last(self) -> Outcome:
        """Deliver what was delivered last once more: the same payload with the same ids.

        An event counts as a retry: https://docs.slack.dev/apis/events-api/#retries. Raises
        `NotPossible` when nothing was delivered yet.
        """
        delivery = self._lines.last
        if delivery is None:
            raise NotPossible("nothing was delivered to the app yet")
        who, since = self._who(_actor(delivery.payload)), self._state.feed.newest
        if delivery.kind is Channel.EVENT:
            delivery = replace(delivery, retry=delivery.retry + 1, reason="http_timeout")
        ack = await self._lines.deliver(delivery)
        last, errors = self._last, None
        if last is not None and last.delivery.payload is delivery.payload:
            errors = last.then(ack)
        return self._outcome(since, [ack], delivery.payload, who, errors)

    async def close(self) -> None:
        """Give up retries that are still to come."""
        await self._events.close()

    async def _deliver(
        self,
        delivery: Delivery,
        repeat: int,
        gap: float,
        then: Callable[[Ack], dict[str, str] | None] = lambda _: None,
    ) -> list[Ack]:
        """Deliver it ``repeat`` times; ``then`` gets each acknowledgement as it arrives."""
        self._last = _Last(delivery, then)

        async def one(number: int) -> Ack:
            await asyncio.sleep(gap * number)
            ack = await self._lines.deliver(delivery)
            then(ack)
            return ack

        return list(await asyncio.gather(*(one(number) for number in range(repeat))))

    def _outcome(
        self,
        since: int,
        acks: Sequence[Ack],
        payload: Json,
        who: User,
        errors: dict[str, str] | None = None,
    ) -> Outcome:
        return Outcome(
            tuple(Delivered(ack.seconds, ack.error, ack.body, ack.status) for ack in acks),
            tuple(self._seen(since, who.id)),
            payload,
            errors or {},
        )

    def _seen(self, since: int, user: str) -> list[Message]:
        latest: dict[tuple[str, str], Message] = {}
        for change in self._state.feed.since(since):
            if change.kind in ("message_posted", "message_changed"):
                message = Message.from_json(change.data["message"])
                place = self._state.channels.get(message.channel)
                if message.only_for == user or (
                    message.only_for is None and place and user in place.members
                ):
                    latest[message.channel, message.ts] = message
        return list(latest.values())

    def _tell(self, channel: Conversation, user: User, text: str) -> None:
        shown_by_slack(self._state, channel.id, user.id, text)

    def _typed(self, text: str) -> str:
        return as_sent(
            text,
            {user.name: user.id for user in self._state.users.values()},
            {
                one.name: one.id
                for one in self._state.channels.values()
                if one.kind is not Kind.DIRECT
            },
        )

    def _who(self, user: str) -> User:
        if user not in self._state.users:
            raise NotPossible(f"there is no user {user}")
        return self._state.users[user]

    def _where(self, channel: str) -> Conversation:
        if channel not in self._state.channels:
            raise NotPossible(f"there is no channel {channel}")
        return self._state.channels[channel]

    def _view(self, user: str, view: str) -> OpenView:
        opened = self._state.views.get(view)
        if opened is None or opened.user != user:
            raise NotPossible(f"{user} has no view {view} open")
        return opened


def _actor(payload: Json) -> str:
    """Who did what a payload tells of."""
    if "event" in payload:
        return str(payload["event"]["user"])
    return str(payload["user_id"] if "command" in payload else payload["user"]["id"])


def _element(blocks: list[Json], action_id: str) -> tuple[Json, Json]:
    for block in blocks:
        places = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        for element in places:
            if isinstance(element, dict) and element.get("action_id") == action_id:
                return block, element
    raise NotPossible(f"there is nothing called {action_id} to press")
