"""views.*: modals, the Home tab and their triggers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import LocalSlack, NotPossible, Workspace
from tests.local_slack.apps import bolt, over_http

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def modal(title: str = "Reject", **more: Any) -> Json:
    reason = {"type": "plain_text_input", "action_id": "reason", "min_length": 2}
    severity = {
        "type": "static_select",
        "action_id": "severity",
        "options": [{"text": plain("High"), "value": "high"}],
    }
    return {
        "type": "modal",
        "callback_id": "reject",
        "title": plain(title),
        "submit": plain("Send"),
        "blocks": [
            {"type": "input", "block_id": "why", "label": plain("Why"), "element": reason},
            {
                "type": "input",
                "block_id": "how",
                "label": plain("How bad"),
                "element": severity,
                "optional": True,
            },
        ],
        **more,
    }


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


@pytest.fixture
async def app(
    slack: LocalSlack, web: AsyncWebClient, workspace: Workspace
) -> AsyncIterator[AsyncApp]:
    """An app whose command only acknowledges: what matters is the trigger."""
    app = bolt(slack, web)

    @app.command("/image")
    async def command(ack: Any) -> None:
        await ack()

    async with over_http(app, workspace):
        yield app


async def trigger(workspace: Workspace) -> str:
    outcome = await workspace.person("U0BOB").command("C0SHOP", "reject")
    return str(outcome.payload["trigger_id"])


async def test_a_modal_is_filled_in_and_submitted(
    app: AsyncApp, web: AsyncWebClient, workspace: Workspace
) -> None:
    heard: list[Json] = []

    @app.view("reject")
    async def submitted(ack: Any, view: Json) -> None:
        heard.append(view["state"]["values"])
        await ack()

    opened = await web.views_open(trigger_id=await trigger(workspace), view=modal())
    bob = workspace.person("U0BOB")
    (view,) = await bob.views()
    assert view["id"] == opened["view"]["id"]
    outcome = await bob.submit(view["id"], {"reason": "too risky", "severity": "High"})
    assert outcome.acknowledged
    assert heard[0]["why"]["reason"]["value"] == "too risky"
    assert heard[0]["how"]["severity"]["selected_option"]["value"] == "high"
    assert await bob.views() == ()


async def test_errors_stay_at_their_inputs_and_pushed_views_are_stacked(
    app: AsyncApp, web: AsyncWebClient, workspace: Workspace
) -> None:
    answers: list[Json] = [
        {"response_action": "errors", "errors": {"why": "Say more"}},
        {"response_action": "push", "view": modal("Second")},
        {"response_action": "update", "view": modal("Changed")},
        {"response_action": "clear"},
    ]

    @app.view("reject")
    async def submitted(ack: Any) -> None:
        await ack(**answers.pop(0))

    view = await web.views_open(trigger_id=await trigger(workspace), view=modal())
    bob, first = workspace.person("U0BOB"), view["view"]["id"]
    outcome = await bob.submit(first, {"reason": "no"})
    assert outcome.errors == {"why": "Say more"}
    await bob.submit(first, {"reason": "no"})
    second = (await bob.views())[-1]
    assert (second["title"]["text"], second["previous_view_id"]) == ("Second", first)
    await bob.submit(second["id"], {"reason": "no"})
    assert (await bob.views())[-1]["title"]["text"] == "Changed"
    await bob.submit(second["id"], {"reason": "no"})
    assert await bob.views() == ()


async def test_a_person_cannot_submit_what_slack_would_not_let_them(
    app: AsyncApp, web: AsyncWebClient, workspace: Workspace
) -> None:
    view = await web.views_open(trigger_id=await trigger(workspace), view=modal())
    bob, name = workspace.person("U0BOB"), view["view"]["id"]
    for values in (
        {},
        {"reason": "x"},
        {"reason": "ok", "severity": "Low"},
        {"reason": "ok", "x": 1},
    ):
        with pytest.raises(NotPossible):
            await bob.submit(name, values)
    with pytest.raises(NotPossible):
        await workspace.person("U0CAROL").submit(name, {"reason": "ok"})


async def test_a_trigger_is_good_once_and_for_three_seconds(
    app: AsyncApp, web: AsyncWebClient, workspace: Workspace
) -> None:
    used = await trigger(workspace)
    await web.views_open(trigger_id=used, view=modal())
    assert await error_of(web.views_open(trigger_id=used, view=modal())) == "exchanged_trigger_id"
    late = await trigger(workspace)
    await workspace.skip(3.1)
    assert await error_of(web.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"
    assert await error_of(web.views_open(trigger_id="1.2.3", view=modal())) == "invalid_trigger_id"


async def test_a_view_that_breaks_a_limit_is_refused_with_reasons(
    app: AsyncApp, web: AsyncWebClient, workspace: Workspace
) -> None:
    with pytest.raises(SlackApiError) as caught:
        await web.views_open(trigger_id=await trigger(workspace), view=modal("x" * 25))
    assert caught.value.response["error"] == "invalid_arguments"
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]


async def test_updates_notice_that_somebody_else_was_faster(
    app: AsyncApp, web: AsyncWebClient, workspace: Workspace
) -> None:
    opened = (await web.views_open(trigger_id=await trigger(workspace), view=modal()))["view"]
    name, old = opened["id"], opened["hash"]
    await web.views_update(view_id=name, view=modal("New"), hash=old)
    late = web.views_update(view_id=name, view=modal("Late"), hash=old)
    assert await error_of(late) == "hash_conflict"
    assert await error_of(web.views_update(view_id="V0NO", view=modal())) == "not_found"


async def test_the_home_tab_is_published_and_used(
    app: AsyncApp, web: AsyncWebClient, workspace: Workspace
) -> None:
    heard: list[str] = []

    @app.event("app_home_opened")
    async def opened(event: Json, client: AsyncWebClient) -> None:
        button = {"type": "button", "action_id": "refresh", "text": plain("Refresh"), "value": "1"}
        blocks = [{"type": "actions", "elements": [button]}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})
        heard.append("opened")

    @app.action("refresh")
    async def refreshed(ack: Any, body: Json) -> None:
        await ack()
        heard.append(body["view"]["type"])

    bob = workspace.person("U0BOB")
    assert (await bob.open_home()).acknowledged
    views: tuple[Json, ...] = ()
    async with asyncio.timeout(30):
        while not views:
            views = await bob.views()
    assert (await bob.click_in_view(views[0]["id"], "refresh")).acknowledged
    assert heard == ["opened", "home"]
