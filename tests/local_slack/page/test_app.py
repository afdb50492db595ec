"""The page's own addresses: its files, and what it asks for one person."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

import local_slack.page
from local_slack import LocalSlack, Workspace
from tests.people import ALICE, BOB, CAROL

STATIC = Path(local_slack.page.__file__).parent / "static"
SOURCES = [path for kind in ("html", "css", "js", "mjs") for path in STATIC.rglob(f"*.{kind}")]
OWN = [path for path in SOURCES if path.parent == STATIC]
LARGEST = 200_000


@pytest.mark.parametrize(
    "name",
    [
        "../app.py",
        "%2e%2e/app.py",
        "..%2f..%2fapp.py",
        "vendor/../../app.py",
        "%2Fetc%2Fpasswd",
        "//etc/passwd",
        "..%5capp.py",
        "vendor",
        "vendor/README.md",
        "index.html%00.js",
        "..%2fstatic%2findex.html",
        "vendor/..%2f..%2fstatic/main.js",
        "",
    ],
)
async def test_nothing_but_the_page_s_own_files_is_served(
    page: httpx.AsyncClient, slack: LocalSlack, name: str
) -> None:
    url = httpx.URL(f"{slack.page_url}static/").copy_with(raw_path=_path(slack, name))
    assert (await page.get(url)).status_code == 404


def _path(slack: LocalSlack, name: str) -> bytes:
    return f"/chat/{slack.page_token}/static/{name}".encode()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
async def test_every_file_is_served_as_what_it_is(page: httpx.AsyncClient, path: Path) -> None:
    kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
    answer = await page.get(f"static/{path.relative_to(STATIC)}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kinds.get(path.suffix, "text/javascript"))


def test_the_page_asks_nobody_else() -> None:
    """Addresses stand in comments, and in texts that name what a link may be."""
    asking = re.compile(r"""(?:import|from|src|href|url\(|fetch\(|@import)\s*=?\s*["'(]*https?:""")
    for path in SOURCES:
        assert not asking.search(path.read_text()), path


def test_the_page_makes_no_markup_of_texts() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function"
    for path in OWN:
        assert not re.search(ways, path.read_text(), re.IGNORECASE), path


def test_the_scripts_stay_small() -> None:
    for path in OWN:
        lines = path.read_text().splitlines()
        assert len(lines) < 450, path
        if path.suffix == ".js":
            assert max(map(len, lines)) <= 120, path


async def test_the_whole_page_is_small(page: httpx.AsyncClient) -> None:
    """All that it may ever load, as it crosses the wire and as the browser unpacks it."""
    on_the_wire = unpacked = 0
    for path in SOURCES:
        answer = await page.get(f"static/{path.relative_to(STATIC)}")
        assert answer.headers["content-encoding"] == "gzip"
        on_the_wire += int(answer.headers["content-length"])
        unpacked += len(answer.content)
    assert unpacked < LARGEST
    assert on_the_wire < LARGEST / 2


async def test_the_workspace_is_that_of_one_person(page: httpx.AsyncClient) -> None:
    alice = (await page.get("workspace", params={"as": "alice"})).json()
    carol = (await page.get("workspace", params={"as": "carol"})).json()
    assert (alice["me"], carol["me"]) == (ALICE, CAROL)
    assert "board" in {one["name"] for one in alice["channels"]}
    assert "board" not in {one["name"] for one in carol["channels"]}
    direct = [one for one in carol["channels"] if one["kind"] == "direct"]
    assert [one["with"] for one in direct] == ["U0QUAYMASTER"]


@pytest.mark.parametrize("name", ["", "nobody", "quaymaster", "gone"])
async def test_who_cannot_be_somebody_is_the_first_one(page: httpx.AsyncClient, name: str) -> None:
    assert (await page.get("workspace", params={"as": name})).json()["me"] == ALICE


@pytest.mark.parametrize("address", ["messages", "replies"])
async def test_who_is_not_in_a_channel_reads_nothing_of_it(
    page: httpx.AsyncClient, workspace: Workspace, address: str
) -> None:
    await workspace.person(ALICE).say("C0SECRET", "the numbers")
    query = {"channel": "C0SECRET", "thread": "1.1"}
    refused = await page.get(address, params={"as": CAROL, **query})
    assert refused.status_code == 409
    assert "the numbers" not in refused.text
    assert (await page.get(address, params={"as": BOB, **query})).status_code == 200


async def test_messages_come_in_pages(page: httpx.AsyncClient, workspace: Workspace) -> None:
    for number in range(5):
        await workspace.person(BOB).say("C0SHOP", f"{number}")
    query = {"as": ALICE, "channel": "C0SHOP", "limit": "2"}
    newest = (await page.get("messages", params=query)).json()
    before = newest["messages"][0]["ts"]
    older = (await page.get("messages", params={**query, "before": before})).json()
    assert [one["text"] for one in newest["messages"]] == ["3", "4"]
    assert [one["text"] for one in older["messages"]] == ["1", "2"]
    assert newest["more"]


async def test_what_is_unread_counts_until_it_is_marked(
    page: httpx.AsyncClient, workspace: Workspace
) -> None:
    bob = workspace.person(BOB)
    for text in ("<!here> is only typed", "@alice look", "@here all of you", "@releasers only you"):
        await bob.say("C0SHOP", text)
    assert await _counts(page, "alice") == (4, 2)
    assert await _counts(page, "carol") == (4, 2)
    assert await _counts(page, "bob") == (0, 0)
    query = {"as": ALICE, "channel": "C0SHOP"}
    seen = (await page.get("messages", params=query)).json()["messages"]
    await page.post("mark", json={**query, "ts": seen[1]["ts"]})
    assert await _counts(page, "alice") == (2, 1)


async def _counts(page: httpx.AsyncClient, name: str) -> tuple[int, int]:
    channels = (await page.get("workspace", params={"as": name})).json()["channels"]
    shop = next(one for one in channels if one["id"] == "C0SHOP")
    return shop["unread"], shop["mentions"]


async def test_a_message_that_others_see_is_not_dismissed(
    page: httpx.AsyncClient, workspace: Workspace, web: AsyncWebClient
) -> None:
    await workspace.person(BOB).say("C0SHOP", "for all")
    await web.chat_postEphemeral(channel="C0SHOP", user=ALICE, text="for you")
    query = {"as": ALICE, "channel": "C0SHOP"}
    public, private = (await page.get("messages", params=query)).json()["messages"]
    assert (await page.post("dismiss", json={**query, "ts": public["ts"]})).status_code == 409
    other = {"as": BOB, "channel": "C0SHOP", "ts": private["ts"]}
    assert (await page.post("dismiss", json=other)).status_code == 409
    assert (await page.post("dismiss", json={**query, "ts": private["ts"]})).status_code == 200
    left = (await page.get("messages", params=query)).json()["messages"]
    assert [one["text"] for one in left] == ["for all"]


async def test_what_is_only_for_one_person_is_read_and_clicked_by_nobody_else(
    page: httpx.AsyncClient, workspace: Workspace, web: AsyncWebClient
) -> None:
    root = (await workspace.person(ALICE).say("C0SHOP", "root")).shown[0]
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "A"}}
    given: dict[str, Any] = {"channel": "C0SHOP", "user": ALICE, "text": "for alice"}
    blocks = [{"type": "actions", "elements": [button]}]
    alone = (await web.chat_postEphemeral(**given, blocks=blocks))["message_ts"]
    await web.chat_postEphemeral(**given, thread_ts=root.ts)
    for user, expected in ((ALICE, 3), (BOB, 0)):
        query = {"as": user, "channel": "C0SHOP"}
        threads = [{**query, "thread": thread} for thread in (root.ts, alone)]
        answers = [await page.get("messages", params=query)]
        answers += [await page.get("replies", params=one) for one in threads]
        assert sum(one.text.count("for alice") for one in answers) == expected
    click = {"channel": "C0SHOP", "ts": alone, "action_id": "a"}
    refused = await page.post("act", json={"as": BOB, "act": "click", "arguments": click})
    assert refused.status_code == 409


