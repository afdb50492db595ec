"""Slack's deliveries, read once into values.

Who acts is taken from the signed payload alone. A person from outside, in a shared channel, is
known by the workspace that the payload names for them
(https://docs.slack.dev/apis/slack-connect/using-slack-apis-in-shared-channels).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.answers import AtHome, ReplyTo
from bot.buttons import CONFIRM, REFRESH, Button, Pointer, page_of
from bot.commands.tidy import without_mentions, words_after, words_for
from quaymaster.operations import Actor, Origin

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Typed:
    """Words that somebody typed for the bot."""

    text: str
    actor: Actor
    origin: Origin
    reply_to: ReplyTo


@dataclass(frozen=True, slots=True)
class Clicked:
    """A button that somebody pressed: which, and of which operation."""

    action: Button | int
    """A button, or the page that a page button shows."""
    pointer: Pointer
    actor: Actor
    delivery: str
    reply_to: ReplyTo | AtHome


@dataclass(frozen=True, slots=True)
class Overheard:
    """The bot was mentioned in the middle of a message: that is no command."""

    text: str
    """What follows the mention."""
    actor: Actor
    delivery: str
    reply_to: ReplyTo


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Somebody pressed the button under what was asked back."""

    value: str
    actor: Actor
    delivery: str
    reply_to: ReplyTo | AtHome


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """Somebody looks at their Home tab, or wants to see it as it is now."""

    actor: Actor
    delivery: str


def read_command(body: Payload) -> Typed:
    """A slash command: https://docs.slack.dev/interactivity/implementing-slash-commands"""
    actor = Actor(body["team_id"], body["user_id"])
    origin = Origin(body["channel_id"], body["trigger_id"])
    reply_to = ReplyTo(actor.user, origin.channel, body.get("response_url"))
    return Typed(body.get("text", ""), actor, origin, reply_to)


def read_click(body: Payload) -> Clicked | Confirmed | HomeOpened | None:
    """A pressed button; None for one that asks for nothing, such as a link:
    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    action = body["actions"][0]
    actor = _clicker(body)
    if action.get("action_id") == REFRESH:
        return HomeOpened(actor, body["trigger_id"])
    if action.get("action_id") == CONFIRM:
        value = str(action.get("value", ""))
        return Confirmed(value, actor, body["trigger_id"], _reply_to(body, actor))
    pressed = _pressed(str(action.get("action_id", "")))
    pointer = Pointer.parse(str(action.get("value", "")))
    if pressed is None or pointer is None:
        return None
    return Clicked(pressed, pointer, actor, body["trigger_id"], _reply_to(body, actor))


def read_home_opened(body: Payload) -> HomeOpened | None:
    """Somebody opened a tab of the app; None for another one than Home:
    https://docs.slack.dev/reference/events/app_home_opened

    The event names no workspace of the person: whether they are from elsewhere, the look-up says.
    """
    event = body["event"]
    if event.get("tab") != "home":
        return None
    return HomeOpened(Actor(body["team_id"], event["user"]), body["event_id"])


def read_mention(body: Payload) -> Typed | Overheard | None:
    """A message that mentions the bot: a command where it begins so. None for one that no person
    wrote, or that was edited: https://docs.slack.dev/reference/events/app_mention
    """
    message = _message(body)
    if message is None:
        return None
    bot, text = _bot_of(body), message.text
    words = words_for(bot, text)
    if words is None:
        return Overheard(
            words_after(bot, text), message.actor, message.origin.delivery, message.reply_to
        )
    return replace(message, text=words)


def read_direct_message(body: Payload) -> Typed | None:
    """A message to the bot alone, which needs no mention and may have one. None for one that no
    person wrote, the bot's own among them, or that was edited, and for one elsewhere:
    https://docs.slack.dev/reference/events/message.im
    """
    message = _message(body)
    if message is None or body["event"].get("channel_type") != "im":
        return None
    return replace(message, text=without_mentions(_bot_of(body), message.text))


def _message(body: Payload) -> Typed | None:
    """A message as it stands, if a person wrote it just now."""
    event = body["event"]
    if event.get("bot_id") or event.get("subtype") or event.get("edited") or "user" not in event:
        return None
    team = event.get("user_team") or event.get("source_team") or event.get("team")
    actor = Actor(team or body["team_id"], event["user"])
    origin = Origin(event["channel"], body["event_id"], event.get("thread_ts"))
    reply_to = ReplyTo(actor.user, origin.channel, thread=origin.thread)
    return Typed(event.get("text") or "", actor, origin, reply_to)


def _clicker(body: Payload) -> Actor:
    user = body["user"]
    team = user.get("team_id") or (body.get("team") or {}).get("id", "")
    return Actor(team, user["id"])


def _reply_to(body: Payload, actor: Actor) -> ReplyTo | AtHome:
    """A click on the Home tab is in no channel and has no ``response_url``."""
    if (body.get("view") or {}).get("type") == "home":
        return AtHome(actor)
    container = body.get("container") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id", "")
    return ReplyTo(actor.user, channel, body.get("response_url"), container.get("thread_ts"))


def _bot_of(body: Payload) -> str:
    """The bot's own user: https://docs.slack.dev/apis/events-api/#authorizations"""
    given: Sequence[Payload] = body.get("authorizations") or ({},)
    return str(given[0].get("user_id") or "")


def _pressed(action_id: str) -> Button | int | None:
    page = page_of(action_id)
    if page is not None:
        return page
    return Button(action_id) if action_id in set(Button) else None
