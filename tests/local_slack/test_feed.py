"""Who watches the feed hears of every change, and only of those they asked for."""

from __future__ import annotations

import asyncio

from local_slack.feed import BEHIND_THE_SCENES, Feed


async def test_all_who_wait_hear_of_the_next_change() -> None:
    feed = Feed()
    waiting = [asyncio.create_task(feed.after(0, wait=5)) for _ in range(3)]
    await asyncio.sleep(0)
    feed.add("app_connected", connections=1)
    found = await asyncio.gather(*waiting)
    assert [[change.kind for change in one] for one in found] == [["app_connected"]] * 3


async def test_who_waits_for_nothing_gets_nothing_in_the_end() -> None:
    assert await Feed().after(0, wait=0.01) == []


async def test_kinds_that_are_left_out_wake_nobody() -> None:
    feed = Feed()
    feed.add("exchange", number=1)
    waiting = asyncio.create_task(feed.after(0, 5, BEHIND_THE_SCENES))
    await asyncio.sleep(0)
    feed.add("exchange", number=2)
    feed.add("faults")
    await asyncio.sleep(0)
    assert not waiting.done()
    feed.add("view_changed", view="V1", user="U1")
    (change,) = await waiting
    assert (change.number, change.kind) == (4, "view_changed")


async def test_following_misses_nothing() -> None:
    feed, seen = Feed(), list[int]()

    async def follow() -> None:
        async for change in feed.follow(1):
            seen.append(change.number)
            if change.number == 4:
                return

    feed.add("a")
    feed.add("b")
    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    feed.add("c")
    feed.add("d")
    await asyncio.wait_for(following, 5)
    assert seen == [2, 3, 4]
