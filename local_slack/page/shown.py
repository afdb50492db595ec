"""What the page gets of the workspace, as JSON: only what one person may see."""

from __future__ import annotations

from local_slack.feed import Change
from local_slack.message import Json, Message
from local_slack.page.inspection import Summarise
from local_slack.state import State
from local_slack.webapi.shapes import view_json
from local_slack.world import Channel, Kind, MemberKind, User

_COUNTED = 100


def workspace_json(state: State, user: str) -> Json:
    """Everything but messages."""
    world, app = state.world, state.world.app
    return {
        "me": user,
        "team": {"id": world.team_id, "name": world.name},
        "bot": {"user": app.bot_user, "name": app.name, "homeTab": app.home_tab},
        "people": [person_json(one) for one in state.users.values()],
        "groups": [
            {"id": one.id, "handle": one.handle, "name": one.name} for one in state.groups.values()
        ],
        "channels": [
            channel_json(state, one, user) for one in state.channels.values() if user in one.members
        ],
        "views": [shown_view(state, view.id) for view in state.views.values() if view.user == user],
        "newest": state.feed.newest,
    }


def can_be(user: User) -> bool:
    """Whether a window may act as this user: bots and users who have left are excluded."""
    return user.membership not in (MemberKind.BOT, MemberKind.DEACTIVATED)


def person_json(user: User) -> Json:
    """A person or a bot."""
    return {
        "id": user.id,
        "name": user.name,
        "realName": user.real_name,
        "title": user.title,
        "kind": user.membership.value,
        "canBe": can_be(user),
        "isGuest": user.membership in (MemberKind.GUEST, MemberKind.SINGLE_CHANNEL_GUEST),
    }


def channel_json(state: State, channel: Channel, user: str) -> Json:
    """A conversation as ``user`` has it in the list."""
    others = channel.members - {user} if channel.kind is Kind.DIRECT else frozenset[str]()
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind.value,
        "with": next(iter(others), None),
        "topic": channel.topic,
        "archived": channel.archived,
        "members": sorted(channel.members),
        "read": state.marks.get((user, channel.id), ""),
        "unread": state.unread(user, channel.id),
        "mentions": _mentions(state, channel, user),
    }


def _mentions(state: State, channel: Channel, user: str) -> int:
    """How many of the unread messages are meant for ``user``: those that mention them, and all in
    direct messages. Only the newest ones are counted, which is enough for a badge.
    """
    unread = state.unread(user, channel.id)
    if channel.kind is Kind.DIRECT or not unread:
        return unread
    names = {user, "here", "channel", "everyone"}
    names |= {one.id for one in state.groups.values() if user in one.users}
    newest = state.page(user, channel.id, limit=min(unread, _COUNTED)).messages
    read = state.marks.get((user, channel.id), "")
    return sum(1 for one in newest if one.ts > read and one.user != user and one.pings & names)


def shown_message(state: State, message: Message) -> Json:
    """A message with what its thread holds."""
    return message.as_json() | {"thread": state.thread_json(message)}


def shown_view(state: State, view: str) -> Json:
    """A modal or the Home tab."""
    opened = state.views[view]
    return view_json(state, opened) | {"user": opened.user}


def event_of(state: State, change: Change, user: str, summarise: Summarise) -> list[Json]:
    """What a change means for the screen of ``user``; nothing where they cannot see it."""
    match change.kind:
        case "message_posted" | "message_changed" | "reaction_added":
            return _message_events(state, change, user)
        case "message_deleted":
            return _deletion_events(state, change, user)
        case "view_changed" if change.data["user"] == user and change.data["view"] in state.views:
            return [_numbered(change, view=shown_view(state, change.data["view"]))]
        case "view_closed" if change.data["user"] == user:
            return [_numbered(change, view=change.data["view"])]
        case "marked" if change.data["user"] == user:
            return [_channel_event(state, change, state.channels[change.data["channel"]], user)]
        case "app_connected" | "app_disconnected" | "faults":
            return [_numbered(change, **change.data)]
        case "exchange":
            return [_numbered(change, exchange=summarise(change.data["number"]))]
        case _:
            return []


def _message_events(state: State, change: Change, user: str) -> list[Json]:
    message = Message.from_json(change.data["message"])
    if not _sees(state, message, user):
        return []
    events = []
    channel = state.channels[message.channel]
    if change.kind == "message_posted":
        events.append(_channel_event(state, change, channel, user))
    is_new = change.kind == "message_posted"
    events.append(_message_event(state, change, message, is_new=is_new))
    return events + _root_events(state, change, message, user)


def _deletion_events(state: State, change: Change, user: str) -> list[Json]:
    message = Message.from_json(change.data["message"])
    if not _sees(state, message, user):
        return []
    return [
        _numbered(change, message=message.as_json()),
        _channel_event(state, change, state.channels[message.channel], user),
        *_root_events(state, change, message, user),
    ]


def _root_events(state: State, change: Change, reply: Message, user: str) -> list[Json]:
    """The message that a reply belongs to: it says how many replies there are."""
    root = state.find(reply.channel, reply.thread_ts) if reply.thread_ts else None
    if root is None or root.ts == reply.ts or not _sees(state, root, user):
        return []
    return [_message_event(state, change, root, is_new=False)]


def _message_event(state: State, change: Change, message: Message, *, is_new: bool) -> Json:
    return {
        "kind": "message",
        "number": change.number,
        "message": shown_message(state, message),
        "isNew": is_new,
    }


def _channel_event(state: State, change: Change, channel: Channel, user: str) -> Json:
    return {
        "kind": "channel",
        "number": change.number,
        "channel": channel_json(state, channel, user),
    }


def _numbered(change: Change, **data: object) -> Json:
    return {"kind": change.kind, "number": change.number, **data}


def _sees(state: State, message: Message, user: str) -> bool:
    channel = state.channels.get(message.channel)
    return message.only_for in (None, user) and channel is not None and user in channel.members
