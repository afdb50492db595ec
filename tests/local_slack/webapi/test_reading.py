"""auth, users, groups, conversations: what the bot may look at."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, Workspace


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_auth_test_tells_who_the_token_is_and_its_scopes(
    web: AsyncWebClient, slack: LocalSlack
) -> None:
    answer = await web.auth_test()
    assert answer["user_id"] == slack.world.app.bot_user
    assert answer["team_id"] == slack.world.team_id
    assert set(answer.headers["x-oauth-scopes"].split(",")) == slack.world.app.scopes


async def test_tokens_are_checked(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    def client(token: str | None) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=slack.api_url, session=session)

    app = slack.world.app
    assert await error_of(client("xoxb-wrong").auth_test()) == "invalid_auth"
    assert await error_of(client(None).users_list()) == "not_authed"
    assert await error_of(client(app.app_token).users_list()) == "not_allowed_token_type"
    wrong = client(app.bot_token).apps_connections_open(app_token=app.bot_token)
    assert await error_of(wrong) == "not_allowed_token_type"
    assert await error_of(client(app.bot_token).api_call("chat.shout")) == "unknown_method"


@pytest.mark.parametrize(
    ("user", "facts"),
    [
        ("U0BOB", {"deleted": False, "is_bot": False, "is_restricted": False}),
        ("U0GUEST", {"is_restricted": True, "is_ultra_restricted": False}),
        ("U0SINGLE", {"is_restricted": True, "is_ultra_restricted": True}),
        ("U0GONE", {"deleted": True}),
        ("U0OTHERBOT", {"is_bot": True}),
        ("U0STRANGER", {"team_id": "T0PARTNER", "is_stranger": True}),
    ],
)
async def test_every_kind_of_user_is_recognisable(
    web: AsyncWebClient, user: str, facts: dict[str, object]
) -> None:
    found = (await web.users_info(user=user))["user"]
    assert {name: found[name] for name in facts} == facts


async def test_who_left_has_no_roles_any_more(web: AsyncWebClient, workspace: Workspace) -> None:
    await workspace.set_membership("U0BOB", "deactivated")
    assert "is_restricted" not in (await web.users_info(user="U0BOB"))["user"]


async def test_unknown_ids_are_named(web: AsyncWebClient) -> None:
    assert await error_of(web.users_info(user="U0NOBODY")) == "user_not_found"
    assert await error_of(web.usergroups_users_list(usergroup="S0NO")) == "no_such_subteam"
    assert await error_of(web.conversations_info(channel="C0NO")) == "channel_not_found"
    assert await error_of(web.conversations_info(channel="C0SECRET")) == "channel_not_found"


async def test_groups_list_their_users(web: AsyncWebClient) -> None:
    assert (await web.usergroups_users_list(usergroup="SAZ94GDB8"))["users"] == [
        "U0CAROL",
        "U0DAVE",
    ]
    groups = (await web.usergroups_list(include_users=True))["usergroups"]
    assert {group["handle"]: group["users"] for group in groups}["nobody"] == []


async def test_history_is_newest_first_in_pages_without_replies(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await workspace.rate_limits(False)
    metadata = {"event_type": "operation", "event_payload": {"id": 7}}
    ts = [
        (await web.chat_postMessage(channel="C0SHOP", text=str(n), metadata=metadata))["ts"]
        for n in range(5)
    ]
    await web.chat_postMessage(channel="C0SHOP", text="reply", thread_ts=ts[0])
    first = await web.conversations_history(channel="C0SHOP", limit=3, include_all_metadata=True)
    assert [one["text"] for one in first["messages"]] == ["4", "3", "2"]
    assert first["has_more"]
    assert first["messages"][0]["metadata"] == metadata
    cursor = first["response_metadata"]["next_cursor"]
    second = await web.conversations_history(channel="C0SHOP", limit=3, cursor=cursor)
    assert [one["text"] for one in second["messages"]] == ["1", "0"]
    assert not second["has_more"]
    assert "metadata" not in second["messages"][0]
    assert second["messages"][1]["reply_count"] == 1


async def test_history_between_two_times(web: AsyncWebClient) -> None:
    ts = [(await web.chat_postMessage(channel="C0SHOP", text=str(n)))["ts"] for n in range(4)]

    async def texts(**bounds: Any) -> list[str]:
        found = await web.conversations_history(channel="C0SHOP", **bounds)
        return [one["text"] for one in found["messages"]]

    assert await texts(oldest=ts[1]) == ["3", "2"]
    assert await texts(oldest=ts[1], inclusive=True) == ["3", "2", "1"]
    assert await texts(oldest=ts[0], latest=ts[2]) == ["1"]
    assert await texts(oldest="0") == ["3", "2", "1", "0"]
    assert await error_of(web.conversations_history(channel="C0SHOP", oldest="x")) == (
        "invalid_ts_oldest"
    )


async def test_replies_begin_with_their_parent(web: AsyncWebClient) -> None:
    parent = (await web.chat_postMessage(channel="C0SHOP", text="parent"))["ts"]
    await web.chat_postMessage(channel="C0SHOP", text="reply", thread_ts=parent)
    found = await web.conversations_replies(channel="C0SHOP", ts=parent)
    assert [one["text"] for one in found["messages"]] == ["parent", "reply"]
    assert await error_of(web.conversations_replies(channel="C0SHOP", ts="1.000001")) == (
        "thread_not_found"
    )


async def test_history_wants_membership_and_the_scope_of_the_kind_of_channel(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    assert await error_of(web.conversations_history(channel="C0RANDOM")) == "not_in_channel"
    await workspace.set_scopes("channels:history")
    assert (await web.conversations_history(channel="C0SHOP"))["ok"]
    assert await error_of(web.conversations_history(channel="C0RELEASE")) == "missing_scope"


async def test_lists_hide_what_the_bot_cannot_see(web: AsyncWebClient) -> None:
    found = await web.conversations_list(types="public_channel,private_channel", limit=200)
    ids = {one["id"] for one in found["channels"]}
    assert {"C0SHOP", "C0RELEASE", "C0OLD"} <= ids
    assert "C0SECRET" not in ids
    open_ones = await web.conversations_list(exclude_archived=True)
    assert "C0OLD" not in {one["id"] for one in open_ones["channels"]}
    members = (await web.conversations_members(channel="C0RELEASE"))["members"]
    assert "U0GUEST" not in members
    users = {one["id"] for one in (await web.users_list())["members"]}
    assert "U0BOB" in users
    assert "U0STRANGER" not in users


async def test_direct_messages_open_once(web: AsyncWebClient) -> None:
    first = (await web.conversations_open(users="U0BOB"))["channel"]["id"]
    assert (await web.conversations_open(users=["U0BOB"]))["channel"]["id"] == first
    assert await error_of(web.conversations_open(users="U0GONE")) == "user_disabled"
    assert await error_of(web.conversations_open(users="U0NO")) == "user_not_found"


async def test_a_reaction_counts_once(web: AsyncWebClient, workspace: Workspace) -> None:
    ts = (await web.chat_postMessage(channel="C0SHOP", text="hi"))["ts"]
    await web.reactions_add(channel="C0SHOP", timestamp=ts, name="eyes")
    again = web.reactions_add(channel="C0SHOP", timestamp=ts, name="eyes")
    assert await error_of(again) == "already_reacted"
    message = await workspace.message("C0SHOP", ts)
    assert message is not None
    assert [name for name, _ in message.reactions] == ["eyes"]
