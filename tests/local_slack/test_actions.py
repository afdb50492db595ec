"""What people do more than once, and in more ways than a button."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local_slack import LocalSlack, Message, NotPossible, Settings, Workspace
from tests.local_slack.apps import Recorder, bolt, listening, over_socket_mode

Json = dict[str, Any]
TITLE = {"type": "plain_text", "text": "Deploy"}
MODAL: Json = {
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
    return Settings(ack_within=1.0, speed=3000)


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


# suggestions

MENU = {"type": "external_select", "action_id": "service", "min_query_length": 1}
MENU_BLOCKS = [{"type": "actions", "block_id": "menus", "elements": [MENU]}]


def offered(*values: str) -> list[Json]:
    return [{"text": {"type": "plain_text", "text": one.upper()}, "value": one} for one in values]


async def menu(web: AsyncWebClient, workspace: Workspace) -> Message:
    await web.chat_postMessage(channel="C0SHOP", text="pick", blocks=MENU_BLOCKS)
    return (await workspace.messages("C0SHOP"))[-1]


async def test_suggestions_come_from_the_app_and_are_picked_with_their_text(
    slack: LocalSlack, web: AsyncWebClient, workspace: Workspace
) -> None:
    app, asked, picked = bolt(slack, web), list[Json](), list[Json]()

    @app.options("service")
    async def options(ack: Any, payload: Json) -> None:
        asked.append(payload)
        await ack(options=offered("web", "worker"))

    @app.action("service")
    async def service(ack: Any, body: Json) -> None:
        await ack()
        picked.append(body)

    bob, card = workspace.person("U0BOB"), await menu(web, workspace)
    async with over_socket_mode(app, slack, workspace):
        offer = await bob.suggest(card, "service", "w")
        with pytest.raises(NotPossible):
            await bob.click(card, "service", "database")
        await bob.click(card, "service", "worker")
    assert offer.options == tuple(offered("web", "worker"))
    (payload,) = asked
    assert (payload["type"], payload["value"]) == ("block_suggestion", "w")
    assert (payload["action_id"], payload["block_id"]) == ("service", "menus")
    assert payload["container"]["message_ts"] == payload["message"]["ts"] == card.ts
    assert "trigger_id" not in payload
    (body,) = picked
    assert body["actions"][0]["selected_option"] == offered("worker")[0]


async def test_suggestions_in_a_modal_can_come_in_groups(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    groups = [
        {"label": TITLE, "options": offered("web")},
        {"label": TITLE, "options": offered("etl")},
    ]
    answers = iter([Response(), JSONResponse({"option_groups": groups}), Response()])
    element = {**MENU, "type": "multi_external_select"}
    modal = {**MODAL, "blocks": [{**MODAL["blocks"][0], "element": element}]}
    bob = workspace.person("U0BOB")
    async with listening(Recorder(lambda: next(answers)).answer) as url:
        await workspace.use_http(url)
        trigger = (await bob.command("C0SHOP", "help")).payload["trigger_id"]
        view = (await web.views_open(trigger_id=trigger, view=modal))["view"]["id"]
        offer = await bob.suggest(view, "service", "x")
        assert offer.groups == tuple(groups)
        assert [one["value"] for one in offer.all_options] == ["web", "etl"]
        sent = await bob.submit(view, {"why": ["etl", "web"]})
    values = sent.payload["view"]["state"]["values"]
    assert values["why"]["service"]["selected_options"] == offered("etl", "web")


async def test_the_app_is_not_asked_before_enough_is_typed(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    card = await menu(web, workspace)
    offer = await workspace.person("U0BOB").suggest(card, "service", "")
    assert (offer.options, offer.error) == ((), None)
    assert [one for one in await workspace.traffic() if one.direction == "to_app"] == []


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"options": offered(*map(str, range(101)))}, "no more than 100 items allowed"),
        ({"options": offered("x" * 76)}, "must be less than 76 characters"),
        ({"options": [], "option_groups": []}, "either `options` or `option_groups`"),
    ],
)
async def test_suggestions_that_slack_does_not_take_are_shown_as_an_error(
    web: AsyncWebClient, workspace: Workspace, answer: Json, complaint: str
) -> None:
    card = await menu(web, workspace)
    async with listening(Recorder(lambda: JSONResponse(answer)).answer) as url:
        await workspace.use_http(url)
        offer = await workspace.person("U0BOB").suggest(card, "service", "x")
    assert (offer.all_options, offer.error) == ((), "invalid_options")
    last = (await workspace.traffic())[-1]
    assert (last.name, last.about, last.error) == (
        "block_suggestion",
        "service",
        "invalid_options",
    )
    assert complaint in last.note


async def test_suggestions_are_never_the_delivery_that_is_repeated(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    bob, card = workspace.person("U0BOB"), await menu(web, workspace)
    async with listening(Recorder().answer) as url:
        await workspace.use_http(url)
        await bob.command("C0SHOP", "help")
        await bob.suggest(card, "service", "x")
        assert (await workspace.repeat_last()).payload["command"] == "/image"


# what stays chosen

CHOICES = [
    {
        "type": "actions",
        "block_id": "choices",
        "elements": [
            {"type": "users_select", "action_id": "who"},
            {"type": "datepicker", "action_id": "day", "initial_date": "2026-02-28"},
            {"type": "button", "action_id": "go", "text": TITLE},
        ],
    }
]


async def test_each_person_keeps_what_they_chose_in_a_message(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await web.chat_postMessage(channel="C0SHOP", text="x", blocks=CHOICES)
    (card,) = await workspace.messages("C0SHOP")
    bob, carol = workspace.person("U0BOB"), workspace.person("U0CAROL")
    picked = await bob.click(card, "who", "U0DAVE")
    assert picked.payload["actions"][0]["selected_user"] == "U0DAVE"
    state = (await bob.click(card, "go")).payload["state"]["values"]
    assert state == {
        "choices": {
            "who": {"type": "users_select", "selected_user": "U0DAVE"},
            "day": {"type": "datepicker", "selected_date": "2026-02-28"},
        }
    }
    state = (await carol.click(card, "go")).payload["state"]["values"]
    assert state["choices"]["who"]["selected_user"] is None


async def test_a_modal_keeps_what_was_chosen_and_typed_until_it_is_submitted(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    block = MODAL["blocks"][0]
    asking = {
        **block,
        "block_id": "env",
        "dispatch_action": True,
        "element": {"type": "channels_select", "action_id": "env"},
    }
    modal = {**MODAL, "blocks": [*CHOICES, asking, block]}
    bob = workspace.person("U0BOB")
    async with listening(Recorder().answer) as url:
        await workspace.use_http(url)
        trigger = (await bob.command("C0SHOP", "help")).payload["trigger_id"]
        view = (await web.views_open(trigger_id=trigger, view=modal))["view"]["id"]
        with pytest.raises(NotPossible):
            await bob.click_in_view(view, "why", "x")
        told = await bob.click_in_view(view, "env", "C0SHOP", values={"why": "half"})
        shown = told.payload["view"]["state"]["values"]
        assert shown["why"]["why"]["value"] == "half"
        assert shown["env"]["env"]["selected_channel"] == "C0SHOP"
        await bob.click_in_view(view, "who", "U0DAVE")
        sent = await bob.submit(view, {"why": "all of it"})
    values = sent.payload["view"]["state"]["values"]
    assert values["why"]["why"]["value"] == "all of it"
    assert values["env"]["env"]["selected_channel"] == "C0SHOP"
    assert values["choices"]["who"]["selected_user"] == "U0DAVE"


async def test_a_file_and_an_answer_to_a_channel_come_with_a_submission(
    web: AsyncWebClient, workspace: Workspace, session: aiohttp.ClientSession
) -> None:
    block = MODAL["blocks"][0]
    files = {"type": "file_input", "action_id": "logs", "filetypes": ["txt"], "max_files": 1}
    talk = {"type": "conversations_select", "action_id": "talk", "response_url_enabled": True}
    blocks = [{**block, "block_id": one["action_id"], "element": one} for one in (files, talk)]
    bob = workspace.person("U0BOB")
    async with listening(Recorder().answer) as url:
        await workspace.use_http(url)
        trigger = (await bob.command("C0SHOP", "help")).payload["trigger_id"]
        modal = {**MODAL, "blocks": blocks}
        view = (await web.views_open(trigger_id=trigger, view=modal))["view"]["id"]
        picture, text = await bob.upload("a.png", b"png"), await bob.upload("a.TXT", b"four")
        for wrong in ([picture], [text, text], ["F0NOTHING"]):
            with pytest.raises(NotPossible):
                await bob.submit(view, {"logs": wrong, "talk": "C0SHOP"})
        sent = await bob.submit(view, {"logs": [text], "talk": "C0SHOP"})
    (file,) = sent.payload["view"]["state"]["values"]["logs"]["logs"]["files"]
    assert (file["id"], file["name"], file["user"]) == (text, "a.TXT", "U0BOB")
    assert await workspace.file(text) == b"four"
    (answer,) = sent.payload["response_urls"]
    assert (answer["channel_id"], answer["action_id"]) == ("C0SHOP", "talk")
    public = {"text": "sent", "response_type": "in_channel"}
    async with session.post(answer["response_url"], json=public) as response:
        assert response.status == 200
    assert (await workspace.messages("C0SHOP"))[-1].text == "sent"


async def test_an_answer_that_slack_refuses_is_an_error_in_the_traffic(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    wrong = {"response_action": "update", "view": {"type": "modal"}}
    refused = {"text": "x", "blocks": [{"type": "no"}]}
    answers = iter([JSONResponse(refused), JSONResponse(wrong)])
    bob = workspace.person("U0BOB")
    async with listening(Recorder(lambda: next(answers)).answer) as url:
        await workspace.use_http(url)
        trigger = (await bob.command("C0SHOP", "help")).payload["trigger_id"]
        view = (await web.views_open(trigger_id=trigger, view=MODAL))["view"]["id"]
        with pytest.raises(NotPossible, match="missing required field"):
            await bob.submit(view, {"why": "x"})
    told = [one for one in await workspace.traffic() if one.direction == "to_app"]
    assert [one.error for one in told] == ["invalid_command_response", "invalid_arguments"]
    assert "invalid_blocks" in told[0].note
    assert "missing required field: title" in told[1].note