@pytest.mark.parametrize(
    "act",
    [
        {"as": "U0NOBODY", "act": "say", "arguments": {}},
        {"as": ALICE, "act": "close", "arguments": {}},
        {"as": ALICE, "act": "__init__", "arguments": {}},
        {
            "as": ALICE,
            "act": "command",
            "arguments": {"channel": "C0SHOP", "text": "", "name": "/x"},
        },
        {"as": ALICE, "act": "say", "arguments": {"channel": "C0OLD", "text": "hello"}},
    ],
)
async def test_what_nobody_can_do_is_refused_with_words(
    page: httpx.AsyncClient, act: object
) -> None:
    answer = await page.post("act", json=act)
    assert answer.status_code == 409
    assert answer.json()["error"]


async def test_what_is_asked_for_again_is_done_once(
    page: httpx.AsyncClient, workspace: Workspace
) -> None:
    say = {"as": ALICE, "act": "say", "arguments": {"channel": "C0SHOP", "text": "hello"}}
    nonsense = {**say, "id": "b", "arguments": {"channel": "C0NOWHERE", "text": "hello"}}
    first, again = await asyncio.gather(*(page.post("act", json=say | {"id": "a"}) for _ in "12"))
    assert first.json() == again.json()
    refused = [(await page.post("act", json=nonsense)).json() for _ in "12"]
    assert refused == [{"error": "there is no channel C0NOWHERE"}] * 2
    assert len(await workspace.messages("C0SHOP")) == 1
    await page.post("act", json=say)
    assert len(await workspace.messages("C0SHOP")) == 2


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"as": []}', b"\xff", b"null"])
async def test_nonsense_is_refused(page: httpx.AsyncClient, body: bytes) -> None:
    for address in ("act", "mark", "dismiss"):
        answer = await page.post(address, content=body)
        assert answer.status_code in (400, 409), address
        assert answer.json()["error"]


async def test_only_pictures_are_shown_in_the_browser(
    page: httpx.AsyncClient, web: AsyncWebClient
) -> None:
    """A file could hold a script, which would run with the rights of the page."""
    for name, disposition in (("a.svg", "attachment"), ("b.html", "attachment"), ("c.png", None)):
        await web.files_upload_v2(channel="C0SHOP", filename=name, content="<svg onload=alert(1)>")
        query = {"as": ALICE, "channel": "C0SHOP"}
        newest = (await page.get("messages", params=query)).json()["messages"][-1]
        answer = await page.get(f"files/{newest['files'][0]['id']}/{name}")
        assert answer.headers.get("content-disposition") == disposition
        assert answer.headers["content-type"] in ("application/octet-stream", "image/png")
        assert answer.content == b"<svg onload=alert(1)>"
    assert (await page.get("files/F0NOTHING/a.txt")).status_code == 404
