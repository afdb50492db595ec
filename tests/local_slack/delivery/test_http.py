"""Delivery to a Request URL, to Bolt and to an app that does as it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local_slack import LocalSlack, Settings, Workspace
from tests.local_slack.apps import Recorder, bolt, listening, over_http

Json = dict[str, Any]
BUTTON = {
    "type": "actions",
    "elements": [
        {
            "type": "button",
            "action_id": "approve",
            "value": "1042",
            "text": {"type": "plain_text", "text": "Approve"},
        }
    ],
}


@pytest.fixture
def settings() -> Settings:
    return Settings(ack_within=1.0, speed=3000)


@pytest.fixture
def app(slack: LocalSlack, web: AsyncWebClient) -> AsyncApp:
    return bolt(slack, web)


async def test_a_command_is_signed_and_its_answer_is_seen_by_one_person(
    slack: LocalSlack, workspace: Workspace
) -> None:
    recorder = Recorder(lambda: PlainTextResponse("working on it"))
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        outcome = await workspace.person("U0BOB").command("C0SHOP", "push shop/web:1 — now")
    assert outcome.acknowledged
    assert outcome.words == "working on it"
    assert outcome.shown[0].only_for == "U0BOB"
    form = {name: value[0] for name, value in parse_qs(recorder.bodies[0].decode()).items()}
    assert form["text"] == "push shop/web:1 — now"
    assert (form["command"], form["user_id"], form["channel_name"]) == ("/image", "U0BOB", "shop")
    verifier = SignatureVerifier(slack.world.app.signing_secret)
    assert verifier.is_valid_request(recorder.bodies[0], recorder.requests[0])


async def test_an_answer_in_the_channel_is_seen_by_all(workspace: Workspace) -> None:
    body = {"response_type": "in_channel", "text": "hello all"}
    async with listening(Recorder(lambda: JSONResponse(body)).answer) as url:
        await workspace.use_http(url)
        await workspace.person("U0BOB").command("C0RANDOM", "help")
    assert [one.text for one in await workspace.person("U0CAROL").screen("C0RANDOM")] == [
        "hello all"
    ]


@pytest.mark.parametrize(
    ("recorder", "error"),
    [
        (Recorder(delay=4.0), "operation_timeout"),
        (Recorder(lambda: Response(status_code=500)), "dispatch_failed"),
        (Recorder(lambda: JSONResponse([1])), "invalid_command_response"),
        (Recorder(lambda: JSONResponse({"blocks": [{"type": "no"}]})), "invalid_command_response"),
    ],
)
async def test_an_app_that_fails_is_reported_to_the_person(
    workspace: Workspace, recorder: Recorder, error: str
) -> None:
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        outcome = await workspace.person("U0BOB").command("C0SHOP", "help")
    assert outcome.words == f'/image failed with the error "{error}"'


async def test_an_app_that_is_not_there_is_reported_to_the_person(workspace: Workspace) -> None:
    await workspace.use_http("http://127.0.0.1:9/slack/events")
    outcome = await workspace.person("U0BOB").command("C0SHOP", "help")
    assert outcome.error == "dispatch_failed"


async def test_the_same_delivery_can_come_three_times(workspace: Workspace) -> None:
    recorder = Recorder()
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        outcome = await workspace.person("U0BOB").command("C0SHOP", "help", repeat=3)
    assert len(outcome.deliveries) == 3
    assert len({parse_qs(body.decode())["trigger_id"][0] for body in recorder.bodies}) == 1


async def test_a_click_reaches_bolt_and_its_answer_replaces_the_message(
    app: AsyncApp, web: AsyncWebClient, workspace: Workspace
) -> None:
    @app.action("approve")
    async def approve(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        value = body["actions"][0]["value"]
        await respond(replace_original=True, text=f"approved {value} by {body['user']['id']}")

    await web.chat_postMessage(channel="C0SHOP", text="approve?", blocks=[BUTTON])
    (card,) = await workspace.messages("C0SHOP")
    bob = workspace.person("U0BOB")
    async with over_http(app, workspace):
        outcome = await bob.click(card, "approve")
        assert outcome.acknowledged
        assert outcome.payload["container"]["message_ts"] == card.ts
        seen = await bob.sees(lambda message: message.text == "approved 1042 by U0BOB")
    assert seen.ts == card.ts


async def test_two_people_click_at_the_same_moment(
    app: AsyncApp, web: AsyncWebClient, workspace: Workspace
) -> None:
    there = asyncio.Event()
    clicked: list[str] = []

    @app.action("approve")
    async def approve(ack: Any, body: Json) -> None:
        clicked.append(body["user"]["id"])
        if len(clicked) == 2:
            there.set()
        await there.wait()  # both are in here before either is acknowledged
        await ack()

    await web.chat_postMessage(channel="C0SHOP", text="approve?", blocks=[BUTTON])
    (card,) = await workspace.messages("C0SHOP")
    async with over_http(app, workspace):
        outcomes = await workspace.act(
            workspace.person("U0CAROL").plan.click(card, "approve"),
            workspace.person("U0DAVE").plan.click(card, "approve"),
        )
    assert all(outcome.acknowledged for outcome in outcomes)
    assert sorted(clicked) == ["U0CAROL", "U0DAVE"]


async def test_a_button_of_an_older_form_of_the_message_can_still_be_pressed(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    recorder = Recorder()
    posted = await web.chat_postMessage(channel="C0SHOP", text="approve?", blocks=[BUTTON])
    (card,) = await workspace.messages("C0SHOP")
    await web.chat_update(channel="C0SHOP", ts=posted["ts"], text="done", blocks=[])
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        await workspace.person("U0BOB").click(card, "approve", stale=True)
    payload = json.loads(parse_qs(recorder.bodies[0].decode())["payload"][0])
    assert payload["actions"][0]["value"] == "1042"


async def test_a_mention_is_an_event_and_the_bot_answers_in_its_thread(
    app: AsyncApp, workspace: Workspace
) -> None:
    @app.event("app_mention")
    async def mentioned(event: Json, say: Any) -> None:
        await say(text=f"you said: {event['text']}", thread_ts=event["ts"])

    async with over_http(app, workspace):
        alice = workspace.person("U024BE7LH")
        assert (await alice.say("C0SHOP", "@quaymaster status #data")).acknowledged
        reply = await alice.sees("you said")
    assert reply.text.endswith("status <#C0DATA|data>")
    assert reply.thread_ts == (await workspace.messages("C0SHOP"))[0].ts


async def test_an_event_that_fails_is_sent_three_times_more(workspace: Workspace) -> None:
    recorder = Recorder(lambda: Response(status_code=503))
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        outcome = await workspace.person("U0BOB").mention("C0SHOP", "status")
        assert not outcome.acknowledged
        await recorder.received(4)
    assert [one.get("x-slack-retry-num") for one in recorder.requests] == [None, "1", "2", "3"]
    assert recorder.requests[1]["x-slack-retry-reason"] == "http_error"
    assert len({json.loads(body)["event_id"] for body in recorder.bodies}) == 1


async def test_the_app_hears_nothing_of_channels_it_is_not_in(workspace: Workspace) -> None:
    recorder = Recorder()
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        await workspace.person("U0BOB").mention("C0RANDOM", "status")
        await workspace.person("U0BOB").say("C0SHOP", "nothing to do with you")
        await workspace.person("U0BOB").direct_message("but this has")
    assert [json.loads(body)["event"]["channel_type"] for body in recorder.bodies] == ["im"]
