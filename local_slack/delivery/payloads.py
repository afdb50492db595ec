"""The payloads Slack sends to an app.

https://docs.slack.dev/reference/interaction-payloads and
https://docs.slack.dev/interactivity/implementing-slash-commands
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local_slack.choices import elements
from local_slack.message import Json, Message
from local_slack.state import OpenView, State
from local_slack.webapi.shapes import message_json, view_json
from local_slack.world import Channel, Kind, User


def command(state: State, user: User, channel: Channel, name: str, text: str) -> Json:
    """A slash command: https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling"""
    world = state.world
    return {
        "token": world.app.verification_token,
        "team_id": world.team_id,
        "team_domain": world.domain,
        "channel_id": channel.id,
        "channel_name": _command_channel(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": world.app.id,
        "is_enterprise_install": "false",
        "response_url": state.new_response_url(channel.id, user.id),
        "trigger_id": state.new_trigger(user.id),
    }


def _command_channel(channel: Channel) -> str:
    match channel.kind:
        case Kind.PUBLIC:
            return channel.name
        case Kind.PRIVATE:
            return "privategroup"
        case Kind.DIRECT:
            return "directmessage"


def _common(state: State, kind: str, user: User, view: str | None = None) -> Json:
    world = state.world
    return {
        "type": kind,
        "team": {"id": world.team_id, "domain": world.domain},
        "user": {
            "id": user.id,
            "username": user.name,
            "name": user.name,
            "team_id": user.team or world.team_id,
        },
        "api_app_id": world.app.id,
        "token": world.app.verification_token,
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": state.new_trigger(user.id, view),
    }


def message_action(
    state: State,
    user: User,
    message: Message,
    block: Json,
    element: Json,
    chosen: Json,
    values: Json,
) -> Json:
    """A button or menu in a message: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload

    ``chosen`` is what the person picked; empty for a button. ``values`` is what they chose before,
    too, in all elements of the message.
    """
    return (
        _common(state, "block_actions", user)
        | _in_message(state, message)
        | {
            "state": {"values": values},
            "response_url": state.new_response_url(message.channel, user.id, message.ts),
            "actions": [_action(state, block, element, chosen)],
        }
    )


def _in_message(state: State, message: Message) -> Json:
    """Where something was pressed; an ephemeral message is not in the payload."""
    channel = state.channels[message.channel]
    payload: Json = {
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.only_for is not None,
        },
        "channel": {"id": channel.id, "name": _command_channel(channel)},
    }
    if message.thread_ts:
        payload["container"]["thread_ts"] = message.thread_ts
    if message.only_for is None:
        payload["message"] = message_json(state, message, metadata=True)
    return payload


def _in_view(state: State, view: OpenView) -> Json:
    return {
        "container": {"type": "view", "view_id": view.id},
        "view": view_json(state, view),
    }


def view_action(
    state: State, user: User, view: OpenView, block: Json, element: Json, chosen: Json
) -> Json:
    """A button or menu in a view."""
    return (
        _common(state, "block_actions", user, view.id)
        | _in_view(state, view)
        | {"actions": [_action(state, block, element, chosen)]}
    )


def suggestion(
    state: State, user: User, place: Message | OpenView, block: Json, element: Json, value: str
) -> Json:
    """What was typed into a menu of external data: https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload"""
    found = _common(state, "block_suggestion", user)
    del found["trigger_id"]
    return found | {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "value": value,
        **(_in_view(state, place) if isinstance(place, OpenView) else _in_message(state, place)),
    }


def _action(state: State, block: Json, element: Json, chosen: Json) -> Json:
    names = ("text", "value", "style", "placeholder")
    kept: dict[str, Any] = {
        name: value
        for name, value in element.items()
        if name in names or name.startswith("initial_")
    }
    return {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": state.clock.next_ts(),
        **kept,
        **chosen,
    }


def view_submission(state: State, user: User, view: OpenView) -> Json:
    """https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload"""
    return _common(state, "view_submission", user, view.id) | {
        "view": view_json(state, view),
        "response_urls": list(_response_urls(state, user, view)),
    }


def _response_urls(state: State, user: User, view: OpenView) -> Iterator[Json]:
    """Where to answer: for menus with ``response_url_enabled``.

    https://docs.slack.dev/surfaces/modals#modal_response_url
    """
    for block, element in elements(view.body["blocks"]):
        entry = view.values.get(block["block_id"], {}).get(element["action_id"], {})
        channel = entry.get("selected_conversation") or entry.get("selected_channel")
        if element.get("response_url_enabled") and channel in state.channels:
            yield {
                "block_id": block["block_id"],
                "action_id": element["action_id"],
                "channel_id": channel,
                "response_url": state.new_response_url(channel, user.id),
            }


def view_closed(state: State, user: User, view: OpenView, cleared: bool) -> Json:
    """https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload"""
    found = _common(state, "view_closed", user)
    del found["trigger_id"]
    return found | {"view": view_json(state, view), "is_cleared": cleared}


def event(state: State, inner: Json) -> Json:
    """An event in its envelope: https://docs.slack.dev/apis/events-api/#event-type-structure"""
    world = state.world
    return {
        "token": world.app.verification_token,
        "team_id": world.team_id,
        "context_team_id": world.team_id,
        "context_enterprise_id": None,
        "api_app_id": world.app.id,
        "event": inner,
        "type": "event_callback",
        "event_id": state.new_id("Ev"),
        "event_time": int(state.clock.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": world.team_id,
                "user_id": world.app.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{state.number():016x}",
    }


def message_event(state: State, message: Message, kind: str) -> Json:
    """Something a person wrote, as the event ``kind``: ``app_mention`` or ``message``.

    https://docs.slack.dev/reference/events/app_mention,
    https://docs.slack.dev/reference/events/message.im
    """
    channel = state.channels[message.channel]
    payload: Json = {
        "type": kind,
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "event_ts": message.ts,
        "channel": message.channel,
        "team": state.users[message.user].team or state.world.team_id,
        "client_msg_id": f"{state.number():08x}-0000-4000-8000-000000000000",
    }
    if message.thread_ts:
        payload["thread_ts"] = message.thread_ts
    if kind == "message":
        kinds = {Kind.PUBLIC: "channel", Kind.PRIVATE: "group", Kind.DIRECT: "im"}
        payload["channel_type"] = kinds[channel.kind]
    return payload
