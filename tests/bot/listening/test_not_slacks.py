"""A signed request that is not what Slack sends is a 400 and a line in the log, no more."""

import asyncio
import copy
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from structlog.testing import capture_logs

from bot.conversation.metrics import Metrics
from bot.listening.http import http_app
from local_slack.delivery.signing import signed_headers
from tests.bot.listening.test_app import bolt

__all__ = ["bolt"]

SECRET = "made-up-for-tests"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

COMMAND = {
    "command": "/image",
    "text": "help",
    "team_id": "T0SHOP",
    "user_id": "U0BOB",
    "channel_id": "C0SHOP",
    "trigger_id": "t1",
    "response_url": "http://127.0.0.1:9/",
}
CLICK: dict[str, Any] = {
    "type": "block_actions",
    "team": {"id": "T0SHOP"},
    "user": {"id": "U0BOB", "team_id": "T0SHOP"},
    "channel": {"id": "C0SHOP"},
    "container": {"channel_id": "C0SHOP", "thread_ts": "1.2"},
    "view": {"type": "modal"},
    "trigger_id": "t1",
    "response_url": "http://127.0.0.1:9/",
    "actions": [{"type": "button", "action_id": "open", "block_id": "b", "value": "1042"}],
}
EVENT: dict[str, Any] = {
    "type": "event_callback",
    "team_id": "T0SHOP",
    "event_id": "Ev1",
    "event": {
        "type": "app_mention",
        "user": "U0BOB",
        "team": "T0SHOP",
        "text": "<@U0QUAYMASTER> thank you",
        "channel": "C0SHOP",
        "ts": "1.1",
        "thread_ts": "1.0",
    },
    "authorizations": [{"team_id": "T0SHOP", "user_id": "U0QUAYMASTER", "is_bot": True}],
}
DIRECT = {
    **EVENT,
    "event": {**EVENT["event"], "type": "message", "channel_type": "im", "text": "help"},
}
HOME = {**EVENT, "event": {"type": "app_home_opened", "user": "U0BOB", "tab": "messages"}}

Place = tuple[str | int, ...]


