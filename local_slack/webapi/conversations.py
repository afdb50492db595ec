"""conversations.*: look at channels and read them.

https://docs.slack.dev/reference/methods?family=conversations
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import TypeVar

from local_slack.errors import SlackError, missing
from local_slack.message import Json, Message
from local_slack.webapi.method import KIND_SCOPES, Context, Method, tier
from local_slack.webapi.shapes import channel_json, message_json
from local_slack.world import Channel, Kind, MemberKind

T = TypeVar("T")
_TS = re.compile(r"\d{1,12}(\.\d{1,6})?")


def page(call: Context, items: Sequence[T], default: int, most: int) -> tuple[list[T], Json]:
    """One page of ``items`` and the ``response_metadata`` that leads to the next.

    https://docs.slack.dev/apis/web-api/pagination
    """
    cursor, start = call.args.text("cursor"), 0
    if cursor:
        try:
            start = int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
        except (binascii.Error, ValueError):
            raise SlackError("invalid_cursor") from None
    limit = call.args.number("limit", default)
    if not 0 < limit <= most:
        raise SlackError("invalid_limit")
    end = start + limit
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return list(items[start:end]), {"next_cursor": following}


def info(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.info"""
    channel = call.channel()
    call.need(f"{KIND_SCOPES[channel.kind]}:read")
    return {"channel": channel_json(call.state, channel)}


def history(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.history"""
    channel = _readable(call)
    newest_first = [
        one
        for one in reversed(call.state.history(channel.id))
        if one.thread_ts in (None, one.ts) and _within(call, one)
    ]
    return _messages(call, newest_first)


def replies(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.replies"""
    channel, ts = _readable(call), call.args.required("ts")
    parent = call.state.find(channel.id, ts)
    if parent is None or parent.only_for:
        raise SlackError("thread_not_found")
    thread = [
        one
        for one in call.state.history(channel.id)
        if one.ts == ts or (one.thread_ts == ts and _within(call, one))
    ]
    return _messages(call, thread)


def _messages(call: Context, every: Sequence[Message]) -> Json:
    messages, following = page(call, every, 100, 999)
    metadata = call.args.flag("include_all_metadata")
    return {
        "messages": [message_json(call.state, one, metadata=metadata) for one in messages],
        "has_more": bool(following["next_cursor"]),
        "pin_count": 0,
        "response_metadata": following,
    }


def _readable(call: Context) -> Channel:
    channel = call.channel()
    call.need(f"{KIND_SCOPES[channel.kind]}:history")
    if not call.inside(channel):
        raise SlackError("not_in_channel")
    return channel


def _within(call: Context, message: Message) -> bool:
    """Whether a message is between ``oldest`` and ``latest``; ``inclusive`` counts the bounds."""
    at, inclusive = float(message.ts), call.args.flag("inclusive")
    for name, sign in (("oldest", 1), ("latest", -1)):
        bound = call.args.text(name)
        if not bound or (name == "oldest" and bound == "0"):
            continue
        if not _TS.fullmatch(bound):
            raise SlackError(f"invalid_ts_{name}")
        distance = (at - float(bound)) * sign
        if distance < 0 or (distance == 0 and not inclusive):
            return False
    return True


def members(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.members"""
    channel = call.channel()
    call.need(f"{KIND_SCOPES[channel.kind]}:read")
    chunk, following = page(call, sorted(channel.members), 100, 999)
    return {"members": chunk, "response_metadata": following}


def open_direct(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.open (one person at a time)"""
    if call.args.text("channel"):
        channel = call.channel()
        if channel.kind is not Kind.DIRECT:
            raise SlackError("method_not_supported_for_channel_type")
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    users = [one for one in (call.args.text("users") or "").split(",") if one]
    if not users:
        raise SlackError("users_list_not_supplied")
    call.need("im:write")
    if len(users) > 1:
        raise SlackError("invalid_user_combination")
    user = call.state.users.get(users[0])
    if user is None:
        raise SlackError("user_not_found")
    if user.membership is MemberKind.DEACTIVATED:
        raise SlackError("user_disabled")
    channel = call.state.direct_channel(user.id)
    if call.args.flag("return_im"):
        return {"channel": channel_json(call.state, channel)}
    return {"channel": {"id": channel.id}}


def list_all(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.list"""
    kinds = {"public_channel": Kind.PUBLIC, "private_channel": Kind.PRIVATE, "im": Kind.DIRECT}
    types = (call.args.text("types") or "public_channel").replace(" ", "").split(",")
    if unknown := set(types) - {*kinds, "mpim"}:
        raise SlackError("invalid_types", types=sorted(unknown))
    wanted = {kinds[one] for one in types if one in kinds}
    for kind in sorted(wanted, key=lambda one: one.value):
        call.need(f"{KIND_SCOPES[kind]}:read")
    conversations = [
        channel
        for channel in call.state.channels.values()
        if channel.kind in wanted
        and (channel.kind is Kind.PUBLIC or call.inside(channel))
        and not (channel.archived and call.args.flag("exclude_archived"))
    ]
    chunk, following = page(call, conversations, 100, 999)
    return {
        "channels": [channel_json(call.state, one) for one in chunk],
        "response_metadata": following,
    }


def reactions_add(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/reactions.add"""
    channel, name = call.channel(), call.args.required("name")
    ts = call.args.text("timestamp")
    if not ts:
        raise missing("timestamp")
    message = call.state.find(channel.id, ts)
    if message is None or message.only_for:
        raise SlackError("message_not_found")
    if channel.archived:
        raise SlackError("is_archived")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise SlackError("invalid_name")
    mine = (name, call.state.world.app.bot_user)
    if mine in message.reactions:
        raise SlackError("already_reacted")
    call.state.react(message, *mine)
    return {}


_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
METHODS = (
    Method("conversations.info", info, tier(3), _READ, takes_json=False),
    Method("conversations.history", history, tier(3), _HISTORY),
    Method("conversations.replies", replies, tier(3), _HISTORY, takes_json=False),
    Method("conversations.members", members, tier(4), _READ, takes_json=False),
    Method("conversations.open", open_direct, tier(3), ("im:write", "mpim:write")),
    Method("conversations.list", list_all, tier(2), _READ, takes_json=False),
    Method("reactions.add", reactions_add, tier(3), ("reactions:write",)),
)
