"""The log of the traffic: both directions, bounded, without secrets."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import JSONResponse, Response

from local_slack import Fault, FaultKind, LocalSlack, Settings, Workspace
from local_slack.clock import Clock
from local_slack.rates import RateLimiter
from local_slack.state import State
from local_slack.traffic import KEPT, LARGEST, Exchange, Finished, Traffic, sent
from local_slack.world import World
from tests.local_slack.apps import Recorder, bolt, listening, over_socket_mode

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def settings() -> Settings:
    return Settings(ack_within=1.0, speed=3000)


@pytest.fixture
def traffic() -> Traffic:
    clock = Clock()
    return Traffic(State(World.default(), clock, RateLimiter(clock)))


def call(body: bytes = b"", content_type: str = FORM, answer: bytes | None = b"{}") -> Finished:
    request = sent("POST", content_type, "", body)
    return Finished("from_app", "x", 1.0, 0.1, 200, None, None, None, request, answer, "")


def drawn(traffic: Traffic, finished: Finished) -> Exchange:
    traffic.add(finished)
    value = traffic.get(traffic.newest)
    assert value is not None
    return value


# what is kept


def test_only_the_newest_exchanges_are_kept_under_their_numbers(traffic: Traffic) -> None:
    for _ in range(KEPT + 3):
        traffic.add(call())
    assert [one.number for one in traffic.since(KEPT + 1)] == [KEPT + 2, KEPT + 3]
    assert len(traffic.since()) == KEPT
    newest, oldest = traffic.get(KEPT + 3), traffic.get(4)
    assert newest is not None
    assert newest.number == KEPT + 3
    assert oldest is not None
    assert oldest.number == 4
    assert traffic.get(3) is None
    assert traffic.get(KEPT + 4) is None


def test_the_list_comes_without_bodies_where_they_are_not_wanted(traffic: Traffic) -> None:
    traffic.add(call(b"text=hi"))
    (found,) = traffic.since(bodies=False)
    assert (found.name, found.request, found.answer) == ("x", "", "")


def test_arguments_of_a_form_are_shown_with_the_json_in_them(traffic: Traffic) -> None:
    found = drawn(traffic, call(b"text=%5B1%5D&blocks=%5B%7B%22type%22%3A%22divider%22%7D%5D"))
    assert found.request == {"text": "[1]", "blocks": [{"type": "divider"}]}


def test_arguments_that_cannot_be_read_are_shown_as_they_came(traffic: Traffic) -> None:
    assert drawn(traffic, call(b"{no", "application/json")).request == "{no"
    assert drawn(traffic, call(b"blocks=%7Bno")).request == {"blocks": "{no"}


def test_bytes_are_counted_not_shown(traffic: Traffic) -> None:
    found = drawn(traffic, call(b"\x89PNG" * 1000, "application/octet-stream"))
    assert found.request == "4,000 bytes"
    assert drawn(traffic, call(b"\xff\xfe", "text/plain")).request == "2 bytes"


@pytest.mark.parametrize("where", ["request", "answer", "payload"])
def test_a_huge_body_is_cut_and_says_so(traffic: Traffic, where: str) -> None:
    huge = {"text": "é" * LARGEST}
    body = json.dumps(huge, ensure_ascii=False).encode()
    match where:
        case "request":
            shown = drawn(traffic, call(body, "application/json")).request
        case "answer":
            shown = drawn(traffic, call(answer=body)).answer
        case _:
            shown = drawn(
                traffic,
                Finished("to_app", "x", 1.0, 0.1, None, None, None, None, huge, None, ""),
            ).request
    assert isinstance(shown, str)
    assert shown.endswith(f"… (cut here: {len(body):,} bytes in all)")
    assert len(shown.encode()) < LARGEST + 100


# from the app


async def test_a_call_is_logged_with_its_arguments_and_its_answer(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    ts = (await web.chat_postMessage(channel="C0SHOP", text="hello"))["ts"]
    (found,) = await workspace.traffic()
    assert (found.number, found.direction, found.name) == (1, "from_app", "chat.postMessage")
    assert (found.status, found.error, found.channel, found.ts) == (200, None, "C0SHOP", ts)
    assert isinstance(found.request, dict)
    assert isinstance(found.answer, dict)
    assert found.request["text"] == "hello"
    assert found.answer["message"]["text"] == "hello"
    assert found.at > 1_700_000_000
    assert 0 < found.took < 5
    (change,) = [one for one in await workspace.changes(behind=True) if one.kind == "exchange"]
    assert change.data == {"number": 1}
    assert {one.kind for one in await workspace.changes()} == {"message_posted"}


async def test_a_refusal_is_logged_with_all_that_slack_says_about_it(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    with pytest.raises(SlackApiError):
        await web.chat_postMessage(channel="C0SHOP", text="x", blocks=[{"type": "no"}])
    (found,) = await workspace.traffic()
    assert found.error == "invalid_blocks"
    assert isinstance(found.answer, dict)
    (message,) = found.answer["response_metadata"]["messages"]
    assert "unsupported type: no" in message


async def test_uploads_and_answers_to_a_response_url_are_logged(
    web: AsyncWebClient, workspace: Workspace, session: aiohttp.ClientSession
) -> None:
    await web.files_upload_v2(channel="C0SHOP", content="four", filename="a.txt")
    recorder = Recorder()
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        outcome = await workspace.person("U0BOB").command("C0SHOP", "help")
    async with session.post(outcome.payload["response_url"], json={"text": "hi"}) as response:
        assert response.status == 200
    log = {one.name: one for one in await workspace.traffic()}
    assert log["upload"].request == "4 bytes"
    assert log["upload"].answer == "OK - 4"
    assert log["response_url"].request == {"text": "hi"}
    assert log["response_url"].channel == "C0SHOP"
    assert log["response_url"].ts == (await workspace.messages("C0SHOP"))[-1].ts


async def test_no_secret_is_in_the_log(
    slack: LocalSlack,
    web: AsyncWebClient,
    workspace: Workspace,
    session: aiohttp.ClientSession,
) -> None:
    app = slack.world.app
    await web.apps_connections_open(app_token=app.app_token)
    leak = f"{app.bot_token} {app.signing_secret}"
    data = {"token": app.bot_token, "channel": "C0SHOP", "text": leak}
    async with session.post(f"{slack.api_url}chat.postMessage", data=data) as response:
        assert (await response.json())["ok"]
    async with listening(Recorder(lambda: JSONResponse({"text": leak})).answer) as url:
        await workspace.use_http(url)
        await workspace.person("U0BOB").command("C0SHOP", f"say {app.bot_token}")
        await workspace.person("U0BOB").mention("C0SHOP", "hello")
    log = await workspace.traffic()
    assert {one.name for one in log} == {
        "apps.connections.open",
        "chat.postMessage",
        "/image",
        "app_mention",
    }
    secrets = (app.bot_token, app.app_token, app.signing_secret, app.verification_token)
    for one in log:
        assert not [secret for secret in secrets if secret in str(one)]
    (opened,) = [one for one in log if one.name == "apps.connections.open"]
    assert isinstance(opened.answer, dict)
    assert "ticket=[redacted]&" in opened.answer["url"]


async def test_faults_and_limits_are_told_apart(web: AsyncWebClient, workspace: Workspace) -> None:
    web.retry_handlers.clear()
    for kind in (FaultKind.RATE_LIMITED, FaultKind.REFUSED, FaultKind.LOST_ANSWER):
        await workspace.fault(Fault(kind, calls=1, retry_after=7))
        with pytest.raises((SlackApiError, aiohttp.ClientError)):
            await web.auth_test()
    await workspace.fault(Fault(FaultKind.SLOW, calls=1, delay=0.05))
    await web.auth_test()
    for number in range(5):
        await web.chat_postMessage(channel="C0DATA", text=str(number))
    with pytest.raises(SlackApiError):
        await web.chat_postMessage(channel="C0DATA", text="too fast")
    log = [(one.status, one.error, one.note) for one in await workspace.traffic()]
    assert log[:4] == [
        (429, "ratelimited", "429 on demand, Retry-After: 7 s"),
        (None, "refused", "the connection was cut on demand"),
        (None, "lost", "done, then the connection was cut on demand"),
        (200, None, "0.05 s late on demand"),
    ]
    assert log[-1] == (429, "ratelimited", "Retry-After: 1 s")


# to the app


async def test_a_delivery_over_http_is_logged_with_its_acknowledgement(
    workspace: Workspace,
) -> None:
    async with listening(Recorder(lambda: JSONResponse({"text": "yes"})).answer) as url:
        await workspace.use_http(url)
        outcome = await workspace.person("U0BOB").command("C0SHOP", "help deploy")
    (found,) = await workspace.traffic()
    assert (found.direction, found.name, found.about) == ("to_app", "/image", "help deploy")
    assert (found.status, found.error, found.channel) == (200, None, "C0SHOP")
    assert isinstance(found.request, dict)
    assert found.request == outcome.payload | {"token": "[redacted]"}
    assert found.answer == {"text": "yes"}
    assert found.note == "over HTTP"


async def test_an_event_that_fails_is_logged_with_every_retry(workspace: Workspace) -> None:
    recorder = Recorder(lambda: Response(status_code=500))
    async with listening(recorder.answer) as url:
        await workspace.use_http(url)
        await workspace.person("U0BOB").mention("C0SHOP", "hello")
        await recorder.received(4)
    log = [one for one in await workspace.traffic() if one.direction == "to_app"]
    assert {(one.name, one.error, one.status) for one in log} == {
        ("app_mention", "dispatch_failed", 500)
    }
    assert [one.note for one in log][:3] == [
        "over HTTP",
        "retry 1 (http_error), over HTTP, the same delivery again",
        "retry 2 (http_error), over HTTP, the same delivery again",
    ]


async def test_deliveries_over_socket_mode_are_logged(
    slack: LocalSlack, web: AsyncWebClient, workspace: Workspace
) -> None:
    app = bolt(slack, web)

    @app.command("/image")
    async def command(ack: Any, command: Json) -> None:
        if command["text"] != "hang":
            await ack("here")

    bob = workspace.person("U0BOB")
    await bob.command("C0SHOP", "nobody")
    async with over_socket_mode(app, slack, workspace):
        await bob.command("C0SHOP", "help")
        await bob.command("C0SHOP", "hang")
    nobody, helped, hung = [one for one in await workspace.traffic() if one.direction == "to_app"]
    assert nobody.error == "dispatch_failed"
    assert (helped.error, helped.answer, helped.note) == (
        None,
        {"text": "here"},
        "over Socket Mode",
    )
    assert (hung.error, hung.answer) == ("operation_timeout", "")
    assert hung.took > 0.4


async def test_an_envelope_that_was_sent_again_says_so_also_when_it_is_acknowledged_too_late(
    slack: LocalSlack,
    web: AsyncWebClient,
    workspace: Workspace,
    session: aiohttp.ClientSession,
) -> None:
    async def link() -> str:
        return str((await web.apps_connections_open(app_token=slack.world.app.app_token))["url"])

    async with session.ws_connect(await link()) as first:
        assert (await first.receive_json())["type"] == "hello"
        asked = asyncio.create_task(workspace.person("U0BOB").command("C0SHOP", "help"))
        await first.receive_json()
        await workspace.drop_sockets()
    assert (await asked).error == "operation_timeout"
    async with session.ws_connect(await link()) as second:
        assert (await second.receive_json())["type"] == "hello"
        again = await second.receive_json()
        await second.send_str(json.dumps({"envelope_id": again["envelope_id"]}))
        seen = (await workspace.changes(behind=True))[-1]
        if seen.kind != "exchange" or seen.data["number"] < 4:
            await workspace.changes(seen.number, wait=5, behind=True)
    late = [one for one in await workspace.traffic() if one.name == "/image"][-1]
    assert late.error is None
    assert late.note == (
        "over Socket Mode, acknowledged too late, sent 2 times because connections ended"
    )
