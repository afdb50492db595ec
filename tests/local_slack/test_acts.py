"""What people do more than once, and in more ways than a button."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local_slack import LocalSlack, NotPossible, Settings, Workspace
from tests.local_slack.apps import Recorder, bolt, listening, over_socket_mode

Json = dict[str, Any]
TITLE = {"type": "plain_text", "text": "Deploy"}
MODAL = {
    "type": "modal",
    "title": TITLE,
    "submit": TITLE,
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": TITLE,
            "element": {"type": "plain_text_input", "action_id": "why"},
        }
    ],
}


@pytest.fixture
def settings() -> Settings:
    return Settings(ack_within=0.5, speed=3000)


# the same delivery again


async def test_before_the_first_delivery_there_is_nothing_to_repeat(workspace: Workspace) -> None:
    with pytest.raises(NotPossible):
        await workspace.repeat_last()


async def test_a_command_is_repeated_with_the_same_ids_and_answered_again(
    workspace: Workspace,
) -> None:
    recorder = Recorder(lambda: PlainTextResponse("working on it"))
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        first = await workspace.person("U0BOB").command("C0SHOP", "help")
        again = await workspace.repeat_last()
    assert again.payload == first.payload
    assert again.words == "working on it"
    assert recorder.bodies[0] == recorder.bodies[1]


async def test_a_delivery_that_failed_can_be_repeated(workspace: Workspace) -> None:
    bob = workspace.person("U0BOB")
    assert (await bob.command("C0SHOP", "help")).error == "dispatch_failed"
    async with listening(Recorder().answer) as url:
        await workspace.use_http(url)
        assert (await workspace.repeat_last()).acknowledged


async def test_an_event_is_repeated_as_a_retry_that_counts_up(workspace: Workspace) -> None:
    recorder = Recorder()
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        await workspace.person("U0BOB").mention("C0SHOP", "hello")
        await workspace.repeat_last()
        await workspace.repeat_last()
    assert len({json.loads(body)["event_id"] for body in recorder.bodies}) == 1
    retries = [headers.get("x-slack-retry-num") for headers in recorder.requests]
    assert retries == [None, "1", "2"]
    assert recorder.requests[1]["x-slack-retry-reason"] == "http_timeout"


async def test_a_repeated_submission_is_answered_where_the_modal_is_still_open(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    answers = iter(
        [
            Response(),
            JSONResponse({"response_action": "errors", "errors": {"why": "too short"}}),
            Response(),
        ]
    )
    bob = workspace.person("U0BOB")
    async with listening(Recorder(lambda: next(answers)).answer) as url:
        await workspace.use_http(url)
        trigger = (await bob.command("C0SHOP", "help")).payload["trigger_id"]
        view = (await web.views_open(trigger_id=trigger, view=MODAL))["view"]["id"]
        assert (await bob.submit(view, {"why": "x"})).errors == {"why": "too short"}
        assert (await workspace.repeat_last()).errors == {}
    assert await bob.views() == ()


async def test_a_click_is_repeated_over_socket_mode(
    slack: LocalSlack, web: AsyncWebClient, workspace: Workspace
) -> None:
    app, triggers = bolt(slack, web), list[str]()

    @app.action("go")
    async def go(ack: Any, body: Json) -> None:
        await ack()
        triggers.append(body["trigger_id"])

    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "elements": [button]}]
    await web.chat_postMessage(channel="C0SHOP", text="card", blocks=blocks)
    (card,) = await workspace.messages("C0SHOP")
    async with over_socket_mode(app, slack, workspace):
        await workspace.person("U0BOB").click(card, "go")
        assert (await workspace.repeat_last()).acknowledged
    assert len(triggers) == 2
    assert triggers[0] == triggers[1]
