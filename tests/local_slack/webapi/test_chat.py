"""chat.*, through slack_sdk's client."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, Workspace

BLOCKS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "go",
                "text": {"type": "plain_text", "text": "Go"},
            }
        ],
    },
]


async def refused(call: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        await call
    data: dict[str, Any] = caught.value.response.data
    return data


async def test_a_posted_message_is_in_its_channel(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    metadata = {"event_type": "operation", "event_payload": {"id": 1042}}
    posted = await web.chat_postMessage(
        channel="C0SHOP", text="hi", blocks=BLOCKS, metadata=metadata
    )
    assert posted["channel"] == "C0SHOP"
    assert all(block["block_id"] for block in posted["message"]["blocks"])
    (message,) = await workspace.messages("C0SHOP")
    assert message.ts == posted["ts"]
    assert message.words == "hello\nGo"
    assert message.metadata == metadata
    assert message.buttons == ("go",)


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("C0SECRET", "channel_not_found"),
        ("C0RANDOM", "not_in_channel"),
        ("C0OLD", "is_archived"),
        ("U0OTHERBOT", "channel_not_found"),
    ],
)
async def test_where_the_bot_cannot_post_it_is_told_so(
    web: AsyncWebClient, channel: str, error: str
) -> None:
    assert (await refused(web.chat_postMessage(channel=channel, text="hi")))["error"] == error


async def test_a_public_channel_takes_posts_of_strangers_with_the_scope_for_it(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await workspace.set_scopes("chat:write", "chat:write.public")
    assert (await web.chat_postMessage(channel="C0RANDOM", text="hi"))["ok"]


async def test_a_missing_scope_is_named(web: AsyncWebClient, workspace: Workspace) -> None:
    await workspace.set_scopes("users:read")
    answer = await refused(web.chat_postMessage(channel="C0SHOP", text="hi"))
    assert answer["error"] == "missing_scope"
    assert (answer["needed"], answer["provided"]) == ("chat:write", "users:read")


async def test_posting_to_a_person_opens_the_direct_messages(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    posted = await web.chat_postMessage(channel="U0BOB", text="psst")
    assert posted["channel"].startswith("D")
    assert [one.text for one in await workspace.person("U0BOB").screen(posted["channel"])] == [
        "psst"
    ]


async def test_bad_blocks_are_refused_with_reasons(web: AsyncWebClient) -> None:
    answer = await refused(
        web.chat_postMessage(channel="C0SHOP", text="hi", blocks=[{"type": "section"}])
    )
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must define either `text` or `fields` [json-pointer:/blocks/0/type]"
    ]
    assert answer["errors"] == [
        "must define either `text` or `fields` [json-pointer:/blocks/0/type]"
    ]


async def test_nothing_to_say_is_refused(web: AsyncWebClient) -> None:
    call = web.api_call("chat.postMessage", data={"channel": "C0SHOP", "text": ""})
    assert (await refused(call))["error"] == "no_text"


async def test_long_text_is_cut_with_a_warning_when_posted(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    posted = await web.chat_postMessage(channel="C0SHOP", text="x" * 40_001)
    assert posted["response_metadata"]["warnings"] == ["message_truncated"]
    assert len((await workspace.messages("C0SHOP"))[0].text) == 40_000


async def test_long_text_is_refused_when_updated(web: AsyncWebClient) -> None:
    ts = (await web.chat_postMessage(channel="C0SHOP", text="hi"))["ts"]
    assert (await web.chat_update(channel="C0SHOP", ts=ts, text="x" * 4000))["ok"]
    answer = await refused(web.chat_update(channel="C0SHOP", ts=ts, text="x" * 4001))
    assert answer["error"] == "msg_too_long"


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("{", "invalid_metadata_format"),
        ("[]", "invalid_metadata_format"),
        ('{"event_type": "x"}', "invalid_metadata_schema"),
        (
            '{"event_type": "x", "event_payload": {"x": "%s"}}' % ("x" * 16_000),
            "metadata_too_large",
        ),
    ],
)
async def test_bad_metadata_is_refused(web: AsyncWebClient, metadata: str, error: str) -> None:
    call = web.api_call(
        "chat.postMessage", data={"channel": "C0SHOP", "text": "hi", "metadata": metadata}
    )
    assert (await refused(call))["error"] == error


async def test_an_update_with_text_alone_keeps_blocks_and_metadata(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    metadata = {"event_type": "operation", "event_payload": {"id": 1}}
    posted = await web.chat_postMessage(
        channel="C0SHOP", text="a", blocks=BLOCKS, metadata=metadata
    )
    await web.chat_update(channel="C0SHOP", ts=posted["ts"], text="b")
    message = await workspace.message("C0SHOP", posted["ts"])
    assert message is not None
    assert (message.text, message.buttons, message.metadata) == ("b", ("go",), metadata)
    await web.chat_update(channel="C0SHOP", ts=posted["ts"], text="c", blocks=[], metadata={})
    message = await workspace.message("C0SHOP", posted["ts"])
    assert message is not None
    assert (message.text, message.blocks, message.metadata) == ("c", (), None)


async def test_only_own_messages_are_updated_and_deleted(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await workspace.person("U0BOB").say("C0SHOP", "mine")
    ts = (await workspace.messages("C0SHOP"))[0].ts
    for call, error in (
        (web.chat_update(channel="C0SHOP", ts=ts, text="b"), "cant_update_message"),
        (web.chat_delete(channel="C0SHOP", ts=ts), "cant_delete_message"),
        (web.chat_update(channel="C0SHOP", ts="1.000001", text="b"), "message_not_found"),
    ):
        assert (await refused(call))["error"] == error


async def test_an_ephemeral_message_is_seen_by_one_person_and_cannot_be_updated(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    posted = await web.chat_postEphemeral(channel="C0SHOP", user="U0BOB", text="only you")
    assert [one.text for one in await workspace.person("U0BOB").screen("C0SHOP")] == ["only you"]
    assert await workspace.person("U0CAROL").screen("C0SHOP") == ()
    call = web.chat_update(channel="C0SHOP", ts=posted["message_ts"], text="b")
    assert (await refused(call))["error"] == "cant_update_message"
    call = web.chat_postEphemeral(channel="C0RELEASE", user="U0GUEST", text="x")
    assert (await refused(call))["error"] == "user_not_in_channel"


async def test_a_reply_belongs_to_a_parent_that_exists(web: AsyncWebClient) -> None:
    parent = (await web.chat_postMessage(channel="C0SHOP", text="parent"))["ts"]
    reply = (await web.chat_postMessage(channel="C0SHOP", text="reply", thread_ts=parent))["ts"]
    for ts in (reply, "1.000001"):
        call = web.chat_postMessage(channel="C0SHOP", text="x", thread_ts=ts)
        assert (await refused(call))["error"] == "cannot_reply_to_message"
    link = await web.chat_getPermalink(channel="C0SHOP", message_ts=reply)
    assert link["permalink"].endswith(f"?thread_ts={parent}&cid=C0SHOP")


async def test_pings_are_seen_wherever_they_hide(web: AsyncWebClient, workspace: Workspace) -> None:
    async def pings(text: str, kind: str) -> frozenset[str]:
        blocks = [{"type": "section", "text": {"type": kind, "text": text}}]
        ts = (await web.chat_postMessage(channel="C0SHOP", text="x", blocks=blocks))["ts"]
        message = await workspace.message("C0SHOP", ts)
        assert message is not None
        return message.pings

    assert await pings("<!channel> <@U0BOB> <!subteam^SAZ94GDB8>", "mrkdwn") == {
        "channel",
        "U0BOB",
        "SAZ94GDB8",
    }
    assert await pings("<!channel>", "plain_text") == frozenset()
    assert await pings("&lt;!channel&gt;", "mrkdwn") == frozenset()


async def test_json_bodies_are_read_where_slack_reads_them(
    slack: LocalSlack, session: aiohttp.ClientSession
) -> None:
    headers = {"Authorization": f"Bearer {slack.world.app.bot_token}"}

    async def answer(method: str, body: dict[str, str]) -> dict[str, Any]:
        async with session.post(slack.api_url + method, json=body, headers=headers) as response:
            found: dict[str, Any] = await response.json()
            return found

    assert (await answer("chat.postMessage", {"channel": "C0SHOP", "text": "x"}))["ok"]
    ignored = await answer("users.info", {"user": "U0BOB"})
    assert ignored["error"] == "invalid_arguments"
    assert ignored["response_metadata"]["messages"] == [
        "[ERROR] missing required field: user [json-pointer:/user]"
    ]
