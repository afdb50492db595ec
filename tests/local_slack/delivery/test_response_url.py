"""response_url: 5 uses in 30 minutes."""

from __future__ import annotations

import aiohttp
import pytest

from local_slack import Fault, FaultKind, Workspace
from tests.local_slack.apps import Recorder, listening


@pytest.fixture
async def address(workspace: Workspace) -> str:
    """The response_url of a command of Bob's."""
    async with listening(Recorder().answer) as url:
        await workspace.use_http(url)
        outcome = await workspace.person("U0BOB").command("C0SHOP", "help")
    return str(outcome.payload["response_url"])


async def status(session: aiohttp.ClientSession, url: str, body: object) -> tuple[int, str]:
    async with session.post(url, json=body) as response:
        return response.status, await response.text()


async def test_five_answers_and_no_sixth(
    address: str, session: aiohttp.ClientSession, workspace: Workspace
) -> None:
    for number in range(5):
        assert await status(session, address, {"text": str(number)}) == (200, "ok")
    code, text = await status(session, address, {"text": "6"})
    assert (code, "used_url" in text) == (404, True)
    screen = await workspace.person("U0BOB").screen("C0SHOP")
    assert [one.text for one in screen] == ["0", "1", "2", "3", "4"]
    assert await workspace.person("U0CAROL").screen("C0SHOP") == ()


async def test_nothing_after_thirty_minutes(
    address: str, session: aiohttp.ClientSession, workspace: Workspace
) -> None:
    await workspace.skip(30 * 60 + 1)
    code, text = await status(session, address, {"text": "late"})
    assert (code, "expired_url" in text) == (404, True)


async def test_the_first_answer_is_replaced_and_deleted(
    address: str, session: aiohttp.ClientSession, workspace: Workspace
) -> None:
    await status(session, address, {"text": "first"})
    await status(session, address, {"text": "second", "replace_original": True})
    assert [one.text for one in await workspace.messages("C0SHOP")] == ["second"]
    await status(session, address, {"delete_original": True})
    assert await workspace.messages("C0SHOP") == ()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"blocks": [{"type": "no"}]}, "invalid_blocks"),
        ({}, "no_text"),
        ([], "invalid_payload"),
    ],
)
async def test_what_slack_does_not_take_is_refused(
    address: str, session: aiohttp.ClientSession, body: object, error: str
) -> None:
    code, text = await status(session, address, body)
    assert (code, error in text) == (400, True)


async def test_a_broken_slack_takes_no_answer_and_counts_none(
    address: str, session: aiohttp.ClientSession, workspace: Workspace
) -> None:
    await workspace.fault(Fault(FaultKind.SERVER_ERROR, "response_url", calls=1))
    assert (await status(session, address, {"text": "1"}))[0] == 500
    for number in range(5):
        assert (await status(session, address, {"text": str(number)}))[0] == 200
    log = await workspace.calls("response_url")
    assert [call.error for call in log.calls] == ["http_500", *[None] * 5]
