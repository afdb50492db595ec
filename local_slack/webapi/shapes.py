"""The JSON objects Slack answers with.

https://docs.slack.dev/reference/objects
"""

from __future__ import annotations

from local_slack.message import File, Json, Message
from local_slack.state import OpenView, State
from local_slack.world import Channel, Kind, MemberKind, User, UserGroup


def message_json(state: State, message: Message, *, metadata: bool = False) -> Json:
    """A message as history and interaction payloads show it.

    https://docs.slack.dev/reference/objects/message-object
    """
    app = state.world.app
    payload: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": state.world.team_id,
    }
    if message.bot_id:
        payload |= {"bot_id": message.bot_id, "app_id": app.id}
    if message.blocks:
        payload["blocks"] = list(message.blocks)
    if message.files:
        payload["files"] = [file_json(state, one) for one in message.files]
    if message.edited_ts:
        payload["edited"] = {"user": message.user, "ts": message.edited_ts}
    if metadata and message.metadata:
        payload["metadata"] = message.metadata
    if message.reactions:
        names = dict.fromkeys(name for name, _ in message.reactions)
        payload["reactions"] = [_reaction(message, name) for name in names]
    return payload | _thread(state, message)


def _reaction(message: Message, name: str) -> Json:
    users = [user for one, user in message.reactions if one == name]
    return {"name": name, "users": users, "count": len(users)}


def _thread(state: State, message: Message) -> Json:
    if message.thread_ts and message.thread_ts != message.ts:
        return {"thread_ts": message.thread_ts}
    thread = state.thread(message.channel, message.ts)
    if thread is None:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(thread.replies),
        "reply_users": list(thread.users),
        "latest_reply": thread.replies[-1],
    }


def user_json(state: State, user: User) -> Json:
    """A user. Users who have left have no roles:
    https://docs.slack.dev/reference/objects/user-object
    """
    kind = user.membership
    shape: Json = {
        "id": user.id,
        "team_id": user.team or state.world.team_id,
        "name": user.name,
        "deleted": kind is MemberKind.DEACTIVATED,
        "real_name": user.real_name,
        "profile": {
            "real_name": user.real_name,
            "display_name": user.name,
            "title": user.title,
        },
        "is_bot": kind is MemberKind.BOT,
        "is_app_user": False,
        "updated": 1_700_000_000,
    }
    if kind is not MemberKind.DEACTIVATED:
        single = kind is MemberKind.SINGLE_CHANNEL_GUEST
        shape |= {
            "tz": "Europe/Berlin",
            "tz_label": "Central European Time",
            "tz_offset": 3600,
            "is_admin": user.admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": single or kind is MemberKind.GUEST,
            "is_ultra_restricted": single,
        }
    if shape["team_id"] != state.world.team_id:
        shape["is_stranger"] = True
    return shape


def channel_json(state: State, channel: Channel) -> Json:
    """A conversation: https://docs.slack.dev/reference/objects/conversation-object"""
    bot = state.world.app.bot_user
    payload: Json = {
        "id": channel.id,
        "created": 1_700_000_000,
        "is_archived": channel.archived,
        "is_channel": channel.kind is Kind.PUBLIC,
        "is_group": channel.kind is Kind.PRIVATE,
        "is_im": channel.kind is Kind.DIRECT,
        "is_mpim": False,
        "is_private": channel.kind is not Kind.PUBLIC,
        "is_org_shared": False,
        "context_team_id": state.world.team_id,
    }
    if channel.kind is Kind.DIRECT:
        return payload | {"user": next(iter(channel.members - {bot}), bot), "is_open": True}
    return payload | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_member": bot in channel.members,
        "is_general": channel.name == "general",
        "is_shared": False,
        "is_ext_shared": False,
        "creator": state.world.users[0].id,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def group_json(state: State, group: UserGroup) -> Json:
    """A user group: https://docs.slack.dev/reference/objects/usergroup-object"""
    return {
        "id": group.id,
        "team_id": state.world.team_id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "is_external": False,
        "date_create": 1_700_000_000,
        "date_delete": 0,
        "user_count": len(group.users),
    }


def file_json(state: State, file: File) -> Json:
    """A file: https://docs.slack.dev/reference/objects/file-object"""
    stored = state.files[file.id]
    address = f"{state.base_url}/files-pri/{file.id}/{file.name}"
    return {
        "id": file.id,
        "created": int(state.clock.now()),
        "name": file.name,
        "title": file.title,
        "size": file.size,
        "user": file.owner,
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "mimetype": "text/plain" if file.name.endswith((".txt", ".log")) else "application/binary",
        "url_private": address,
        "url_private_download": address,
        "permalink": address,
        "channels": list(stored.channels),
        "groups": [],
        "ims": [],
    }


def view_json(state: State, view: OpenView) -> Json:
    """A view as the API and the interaction payloads show it.

    https://docs.slack.dev/reference/views
    """
    app = state.world.app
    return {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "close": None,
        "submit": None,
        "clear_on_close": False,
        "notify_on_close": False,
        **view.body,
        "id": view.id,
        "team_id": state.world.team_id,
        "state": {"values": view.values},
        "hash": view.hash,
        "root_view_id": view.root,
        "previous_view_id": view.previous,
        "app_id": app.id,
        "bot_id": app.bot_id,
        "app_installed_team_id": state.world.team_id,
    }
