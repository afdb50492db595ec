"""The page buttons of long lists, from the click to the card."""

from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from bot.views.card import operation_messages
from local_slack import LocalSlack, Workspace
from quaymaster.actors import SlackUser
from quaymaster.journal import event_of
from quaymaster.listings import pages_of
from quaymaster.operations import Operation, Origin, State
from quaymaster.outcomes import TagsListed
from quaymaster.requests import TagsRequest
from quaymaster.retention import Retention
from quaymaster.store import keys, pages, records
from quaymaster.store.transactions import Transaction, perform, perform_async
from testing import samples
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import until
from testing.keys import WORKER_KEY
from testing.samples import NOW, WEB
from tests.bot.conftest import TEAM, Running, card, store
from tests.bot.courier.couriers import Office, Records
from tests.people import ALICE, BOB

pytestmark = pytest.mark.engine

NAMES = tuple(f"v{number}" for number in range(57))
PAGES = pages_of(TagsListed(WEB, NAMES, 57, 57))
NO_LONGER = "This list has expired; send the command again."


def listed(bot: Running) -> Operation:
    """A list of tags that Alice asked for, with its pages."""
    number = bot.connection.incr(keys.NEXT_ID)
    operation = samples.operation(
        id=number,
        actor=SlackUser(TEAM, ALICE),
        origin=Origin("C0SHOP", f"trigger-{number}"),
        request=TagsRequest(WEB),
    )
    store(bot, operation)
    running = operation.moved(State.RUNNING, NOW)
    perform(bot.connection, records.move(operation, running, event_of(running), WORKER_KEY))
    ended = running.moved(State.SUCCEEDED, NOW, outcome=PAGES[0])
    kept = pages.keep(ended, PAGES, (), WORKER_KEY, Retention(), NOW)
    move = records.move(running, ended, event_of(ended), WORKER_KEY, also=kept)
    return perform(bot.connection, move)


def revision(bot: Running, operation: Operation) -> int:
    """How often what its card shows has changed."""
    return int(bot.connection.hget(keys.operation(operation.id), "revision") or 0)


async def test_a_page_button_shows_its_page_however_often_it_is_clicked(bot: Running) -> None:
    operation = listed(bot)
    message = await card(bot, operation, "page:0", "page:2")
    shown = revision(bot, operation)
    for _ in range(2):
        shown += 1
        expected = shown
        await bot.person(BOB).click(message, "page:2")
        await until(lambda: revision(bot, operation) == expected, "the click")  # noqa: B023
        assert bot.operation(operation.id).page == 2
    await bot.person("U0GUEST").click(message, "page:0")
    await bot.workspace.until(lambda one: one.only_for == "U0GUEST")
    assert bot.operation(operation.id).page == 2


@pytest.mark.parametrize("gone", ["pages", "operation"])
async def test_a_list_that_is_no_longer_kept_says_so_to_who_clicks_and_leaves_the_card(
    bot: Running, gone: str
) -> None:
    operation = listed(bot)
    message = await card(bot, operation, "page:0", "page:1")
    bot.connection.delete(getattr(keys, gone)(operation.id))
    await bot.person(BOB).click(message, "page:1")
    told = await bot.workspace.until(lambda one: NO_LONGER in one.words)
    assert told.only_for == BOB
    found = bot.connection.hget(keys.operation(operation.id), "page")
    assert found is None


async def test_the_first_page_stays_as_long_as_the_record(bot: Running) -> None:
    operation = listed(bot)
    message = await card(bot, operation, "page:0")
    shown = revision(bot, operation)
    bot.connection.delete(keys.pages(operation.id))
    await bot.person(BOB).click(message, "page:0")
    await until(lambda: revision(bot, operation) == shown + 1, "the click")


class TestOnTheCard:
    """What the courier draws."""

    @pytest.fixture
    async def workspace(self, slack: LocalSlack) -> AsyncIterator[Workspace]:
        """The Slack, to look at."""
        async with slack.workspace() as workspace:
            yield workspace

    @pytest.fixture
    async def changes(self, valkey_server: ValkeyServer) -> AsyncIterator[Records]:
        """The records as bot and workers change them."""
        async with redis.asyncio.Redis.from_url(valkey_server.url) as connection:
            yield Records(connection)

    async def _listed(self, changes: Records) -> Operation:
        running = await changes.started(request=TagsRequest(WEB), actor=SlackUser(TEAM, ALICE))
        kept = pages.keep(running, PAGES, (), WORKER_KEY, Retention(), NOW)
        also = Transaction(kept, lambda _: None, lambda _: None)
        await perform_async(changes.connection, also)
        return await changes.ended(running, PAGES[0])

    async def _turned(self, changes: Records, operation: Operation, page: int) -> None:
        await changes.connection.hset(keys.operation(operation.id), "page", str(page))
        await changes.connection.hincrby(keys.operation(operation.id), "revision", 1)
        await changes.connection.zadd(keys.CARDS_BEHIND, {str(operation.id): 1})

    async def test_each_page_shows_its_own_rows(
        self,
        slack: LocalSlack,
        valkey_server: ValkeyServer,
        changes: Records,
        workspace: Workspace,
    ) -> None:
        office = Office(slack, valkey_server.url)
        async with office.courier(operation_messages):
            operation = await self._listed(changes)
            first = await workspace.until(lambda one: "1–20 of 57" in one.words)
            assert "v19" in first.words
            assert "v20" not in first.words
            await self._turned(changes, operation, 2)
            last = await workspace.until(lambda one: "41–57 of 57" in one.words)
            assert "v40" in last.words
            assert "v56" in last.words
            assert last.ts == first.ts

    async def test_a_page_that_goes_just_before_it_is_drawn_leaves_the_first(
        self,
        slack: LocalSlack,
        valkey_server: ValkeyServer,
        changes: Records,
        workspace: Workspace,
    ) -> None:
        office = Office(slack, valkey_server.url)
        async with office.courier(operation_messages):
            operation = await self._listed(changes)
            await workspace.until(lambda one: "1–20 of 57" in one.words)
            await changes.connection.delete(keys.pages(operation.id))
            await self._turned(changes, operation, 1)
            await until(lambda: _caught_up(changes), what="the card")
            (message,) = await workspace.messages()
            assert "1–20 of 57" in message.words


async def _caught_up(changes: Records) -> bool:
    return await changes.stale() == 0
