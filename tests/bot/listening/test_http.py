"""Requests over HTTP: only signed ones, in time, of a sensible size."""

import asyncio
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from local_slack.delivery.signing import signed_headers
from tests.bot.conftest import TEAM, Running
from tests.people import ALICE

pytestmark = pytest.mark.engine

FORM = "application/x-www-form-urlencoded"


def command(trigger: str = "t1") -> bytes:
    """A push by Alice, as Slack's form."""
    fields = {
        "team_id": TEAM,
        "user_id": ALICE,
        "channel_id": "C0SHOP",
        "command": "/image",
        "text": "push shop/web:1.4 from build1",
        "trigger_id": trigger,
        "response_url": "http://127.0.0.1:1/none",
    }
    return urlencode(fields).encode()


def headers(secret: str, body: bytes, timestamp: float, content_type: str = FORM) -> dict[str, str]:
    """As Slack signs."""
    return signed_headers(secret, str(int(timestamp)), body, content_type)


async def post(bot: Running, body: bytes, head: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{bot.url}/slack/events", content=body, headers=head)


async def test_a_signed_request_is_taken(bot: Running) -> None:
    secret = bot.slack.world.app.signing_secret
    answer = await post(bot, command(), headers(secret, command(), time.time()))
    assert answer.status_code == 200
    assert "Started #" in answer.json()["text"]


async def test_a_forged_signature_is_refused(bot: Running) -> None:
    answer = await post(bot, command(), headers("not the secret", command(), time.time()))
    assert answer.status_code == 401
    assert bot.operations() == []


async def test_a_changed_body_is_refused(bot: Running) -> None:
    secret = bot.slack.world.app.signing_secret
    signed = headers(secret, command(), time.time())
    assert (await post(bot, command("other"), signed)).status_code == 401
    assert bot.operations() == []


@pytest.mark.parametrize("age", [301, -330])
async def test_a_delivery_from_another_time_is_refused(bot: Running, age: int) -> None:
    secret = bot.slack.world.app.signing_secret
    answer = await post(bot, command(), headers(secret, command(), time.time() - age))
    assert answer.status_code == 401
    assert bot.operations() == []


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "9" * 400, "²"])
async def test_a_timestamp_that_is_none_is_refused(bot: Running, timestamp: str) -> None:
    signed = headers(bot.slack.world.app.signing_secret, command(), time.time())
    head = {**signed, "X-Slack-Request-Timestamp": timestamp}
    encoded = {name: value.encode() for name, value in head.items()}
    answer = await post(bot, command(), encoded)  # type: ignore[arg-type]
    assert answer.status_code == 401


async def test_a_body_of_more_than_a_megabyte_is_refused(bot: Running) -> None:
    body = b"text=" + b"x" * 1_000_001
    secret = bot.slack.world.app.signing_secret
    assert (await post(bot, body, headers(secret, body, time.time()))).status_code == 413


async def test_a_replayed_request_is_recognised(bot: Running) -> None:
    signed = headers(bot.slack.world.app.signing_secret, command(), time.time())
    answers = [await post(bot, command(), signed) for _ in range(3)]
    assert len({answer.text for answer in answers}) == 1
    assert len(bot.operations()) == 1


async def test_slacks_check_of_the_address_is_answered(bot: Running) -> None:
    body = b'{"type": "url_verification", "challenge": "c1", "token": "t"}'
    secret = bot.slack.world.app.signing_secret
    answer = await post(bot, body, headers(secret, body, time.time(), "application/json"))
    assert answer.status_code == 200
    assert "c1" in answer.text


async def test_a_signed_request_that_is_not_what_slack_sends_is_refused_with_a_line(
    bot: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    body = urlencode({"command": "/image", "text": "help"}).encode()
    secret = bot.slack.world.app.signing_secret
    answer = await post(bot, body, headers(secret, body, time.time()))
    assert answer.status_code == 400
    output = "".join(capsys.readouterr())
    assert "a command is not what Slack sends" in output
    assert "team_id is missing" in output
    assert "Traceback" not in output


async def test_whoever_watches_sees_health_readiness_and_numbers(bot: Running) -> None:
    await bot.person(ALICE).command("C0SHOP", "push shop/web:1.4 from build1", repeat=2)
    async with httpx.AsyncClient(base_url=bot.url) as client:
        assert (await client.get("/healthz")).text == "alive"
        assert (await client.get("/readyz")).text == "ready"
        assert (await client.get("/metrics")).status_code == 404
        numbers = (await client.get(f"{bot.metrics_url}/metrics")).text
        bot.valkey.kill()
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
    assert 'quaymaster_accepted_total{verb="push"} 1.0' in numbers
    assert "quaymaster_duplicates_total 1.0" in numbers
    assert 'quaymaster_ack_seconds_count{kind="command"} 2.0' in numbers


async def test_whether_it_is_ready_is_asked_once_for_all_who_ask(bot: Running) -> None:
    def asked() -> int:
        found: Any = bot.connection.info("commandstats")
        return int(found["cmdstat_time"]["calls"])

    before = asked()
    bot.connection.execute_command("CLIENT", "PAUSE", "300", "ALL")  # type: ignore[no-untyped-call]
    async with httpx.AsyncClient(base_url=bot.url, timeout=30) as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(80)))
    assert {one.text for one in answers} == {"ready"}
    assert asked() - before < 40  # the bot looks at the clock by itself too