@pytest.fixture
async def slack(bolt: AsyncApp) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever knows the secret."""

    async def is_ready() -> str:
        return ""

    app = http_app(bolt, SECRET, is_ready, Metrics())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as client:
        yield client


async def sent(client: httpx.AsyncClient, body: bytes, kind: str = FORM) -> int:
    head = signed_headers(SECRET, str(int(time.time())), body, kind)
    return (await client.post("/slack/events", content=body, headers=head)).status_code


def as_form(payload: Any) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FORM),
        (b"", JSON),
        (b"{", JSON),
        (b"{", FORM),
        (b"[]", JSON),
        (b"5", JSON),
        (b"null", JSON),
        (b'"text"', JSON),
        (b"{}", JSON),
        (b"[" * 100_000, JSON),
        (b'{"a":' * 50_000, JSON),
        (b"\xff\xfe\x00", JSON),
        (json.dumps(EVENT).encode("utf-16"), JSON),
        (json.dumps(EVENT).encode("utf-8-sig"), JSON),
        (json.dumps(EVENT).replace("thank", "\\ud800").encode(), JSON),
        (b"payload=", FORM),
        (b"payload=%7B", FORM),
        (b"payload=5", FORM),
        (b"payload=[]", FORM),
        (b"payload=" + b"[" * 100_000, FORM),
        (b"text=payload", FORM),
        (b"command=", FORM),
        (b"%ff=%ff", FORM),
        (urlencode({**COMMAND, "trigger_id": ""}).encode(), FORM),
        (urlencode(COMMAND).encode(), JSON),
        (as_form(CLICK), JSON),
        (as_form({**CLICK, "type": "view_submission"}), FORM),
        (as_form({**CLICK, "actions": []}), FORM),
        (json.dumps({"type": "url_verification"}).encode(), JSON),
        (json.dumps({"ssl_check": "block_actions"}).encode(), JSON),
        (json.dumps({**EVENT, "type": "something"}).encode(), JSON),
        (b"<xml/>", "text/xml"),
        (b"\x1f\x8b\x08", "application/gzip"),
        (b"--x\r\nContent-Disposition: form-data\r\n", "multipart/form-data; boundary=x"),
    ],
)
async def test_it_is_refused_with_one_line(
    slack: httpx.AsyncClient, body: bytes, kind: str
) -> None:
    with capture_logs() as lines:
        assert await sent(slack, body, kind) == 400
    (line,) = lines
    assert line["log_level"] == "warning"
    assert "exc_info" not in line
    assert "U0BOB" not in str(line)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (urlencode(COMMAND).encode(), FORM),
        (urlencode(COMMAND).encode(), f"{FORM}; charset=utf-8"),
        (as_form(CLICK), FORM),
        (json.dumps(EVENT).encode(), JSON),
        (json.dumps(EVENT).encode(), f"{JSON}; charset=utf-8"),
        (json.dumps(HOME).encode(), JSON),
        (json.dumps({**EVENT, "event": {"type": "reaction_added"}}).encode(), JSON),
        (json.dumps({"type": "url_verification", "challenge": "c1"}).encode(), JSON),
        (b"ssl_check=1&token=t", FORM),
    ],
)
async def test_what_slack_sends_is_taken(slack: httpx.AsyncClient, body: bytes, kind: str) -> None:
    with capture_logs() as lines:
        assert await sent(slack, body, kind) == 200
    assert lines == []


def places(part: Any, path: Place = ()) -> Iterator[Place]:
    for name, value in part.items() if isinstance(part, dict) else enumerate(part):
        yield (*path, name)
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))


def changed(whole: Any, place: Place, change: Callable[[Any, Any], None]) -> Any:
    whole = inside = copy.deepcopy(whole)
    for step in place[:-1]:
        inside = inside[step]
    change(inside, place[-1])
    return whole


def _put(value: Any, part: Any, name: Any) -> None:
    part[name] = value


ODD: tuple[Any, ...] = (None, "", "x", 5, 1.5, True, [], {}, [[]], [{}], {"id": 5}, ["x"], "\ud800")


@pytest.mark.parametrize(
    "whole", [CLICK, EVENT, DIRECT, HOME], ids=["a click", "a mention", "a message", "home"]
)
async def test_whatever_stands_in_a_field_is_taken_or_refused(
    slack: httpx.AsyncClient, whole: dict[str, Any]
) -> None:
    more = {"enterprise": {"id": "E1"}, "enterprise_id": "E1", "bot_id": None, "is_ext": True}
    document = {**whole, **more, "is_ext_shared_channel": True, "response_urls": []}
    changes = [
        changed(document, place, lambda part, name: part.pop(name)) for place in places(document)
    ]
    for odd in ODD:
        put = partial(_put, odd)
        changes += [changed(document, place, put) for place in places(document)]
    with capture_logs() as lines:
        for one in changes:
            body = json.dumps(one).encode()
            assert await sent(slack, body, JSON) in (200, 400), one
        await asyncio.sleep(0)
    assert {line["log_level"] for line in lines} == {"warning"}
    assert {"exc_info"} & {name for line in lines for name in line} == set()


async def test_one_delivery_is_of_one_kind(slack: httpx.AsyncClient) -> None:
    """Bolt finds the marks of each kind in all of them."""
    kinds = ("block_actions", "event_callback", "workflow_step_edit", "block_suggestion", "x", None)
    marks = [{"type": kind} for kind in kinds if kind is not None]
    marks += [{"event": odd} for odd in (*ODD, EVENT["event"])]
    marks += [{"actions": odd} for odd in (*ODD, CLICK["actions"], {"0": {}})]
    marks += [{"command": odd} for odd in (*ODD, "/image")]
    marks += [{"ssl_check": odd} for odd in (*ODD, "1")]
    for whole in (COMMAND, CLICK, EVENT, {"type": "url_verification", "challenge": "c1"}):
        for mark in marks:
            if set(mark) <= set(whole):
                continue
            with capture_logs() as lines:
                body = json.dumps({**whole, "callback_id": "c", **mark}).encode()
                assert await sent(slack, body, JSON) == 400, (whole, mark)
            assert [line["log_level"] for line in lines] == ["warning"]


async def test_null_is_absent(slack: httpx.AsyncClient) -> None:
    optional = ("team", "channel", "container", "view", "response_url")
    body = as_form({**CLICK, **dict.fromkeys(optional)})
    assert await sent(slack, body) == 200
    event = {**EVENT["event"], **dict.fromkeys(("bot_id", "subtype", "edited", "thread_ts"))}
    assert await sent(slack, json.dumps({**EVENT, "event": event}).encode(), JSON) == 200


async def test_who_does_not_know_the_secret_learns_nothing_and_fills_no_log(
    slack: httpx.AsyncClient,
) -> None:
    for body in (b"\xff\xfe", b"{", b"[" * 10_000):
        head = signed_headers("another", str(int(time.time())), body, JSON)
        with capture_logs() as lines:
            answer = await slack.post("/slack/events", content=body, headers=head)
        assert (answer.status_code, lines) == (401, [])


async def test_over_a_socket_it_is_acknowledged_and_does_not_come_again(bolt: AsyncApp) -> None:
    with capture_logs() as lines:
        body = {**EVENT, "event": {**EVENT["event"], "channel": None}}
        answer = await bolt.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
    assert answer.status == 200
    (line,) = lines
    assert line["why"] == "channel is missing"
