"""chat.*: post, update, delete.

https://docs.slack.dev/reference/methods?family=chat
"""

from __future__ import annotations

from dataclasses import replace

from local_slack.errors import SlackError
from local_slack.message import Json, Message
from local_slack.rates import POSTS_PER_MINUTE
from local_slack.state import State
from local_slack.webapi.content import Content, read_content
from local_slack.webapi.method import Context, Method, special, tier
from local_slack.webapi.shapes import message_json
from local_slack.world import Channel, Kind

UPDATE_LIMIT = 4_000


def post_message(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postMessage"""
    channel = _target(call)
    content = read_content(call.state, call.args)
    thread = _thread(call, channel)
    call.state.rates.admit_post(channel.id)
    message = call.state.post(as_bot(call.state, channel.id, content, thread))
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_json(call.state, message, metadata=True),
        **_warned(content),
    }


def as_bot(
    state: State,
    channel: str,
    content: Content,
    thread: str | None = None,
    only_for: str | None = None,
) -> Message:
    """A new message from the app."""
    app = state.world.app
    return Message(
        channel=channel,
        ts=state.clock.next_ts(),
        user=app.bot_user,
        bot_id=app.bot_id,
        text=content.text or "",
        blocks=content.blocks or (),
        thread_ts=thread,
        metadata=content.metadata or None,
        only_for=only_for,
    )


def _warned(content: Content) -> Json:
    if not content.warnings:
        return {}
    return {
        "warning": "message_truncated",
        "response_metadata": {
            "messages": list(content.warnings),
            "warnings": ["message_truncated"],
        },
    }


def _target(call: Context) -> Channel:
    """Where to post: a conversation by id, a channel by name, or a person directly.

    A public channel wants the bot in it, or the scope ``chat:write.public``.
    https://docs.slack.dev/reference/methods/chat.postMessage#channels
    """
    name = call.args.required("channel")
    if name in call.state.users:
        if call.state.users[name].membership.value == "bot":
            raise SlackError("channel_not_found")
        return call.state.direct_channel(name)
    named = [
        one
        for one in call.state.channels.values()
        if one.kind is not Kind.DIRECT and one.name == name.removeprefix("#")
    ]
    channel = named[0] if named and _visible(call, named[0]) else call.channel()
    if channel.archived:
        raise SlackError("is_archived")
    if not call.inside(channel) and "chat:write.public" not in call.scopes:
        raise SlackError("not_in_channel")
    return channel


def _visible(call: Context, channel: Channel) -> bool:
    return channel.kind is Kind.PUBLIC or call.inside(channel)


def _thread(call: Context, channel: Channel) -> str | None:
    """The parent of a reply: it exists and is no reply itself."""
    ts = call.args.text("thread_ts")
    if not ts:
        return None
    parent = call.state.find(channel.id, ts)
    if parent is None or parent.only_for or (parent.thread_ts or ts) != ts:
        raise SlackError("cannot_reply_to_message")
    return ts


def update(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/chat.update

    Text without blocks: Slack's page says that the old blocks go, older Slack (and the SDK's issue
    523) kept them. `Settings.text_only_update_keeps_blocks` decides; with True a message that
    forgets its blocks keeps old buttons.
    """
    channel, ts = call.channel(), call.args.required("ts")
    if len(call.args.text("text") or "") > UPDATE_LIMIT:
        raise SlackError("msg_too_long")
    content = read_content(call.state, call.args)
    message = call.state.find(channel.id, ts)
    if message is None:
        raise SlackError("message_not_found")
    if message.bot_id != call.state.world.app.bot_id or message.only_for:
        raise SlackError("cant_update_message")
    if channel.archived:
        raise SlackError("is_inactive")
    changed = call.state.change(changed_by(call.state, message, content))
    return {
        "channel": channel.id,
        "ts": ts,
        "text": changed.text,
        "message": message_json(call.state, changed, metadata=True),
        **_warned(content),
    }


def changed_by(state: State, message: Message, content: Content) -> Message:
    """``message`` with new content.

    Metadata that is not given stays, an empty object removes it; the «edited» flag shows only for
    text without blocks.
    """
    blocks = content.blocks
    if blocks is None:
        keep = state.text_only_update_keeps_blocks or content.text is None
        blocks = message.blocks if keep else ()
    return replace(
        message,
        text=message.text if content.text is None else content.text,
        blocks=blocks,
        metadata=message.metadata if content.metadata is None else content.metadata or None,
        edited_ts=state.clock.next_ts() if content.blocks is None else message.edited_ts,
    )


def post_ephemeral(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postEphemeral"""
    channel = _target(call)
    content = read_content(call.state, call.args)
    user = call.args.required("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    thread = call.args.text("thread_ts") or None
    message = call.state.post(as_bot(call.state, channel.id, content, thread, only_for=user))
    return {"message_ts": message.ts, **_warned(content)}


def delete(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/chat.delete"""
    channel, ts = call.channel(), call.args.required("ts")
    message = call.state.find(channel.id, ts)
    if message is None or message.only_for:
        raise SlackError("message_not_found")
    if message.bot_id != call.state.world.app.bot_id:
        raise SlackError("cant_delete_message")
    call.state.delete(message)
    return {"channel": channel.id, "ts": ts}


def get_permalink(call: Context) -> Json:
    """https://docs.slack.dev/reference/methods/chat.getPermalink"""
    channel, ts = call.channel(), call.args.required("message_ts")
    message = call.state.find(channel.id, ts)
    if message is None or message.only_for:
        raise SlackError("message_not_found")
    link = (
        f"https://{call.state.world.domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    )
    if message.thread_ts and message.thread_ts != ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


_WRITE = ("chat:write",)
METHODS = (
    Method("chat.postMessage", post_message, POSTS_PER_MINUTE, _WRITE),
    Method("chat.update", update, tier(3), _WRITE),
    Method("chat.postEphemeral", post_ephemeral, tier(4), _WRITE),
    Method("chat.delete", delete, tier(3), _WRITE),
    Method("chat.getPermalink", get_permalink, special(), takes_json=False),
)
