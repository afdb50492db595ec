"""How Slack slows an app down, and how it breaks."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from local_slack import Fault, FaultKind, LocalSlack, Workspace
from testing.engines.waiting import until


async def limited(call: Any) -> int:
    with pytest.raises(SlackApiError) as caught:
        await call
    response = caught.value.response
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    return int(response.headers["Retry-After"])


async def test_a_burst_of_posts_to_one_channel_is_slowed_to_one_a_second(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    for number in range(5):
        await web.chat_postMessage(channel="C0SHOP", text=str(number))
    assert await limited(web.chat_postMessage(channel="C0SHOP", text="too fast")) == 1
    assert (await web.chat_postMessage(channel="C0DATA", text="elsewhere"))["ok"]
    await workspace.skip(1)
    assert (await web.chat_postMessage(channel="C0SHOP", text="later"))["ok"]


async def test_fifty_updates_a_minute_and_no_more(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    ts = (await web.chat_postMessage(channel="C0SHOP", text="hi"))["ts"]
    for number in range(50):
        await web.chat_update(channel="C0SHOP", ts=ts, text=str(number))
    assert 55 <= await limited(web.chat_update(channel="C0SHOP", ts=ts, text="x")) <= 60
    log = await workspace.calls("chat.update")
    assert log.busiest_minute() == 51
    assert log.accepted().busiest_minute() == 50
    assert len(log.refused("ratelimited")) == 1
    await workspace.skip(61)
    assert (await web.chat_update(channel="C0SHOP", ts=ts, text="x"))["ok"]


async def test_limits_can_be_switched_off(web: AsyncWebClient, workspace: Workspace) -> None:
    await workspace.rate_limits(False)
    for number in range(20):
        await web.chat_postMessage(channel="C0SHOP", text=str(number))
    assert len(await workspace.messages("C0SHOP")) == 20


async def test_the_log_counts_connections(
    slack: LocalSlack, web: AsyncWebClient, workspace: Workspace
) -> None:
    for _ in range(20):
        await web.auth_test()
    assert (await workspace.calls()).connections_per_call() == 0.05
    for _ in range(20):
        fresh = AsyncWebClient(token=slack.world.app.bot_token, base_url=slack.api_url)
        await fresh.auth_test()
    assert (await workspace.calls()).connections_per_call() == 21 / 40


async def test_429_on_demand_is_met_by_the_sdks_own_retry(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await workspace.fault(Fault(FaultKind.RATE_LIMITED, "chat.postMessage", calls=1, retry_after=1))
    web.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    await web.chat_postMessage(channel="C0SHOP", text="patient")
    log = await workspace.calls("chat.postMessage")
    assert [call.error for call in log.calls] == ["ratelimited", None]
    assert log.calls[1].at - log.calls[0].at >= 1
    assert len(await workspace.messages("C0SHOP")) == 1


async def test_a_lost_answer_leaves_the_work_done(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await workspace.fault(Fault(FaultKind.LOST_ANSWER, "chat.postMessage", calls=1))
    web.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await web.chat_postMessage(channel="C0SHOP", text="did it arrive?")
    assert [one.text for one in await workspace.messages("C0SHOP")] == ["did it arrive?"]
    assert len((await workspace.calls()).refused("lost")) == 1


async def test_a_refused_connection_leaves_nothing_done_and_mending_helps(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await workspace.fault(Fault(FaultKind.REFUSED))
    web.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await web.chat_postMessage(channel="C0SHOP", text="x")
    await workspace.mend()
    assert await workspace.messages("C0SHOP") == ()
    assert (await web.auth_test())["ok"]


async def test_a_server_error_lasts_as_long_as_it_is_told(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await workspace.fault(Fault(FaultKind.SERVER_ERROR, seconds=2.0))
    with pytest.raises(SlackApiError) as caught:
        await web.auth_test()
    assert caught.value.response.status_code == 500
    web.retry_handlers.append(AsyncServerErrorRetryHandler(max_retry_count=9))
    assert (await web.auth_test())["ok"]
    log = await workspace.calls("auth.test")
    assert len(log.accepted()) == 1
    assert len(log.refused("http_500")) >= 1


async def test_a_slow_slack_answers_late_and_all_calls_at_once(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await workspace.slow(0.25)
    await web.auth_test()
    (late,) = (await workspace.calls("auth.test")).calls
    assert late.took >= 0.25
    await workspace.mend()
    await workspace.fault(Fault(FaultKind.SLOW, calls=4, delay=600))
    calls = [asyncio.create_task(web.auth_test()) for _ in range(4)]
    await until(lambda: _nothing_is_broken(workspace), what="all of them to be under way")
    assert not any(call.done() for call in calls)
    for call in calls:
        call.cancel()


async def _nothing_is_broken(workspace: Workspace) -> bool:
    return not await workspace.faults()


async def test_what_is_in_force_can_be_seen_with_what_is_left_of_it(
    web: AsyncWebClient, workspace: Workspace
) -> None:
    await workspace.fault(
        Fault(FaultKind.SERVER_ERROR, "auth.test", calls=2),
        Fault(FaultKind.RATE_LIMITED, "chat.update", seconds=60, retry_after=9),
        Fault(FaultKind.SLOW, "users.info", seconds=0),
    )
    web.retry_handlers.clear()
    with pytest.raises(SlackApiError):
        await web.auth_test()
    broken, limited_for = await workspace.faults()
    assert (broken.kind, broken.method) == (FaultKind.SERVER_ERROR, "auth.test")
    assert (broken.calls_left, broken.seconds_left) == (1, None)
    assert (limited_for.calls_left, limited_for.retry_after) == (None, 9)
    assert limited_for.seconds_left is not None
    assert 50 < limited_for.seconds_left <= 60
    with pytest.raises(SlackApiError):
        await web.auth_test()
    assert len(await workspace.faults()) == 1
    await workspace.mend()
    assert await workspace.faults() == ()
    told = [one.kind for one in await workspace.changes(behind=True) if one.kind == "faults"]
    assert len(told) == 5  # three added, one used up, all ended


async def test_the_use_of_rates_can_be_seen(web: AsyncWebClient, workspace: Workspace) -> None:
    for _ in range(3):
        await web.chat_postMessage(channel="C0SHOP", text="hi")
    await web.users_info(user="U0BOB")
    usage = await workspace.usage()
    assert usage.enabled
    assert [(one.method, one.used, one.per_minute) for one in usage.methods] == [
        ("chat.postMessage", 3, 300),
        ("users.info", 1, 100),
    ]
    (posts,) = usage.posts
    assert (posts.channel, posts.burst) == ("C0SHOP", 5)
    assert 2 <= posts.left < 4
    await workspace.skip(61)
    usage = await workspace.usage()
    assert [one.used for one in usage.methods] == [0, 0]
    assert usage.posts[0].left == 5
