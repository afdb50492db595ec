"""An answer of Slack, or of what stands before it, fills no memory."""

import threading

import aiohttp
import pytest

from bot.slack.session import BoundedResponse, slack_client, slack_session
from quaymaster.proxies import Proxies
from tests.misbehaving import OK, answer, bomb, misbehaving, once, repeated

pytestmark = pytest.mark.timeout(60)

TIMEOUT = aiohttp.ClientTimeout(total=3_600)


async def read(script: object) -> bytes:
    """What a session reads."""
    with misbehaving(script) as (host, port):  # type: ignore[arg-type]
        async with slack_session(TIMEOUT) as session, session.get(f"http://{host}:{port}/") as said:
            return await said.read()


@pytest.mark.parametrize(
    "script",
    [
        repeated(OK + b"\r\n", b"x" * 60_000),
        once(answer(bomb(9_000_000), b"Content-Encoding: gzip")),
    ],
    ids=["endless", "a bomb"],
)
async def test_an_answer_beyond_all_measure_is_given_up(
    script: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedResponse, "most", 100_000)
    before = threading.active_count()
    with pytest.raises(aiohttp.ClientPayloadError):
        await read(script)
    assert threading.active_count() == before


async def test_an_answer_is_read_as_often_as_wanted() -> None:
    with misbehaving(once(answer(b'{"ok": true}', b"Content-Type: application/json"))) as at:
        async with slack_session(TIMEOUT) as session:
            for _ in range(2):
                async with session.get(f"http://{at[0]}:{at[1]}/") as said:
                    assert await said.json() == {"ok": True}
                    assert await said.text() == '{"ok": true}'


@pytest.mark.parametrize(
    ("no_proxy", "proxy"), [("", "http://proxy.test:3128"), ("*.slack.com,slack.com", None)]
)
async def test_slack_is_reached_through_the_proxy_and_around_it(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, proxy: str | None
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")  # Slack's SDK looks there itself
    proxies = Proxies.of({"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": no_proxy})
    async with slack_session(aiohttp.ClientTimeout(total=1)) as session:
        client = slack_client("xoxb-made-up", "https://slack.com/api/", session, proxies)
        assert client.proxy == proxy
