"""Slack's deliveries, read once into values.

Who acts is taken from the signed payload alone. A person from outside, in a shared channel, is
known by the workspace that the payload names for them
(https://docs.slack.dev/apis/slack-connect/using-slack-apis-in-shared-channels).
"""

from dataclasses import dataclass, replace

from bot.commands.normalizing import without_mentions, words_after, words_for
from bot.conversation.answers import OnHomeTab, ReplyTo
from bot.listening.fields import NotAsSlackSends, Payload, first_of, inside, optional_text, text
from bot.views.buttons import CONFIRM, REFRESH, Button, Pointer, page_of
from quaymaster.actors import SlackUser
from quaymaster.operations import Origin

_MARKS = ("command", "type", "actions", "event", "ssl_check")
"""Fields by which the kinds of deliveries are told apart."""


@dataclass(frozen=True, slots=True)
class TypedCommand:
    """Words that somebody typed for the bot."""

    text: str
    actor: SlackUser
    origin: Origin
    reply_to: ReplyTo


@dataclass(frozen=True, slots=True)
class Click:
    """A button that somebody pressed: which, and of what."""

    action: Button | int
    """A button, or the page that a page button shows."""
    pointer: Pointer
    actor: SlackUser
    delivery: str
    reply_to: ReplyTo | OnHomeTab


@dataclass(frozen=True, slots=True)
class PassingMention:
    """The bot was mentioned in the middle of a message: that is no command."""

    text: str
    """What follows the mention."""
    actor: SlackUser
    delivery: str
    reply_to: ReplyTo


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Somebody pressed the button under what was asked back."""

    value: str
    actor: SlackUser
    delivery: str
    reply_to: ReplyTo | OnHomeTab


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """Somebody looks at their Home tab, or wants to see it as it is now."""

    actor: SlackUser
    delivery: str


def expect_a_delivery(body: object) -> None:
    """Raise NotAsSlackSends for what has not even the outline of a delivery that is answered here.

    Bolt takes it apart to see whose it is, so it is looked at before; all the rest is read once, by
    whose it is.
    """
    if not isinstance(body, dict):
        raise NotAsSlackSends("it has no fields")
    if "command" in body:
        text(body, "command")
        _expect_nothing_else(body, "command")
        return
    match optional_text(body, "type"):
        case "block_actions":
            text(first_of(body, "actions"), "action_id")
            _expect_nothing_else(body, "type", "actions")
        case "event_callback":
            text(inside(body, "event"), "type")
            _expect_nothing_else(body, "type", "event")
        case "url_verification":
            text(body, "challenge")
            _expect_nothing_else(body, "type")
        # Of the address of slash commands: https://docs.slack.dev/interactivity/implementing-slash-commands
        case "" if body.get("ssl_check") == "1":
            _expect_nothing_else(body, "ssl_check")
        case _:
            raise NotAsSlackSends("its type is none that is answered here")


def _expect_nothing_else(body: Payload, *marks: str) -> None:
    """A delivery is of one kind. Bolt looks for the marks of each kind in all of them, and takes
    for granted what belongs to what it finds.
    """
    if any(mark in body and mark not in marks for mark in _MARKS):
        raise NotAsSlackSends("it is of several kinds")


def read_command(body: Payload) -> TypedCommand:
    """A slash command: https://docs.slack.dev/interactivity/implementing-slash-commands

    Raises NotAsSlackSends, as all of these do.
    """
    actor = SlackUser(text(body, "team_id"), text(body, "user_id"))
    origin = Origin(text(body, "channel_id"), text(body, "trigger_id"))
    reply_to = ReplyTo(actor.user, origin.channel, optional_text(body, "response_url") or None)
    return TypedCommand(optional_text(body, "text"), actor, origin, reply_to)


def read_click(body: Payload) -> Click | Confirmed | HomeOpened | None:
    """A pressed button; None for one that asks for nothing, such as a link:
    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    action = first_of(body, "actions")
    actor, delivery = _clicker(body), text(body, "trigger_id")
    action_id, value = optional_text(action, "action_id"), optional_text(action, "value")
    if action_id == REFRESH:
        return HomeOpened(actor, delivery)
    if action_id == CONFIRM:
        return Confirmed(value, actor, delivery, _reply_to(body, actor))
    pressed, pointer = _pressed(action_id), Pointer.parse(value)
    if pressed is None or pointer is None:
        return None
    return Click(pressed, pointer, actor, delivery, _reply_to(body, actor))


