"""What people do: each action becomes a delivery to the app and a change on their screen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local_slack.blocks import suggestion_violations
from local_slack.choices import element_of
from local_slack.delivery import payloads
from local_slack.delivery.envelope import Ack, Channel, Delivery
from local_slack.delivery.events import Events
from local_slack.delivery.lines import Judge, Lines
from local_slack.delivery.response_url import answer, shown_by_slack
from local_slack.errors import SlackError
from local_slack.inputs import Inputs, message_place
from local_slack.message import File, Json, Message, StoredFile
from local_slack.outcome import Delivered, NotPossible, Offer, Outcome
from local_slack.state import OpenView, ResponseUrl, State
from local_slack.typed import as_said, as_sent
from local_slack.webapi.views import add_view, change_view, checked_view
from local_slack.world import Channel as Conversation
from local_slack.world import Kind, User


@dataclass(frozen=True, slots=True)
class _Last:
    """A delivery, and what Slack does with the acknowledgement."""

    delivery: Delivery
    judge: Judge


class Actions:
    """Everything a person can do.

    ``repeat`` delivers the very same request several times, ``gap`` seconds apart (0: all at once):
    what Slack does when it retries. A person who clicks twice acts twice: call `click` twice.
    """

    def __init__(self, state: State, lines: Lines) -> None:
        self._state = state
        self._lines = lines
        self._events = Events(state, lines)
        self._inputs = Inputs(state)
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
        sent = text if raw else as_sent(text, *self._names())
        payload = payloads.command(self._state, who, where, name, sent)
        since = self._state.feed.newest
        acks = await self._deliver(
            Delivery(Channel.COMMAND, payload, answerable=True),
            repeat,
            gap,
            lambda ack: self._show_answer(payload, ack),
        )
        if failed := next((ack.error for ack in acks if ack.error), None):
            self._tell_failure(payload, failed)
        return self._outcome(since, acks, payload, who)

    def _show_answer(self, payload: Json, ack: Ack) -> Ack:
        """Show what came with the acknowledgement of a command, as text or as a message."""
        if ack.error or not ack.body:
            return ack
        body: Json = {"text": ack.body} if isinstance(ack.body, str) else ack.body
        url = ResponseUrl(payload["channel_id"], payload["user_id"], self._state.clock.now())
        try:
            answer(self._state, url, body)
        except SlackError as error:
            return replace(ack, error="invalid_command_response", note=str(error))
        return ack

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
        block_id: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Press a button or choose from a menu in a message.

        ``seen`` is the message as the person sees it, perhaps an old version; without it, the
        current one is used. ``block_id`` distinguishes elements with the same action id. ``values``
        is what was entered in inputs that send no event of their own: see `choices.values_of`.
        """
        who = self._who(user)
        message = Message.from_json(seen) if seen else self._message(user, channel, ts)
        block, element = element_of(message.blocks, action_id, block_id)
        picked, state = self._inputs.press(user, message, block, element, value, values or {})
        payload = payloads.message_action(self._state, who, message, block, element, picked, state)
        return await self._interact(payload, who, repeat, gap)

    async def click_in_view(
        self,
        user: str,
        view: str,
        action_id: str,
        value: Any = None,
        repeat: int = 1,
        block_id: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Press a button or choose from a menu in a modal or on the Home tab.

        ``block_id`` and ``values`` as with `click`.
        """
        who, opened = self._who(user), self._view(user, view)
        block, element = element_of(opened.body["blocks"], action_id, block_id)
        picked = self._inputs.press_in_view(opened, block, element, value, values or {})
        payload = payloads.view_action(self._state, who, opened, block, element, picked)
        return await self._interact(payload, who, repeat, 0.0)

    async def suggest(
        self,
        user: str,
        action_id: str,
        value: str = "",
        *,
        channel: str = "",
        ts: str = "",
        view: str = "",
        block_id: str | None = None,
    ) -> Offer:
        """Type into a menu of external data in a message (``channel``, ``ts``) or in a ``view``.

        The app is asked from ``min_query_length`` characters on (3 by default).
        https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select
        """
        who = self._who(user)
        place = self._view(user, view) if view else self._message(user, channel, ts)
        inside = place.body["blocks"] if isinstance(place, OpenView) else place.blocks
        block, element = element_of(inside, action_id, block_id)
        if not element["type"].endswith("external_select"):
            raise NotPossible(f"{action_id} has no suggestions")
        if len(value) < element.get("min_query_length", 3):
            return Offer()
        payload = payloads.suggestion(self._state, who, place, block, element, value)
        delivery = Delivery(Channel.INTERACTION, payload, answerable=True)
        ack = await self._lines.deliver(delivery, _judge_suggestions)
        if ack.error or not isinstance(ack.body, dict):
            return Offer(error=ack.error)
        body = ack.body
        offer = Offer(tuple(body.get("options", ())), tuple(body.get("option_groups", ())))
        name = message_place(place) if isinstance(place, Message) else place.id
        self._inputs.offer(user, name, block, element, list(offer.all_options))
        return offer

    async def upload(self, user: str, name: str, content: bytes) -> str:
        """Choose a file for a file input; its id is the value to put in.

        https://docs.slack.dev/reference/block-kit/block-elements/file-input-element
        """
        self._who(user)
        file = File(self._state.new_id("F"), name, name, len(content), user)
        stored = StoredFile(file, len(content), content)
        self._state.files[file.id] = stored
        self._state.keep_file(stored)
        return file.id

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
        self._inputs.fill_in(opened, values or {})
        payload = payloads.view_submission(self._state, who, opened)
        since = self._state.feed.newest
        delivery = Delivery(Channel.INTERACTION, payload, answerable=True)
        refused: list[SlackError] = []

        def judge(ack: Ack) -> Ack:
            try:
                self._respond(opened, ack)
            except SlackError as error:
                refused.append(error)
                return replace(ack, error=error.name, note=" ".join(error.messages))
            return ack

        acks = await self._deliver(delivery, repeat, 0.0, judge)
        if refused:
            raise refused[0]
        return self._outcome(since, acks, payload, who)

    def _respond(self, view: OpenView, ack: Ack) -> None:
        """Do what the app answered to a view."""
        if ack.error is not None or view.id not in self._state.views:
            return
        answered = ack.body if isinstance(ack.body, dict) else {}
        match answered.get("response_action"):
            case "errors":
                pass
            case "update":
                body = checked_view(self._state, answered.get("view"), ("modal",))
                change_view(self._state, view, body)
            case "push" if any(one.previous == view.id for one in self._state.views.values()):
                pass  # a repeated submission shows nothing twice
            case "push":
                body = checked_view(self._state, answered.get("view"), ("modal",))
                add_view(self._state, view.user, body, view)
            case "clear":
                self._state.close(view, whole_stack=True)
            case _:
                self._state.close(view)

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
        sent = text if raw else as_said(text, *self._names())
        since = self._state.feed.newest
        message = self._state.post(
            Message(channel, self._state.clock.next_ts(), user, sent, thread_ts=thread_ts)
        )
        acks, payload = await self._events.message(message, repeat)
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
        sent = text if raw else as_said(text, *self._names())
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
        last = self._last
        if last is not None and last.delivery.payload is delivery.payload:
            ack = await self._lines.deliver(delivery, last.judge)
        else:
            ack = await self._lines.deliver(delivery)
        if ack.error and delivery.kind is Channel.COMMAND:
            self._tell_failure(delivery.payload, ack.error)
        return self._outcome(since, [ack], delivery.payload, who)

    async def close(self) -> None:
        """Give up retries that are still to come."""
        await self._events.close()

    async def _deliver(
        self,
        delivery: Delivery,
        repeat: int,
        gap: float,
        judge: Judge = lambda ack: ack,
    ) -> list[Ack]:
        """Deliver it ``repeat`` times; ``judge`` gets each acknowledgement as it arrives."""
        self._last = _Last(delivery, judge)

        async def one(number: int) -> Ack:
            await asyncio.sleep(gap * number)
            return await self._lines.deliver(delivery, judge)

        return list(await asyncio.gather(*(one(number) for number in range(repeat))))

    def _outcome(
        self,
        since: int,
        acks: Sequence[Ack],
        payload: Json,
        who: User,
    ) -> Outcome:
        return Outcome(
            tuple(Delivered(ack.seconds, ack.error, ack.body, ack.status) for ack in acks),
            tuple(self._seen(since, who.id)),
            payload,
            _input_errors(payload, acks[0]) if acks else {},
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

    def _tell_failure(self, command: Json, error: str) -> None:
        text = f'{command["command"]} failed with the error "{error}"'
        shown_by_slack(self._state, command["channel_id"], command["user_id"], text)

    def _names(self) -> tuple[dict[str, str], dict[str, str]]:
        """The ids of people and groups, and those of channels, by their names; people have two.

        https://docs.slack.dev/messaging/formatting-message-text#mentioning-users
        """
        everybody = self._state.users.values()
        full_names = {user.real_name: user.id for user in everybody}
        people = {user.name: user.id for user in everybody}
        people |= {name: who for name, who in full_names.items() if name not in people}
        groups = {group.handle: group.id for group in self._state.groups.values()}
        channels = self._state.channels.values()
        return people | groups, {
            one.name: one.id for one in channels if one.kind is not Kind.DIRECT
        }

    def _who(self, user: str) -> User:
        if user not in self._state.users:
            raise NotPossible(f"there is no user {user}")
        return self._state.users[user]

    def _where(self, channel: str) -> Conversation:
        if channel not in self._state.channels:
            raise NotPossible(f"there is no channel {channel}")
        return self._state.channels[channel]

    def _message(self, user: str, channel: str, ts: str) -> Message:
        message = self._state.find(channel, ts)
        if message is None or message.only_for not in (None, user):
            raise NotPossible(f"{user} sees no message {ts} in {channel}")
        return message

    def _view(self, user: str, view: str) -> OpenView:
        opened = self._state.views.get(view)
        if opened is None or opened.user != user:
            raise NotPossible(f"{user} has no view {view} open")
        return opened


def _actor(payload: Json) -> str:
    """The user whom a payload names as its actor."""
    if "event" in payload:
        return str(payload["event"]["user"])
    return str(payload["user_id"] if "command" in payload else payload["user"]["id"])


def _input_errors(payload: Json, ack: Ack) -> dict[str, str]:
    """The messages at the inputs of a modal that the app answered with, by block id.

    https://docs.slack.dev/surfaces/modals#displaying_errors
    """
    if payload.get("type") != "view_submission" or not isinstance(ack.body, dict):
        return {}
    if ack.body.get("response_action") != "errors":
        return {}
    errors = ack.body.get("errors")
    by_block = errors if isinstance(errors, dict) else {}
    return {str(block): str(text) for block, text in by_block.items()}


def _judge_suggestions(ack: Ack) -> Ack:
    """Options that Slack does not take are an error; no answer at all means none."""
    problems = suggestion_violations(ack.body) if ack.body and not ack.error else []
    return replace(ack, error="invalid_options", note=" ".join(problems)) if problems else ack
