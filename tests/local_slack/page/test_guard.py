"""Only the page itself gets anything: by its token, its address and its origin."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from local_slack import LocalSlack
from local_slack.page.guard import headers_for
from tests.people import ALICE

EVERY_ADDRESS = ("", "static/main.js", "workspace?as=alice", "exchanges", "usage", "files/F1/a.txt")


def live(slack: LocalSlack, token: str | None = None, user: str = ALICE) -> str:
    """The address of the page's WebSocket."""
    host = urlsplit(slack.base_url).netloc
    return f"ws://{host}/chat/{token or slack.page_token}/live?as={user}"


@pytest.mark.parametrize("address", EVERY_ADDRESS)
async def test_without_the_token_there_is_nothing(slack: LocalSlack, address: str) -> None:
    async with httpx.AsyncClient() as client:
        for token in ("", "wrong", slack.page_token[:-1], slack.page_token.swapcase()):
            answer = await client.get(f"{slack.base_url}/chat/{token}/{address}")
            assert answer.status_code == 404, token
            assert slack.page_token not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
async def test_another_host_name_is_refused(page: httpx.AsyncClient, host: str) -> None:
    """What a page does whose name was made to point here: DNS rebinding."""
    answer = await page.get("workspace?as=alice", headers={"host": host})
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_the_names_of_this_machine_are_taken(
    page: httpx.AsyncClient, slack: LocalSlack, name: str
) -> None:
    host = f"{name}:{urlsplit(slack.base_url).port}"
    headers = {"host": host, "origin": f"http://{host}"}
    assert (await page.get("workspace?as=alice", headers=headers)).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", ""])
async def test_another_origin_can_do_nothing(page: httpx.AsyncClient, origin: str) -> None:
    act = {"as": ALICE, "act": "say", "arguments": {"channel": "C0SHOP", "text": "hello"}}
    refused = await page.post("act", json=act, headers={"origin": origin})
    assert refused.status_code == 403
    assert (await page.get("workspace", headers={"origin": origin})).status_code == 403
    seen = (await page.get("messages", params={"as": ALICE, "channel": "C0SHOP"})).json()
    assert seen["messages"] == []


async def test_who_acts_has_to_say_from_where(slack: LocalSlack) -> None:
    async with httpx.AsyncClient(base_url=slack.page_url) as client:
        for address in ("act", "mark", "dismiss", "trouble"):
            assert (await client.post(address, json={})).status_code == 403, address
        assert (await client.get("")).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", None])
async def test_another_origin_hears_nothing(slack: LocalSlack, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(live(slack), origin=Origin(origin) if origin else None):
            pass
    assert refused.value.response.status_code == 403


async def test_without_the_token_nothing_is_heard(slack: LocalSlack) -> None:
    with pytest.raises(InvalidStatus):
        async with connect(live(slack, "wrong"), origin=Origin(slack.base_url)):
            pass


@pytest.mark.parametrize("address", EVERY_ADDRESS)
async def test_every_answer_allows_nothing_from_elsewhere(
    page: httpx.AsyncClient, address: str
) -> None:
    answer = await page.get(address)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_only_the_script_that_stands_in_the_page_runs() -> None:
    """The digest is that of the specification's own example: https://www.w3.org/TR/CSP3/#match"""
    policy = headers_for("<script>alert('Hello, world.');</script><script src=x></script>")
    hashes = re.findall(r"'sha256-[^']+'", policy["content-security-policy"])
    assert hashes == ["'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"]