def read_home_opened(body: Payload) -> HomeOpened | None:
    """Somebody opened a tab of the app; None for another one than Home:
    https://docs.slack.dev/reference/events/app_home_opened

    The event names no workspace of the person: whether they are from elsewhere, the look-up says.
    """
    event = inside(body, "event")
    if optional_text(event, "tab") != "home":
        return None
    return HomeOpened(SlackUser(text(body, "team_id"), text(event, "user")), text(body, "event_id"))


def read_mention(body: Payload) -> TypedCommand | PassingMention | None:
    """A message that mentions the bot: a command where it begins so. None for one that no person
    wrote, or that was edited: https://docs.slack.dev/reference/events/app_mention
    """
    message = _message(body)
    if message is None:
        return None
    bot = _bot_of(body)
    words = words_for(bot, message.text)
    if words is None:
        return PassingMention(
            words_after(bot, message.text),
            message.actor,
            message.origin.delivery,
            message.reply_to,
        )
    return replace(message, text=words)


def read_direct_message(body: Payload) -> TypedCommand | None:
    """A message to the bot alone, which needs no mention and may have one. None for one that no
    person wrote, the bot's own among them, or that was edited, and for one elsewhere:
    https://docs.slack.dev/reference/events/message.im
    """
    if optional_text(inside(body, "event"), "channel_type") != "im":
        return None
    message = _message(body)
    if message is None:
        return None
    return replace(message, text=without_mentions(_bot_of(body), message.text))


def _message(body: Payload) -> TypedCommand | None:
    """A message as it stands, if a person wrote it just now."""
    event = inside(body, "event")
    if event.get("bot_id") or event.get("subtype") or event.get("edited"):
        return None
    user = optional_text(event, "user")
    if not user:
        return None
    teams = [optional_text(event, name) for name in ("user_team", "source_team", "team")]
    actor = SlackUser(next(filter(None, teams), "") or text(body, "team_id"), user)
    thread = optional_text(event, "thread_ts") or None
    origin = Origin(text(event, "channel"), text(body, "event_id"), thread)
    reply_to = ReplyTo(actor.user, origin.channel, thread=origin.thread)
    return TypedCommand(optional_text(event, "text"), actor, origin, reply_to)


def _clicker(body: Payload) -> SlackUser:
    user = inside(body, "user")
    team = optional_text(user, "team_id") or optional_text(inside(body, "team"), "id")
    return SlackUser(team, text(user, "id"))


def _reply_to(body: Payload, actor: SlackUser) -> ReplyTo | OnHomeTab:
    """A click on the Home tab is in no channel and has no ``response_url``."""
    if optional_text(inside(body, "view"), "type") == "home":
        return OnHomeTab(actor)
    container = inside(body, "container")
    in_channel = optional_text(inside(body, "channel"), "id")
    return ReplyTo(
        actor.user,
        in_channel or optional_text(container, "channel_id"),
        optional_text(body, "response_url") or None,
        optional_text(container, "thread_ts") or None,
    )


def _bot_of(body: Payload) -> str:
    """The bot's own user: https://docs.slack.dev/apis/events-api/#authorizations"""
    return optional_text(first_of(body, "authorizations"), "user_id")


def _pressed(action_id: str) -> Button | int | None:
    page = page_of(action_id)
    if page is not None:
        return page
    return Button(action_id) if action_id in set(Button) else None
