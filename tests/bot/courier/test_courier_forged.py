"""The courier and records that do not verify: nothing of them is shown, and nobody waits for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import redis.asyncio
import structlog

from bot.views.card import operation_messages
from local_slack import LocalSlack, Workspace, serve
from local_slack import Message as Seen
from quaymaster.operations import Operation, State
from quaymaster.requests import DeployRequest
from quaymaster.store import cards, keys
from quaymaster.store import records as store
from quaymaster.store.cards import Posting
from quaymaster.store.transactions import ask_async, perform_async
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import until
from testing.keys import WORKER, WORKER_KEY
from testing.samples import image, plan, rule
from tests.bot.courier.couriers import Office, Records, draw_plainly
from tests.tampering import altered, as_newer_record
from workers.reconciler import Reconciler

pytestmark = pytest.mark.engine

UPDATES = "chat.update"
POSTS = "chat.postMessage"
WARNING = "was not written by Quaymaster"


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged; the default picture of a traceback takes longer than a card may."""
    with structlog.testing.capture_logs() as logs:
        yield logs


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with serve() as running:
        yield running


@pytest.fixture
async def workspace(slack: LocalSlack) -> AsyncIterator[Workspace]:
    async with slack.workspace() as workspace:
        yield workspace


@pytest.fixture
def office(slack: LocalSlack, valkey_server: ValkeyServer) -> Office:
    return Office(slack, valkey_server.url)


@pytest.fixture
async def records(valkey_server: ValkeyServer) -> AsyncIterator[Records]:
    async with redis.asyncio.Redis.from_url(valkey_server.url) as connection:
        yield Records(connection)


async def waiting(records: Records) -> Operation:
    """A deploy that waits for approval, with a copy of its card for the approvers."""
    now = datetime.now(UTC)
    asked = plan(rule=rule(expires_at=now.replace(year=now.year + 1), channel="C0RELEASE"))
    return await records.asked(
        request=DeployRequest(image(), "production", "web"),
        state=State.AWAITING_APPROVAL,
        queue="host:app1",
        plan=asked,
    )


async def drawn(records: Records, operation: Operation) -> None:
    """Have its card drawn."""
    await perform_async(records.connection, store.redraw(operation.id, {}))


async def forge(records: Records, operation: Operation, field: str = "record") -> None:
    """Change a field behind the back of everybody, and have the card drawn."""
    where = keys.operation(operation.id)
    text = await records.connection.hget(where, field)
    await records.connection.hset(where, field, altered(text))
    await drawn(records, operation)


async def cards_of(workspace: Workspace, operation: Operation) -> dict[str, Seen]:
    """The messages about an operation by their channels."""
    messages = await workspace.messages()
    return {one.channel: one for one in messages if f"#{operation.id}" in one.text}


async def caught_up(records: Records) -> None:
    """Wait until no card is stale."""
    await until(lambda: _none_behind(records))


async def _none_behind(records: Records) -> bool:
    return await records.stale() == 0


async def show(records: Records, workspace: Workspace) -> Operation:
    """A deploy whose card and copy are in Slack, with their buttons."""
    operation = await waiting(records)
    await drawn(records, operation)
    await caught_up(records)
    cards = await cards_of(workspace, operation)
    assert {channel: one.buttons for channel, one in cards.items()} == {
        "C0SHOP": ("approve", "reject"),
        "C0RELEASE": ("approve", "reject"),
    }
    return operation


async def test_a_forged_record_is_a_warning_without_buttons_wherever_it_is_shown(
    office: Office, records: Records, workspace: Workspace
) -> None:
    async with office.courier(operation_messages):
        operation = await show(records, workspace)
        await forge(records, operation)
        await caught_up(records)
        posts = len(await workspace.calls(POSTS))
        cards = await cards_of(workspace, operation)
    assert posts == 2
    assert set(cards) == {"C0SHOP", "C0RELEASE"}
    for one in cards.values():
        assert WARNING in one.text
        assert "quaymaster audit verify" in one.text
        assert one.buttons == ()
        assert one.blocks in (None, [], ())
        assert "shop/web" not in one.words


@pytest.mark.parametrize("field", ["plan", "submission"])
async def test_a_forged_part_is_as_bad_as_a_forged_record(
    office: Office, records: Records, workspace: Workspace, field: str
) -> None:
    async with office.courier(operation_messages):
        operation = await show(records, workspace)
        await forge(records, operation, field)
        await caught_up(records)
        cards = await cards_of(workspace, operation)
    assert [(WARNING in one.text, one.buttons) for one in cards.values()] == [(True, ())] * 2


async def test_a_warning_costs_one_call_for_each_message(
    office: Office, records: Records, workspace: Workspace
) -> None:
    async with office.courier(operation_messages):
        operation = await show(records, workspace)
        before = len(await workspace.calls(UPDATES))
        for _ in range(3):
            await forge(records, operation)
            await caught_up(records)
        assert len(await workspace.calls(UPDATES)) == before + 2


async def test_nothing_is_posted_where_nothing_was(
    office: Office, records: Records, workspace: Workspace
) -> None:
    operation = await waiting(records)
    await forge(records, operation)
    async with office.courier(operation_messages):
        await caught_up(records)
        genuine = await records.asked()
        await workspace.until(lambda one: f"#{genuine.id}" in one.text)
        assert await cards_of(workspace, operation) == {}


async def test_what_is_no_record_at_all_is_taken_off_the_list(
    office: Office, records: Records, workspace: Workspace
) -> None:
    await records.connection.hset(keys.operation(5), "record", "{")
    await records.connection.zadd(keys.CARDS_BEHIND, {"5": 1.0})
    async with office.courier(operation_messages):
        await caught_up(records)
    assert await workspace.messages() == ()


async def test_what_the_courier_cannot_update_is_not_posted_anew(
    office: Office, records: Records, workspace: Workspace
) -> None:
    async with office.courier(operation_messages):
        operation = await show(records, workspace)
        lost = replace(await records.posting(operation), ts="1.000001")
        await perform_async(records.connection, cards.note_posting(operation.subject, "card", lost))
        await forge(records, operation)
        await caught_up(records)
        assert len(await workspace.calls(POSTS)) == 2


async def test_files_and_alerts_stay_as_they_were(
    office: Office, records: Records, workspace: Workspace
) -> None:
    async with office.courier(operation_messages):
        operation = await show(records, workspace)
        for slot in ("findings", "alert:C0SECURITY", "notice:card"):
            noted = Posting("C0SECURITY", "1.000001", "as it was", 1.0)
            await perform_async(
                records.connection, cards.note_posting(operation.subject, slot, noted)
            )
        before = len(await workspace.calls(UPDATES))
        await forge(records, operation)
        await caught_up(records)
        assert len(await workspace.calls(UPDATES)) == before + 2


async def test_once_it_is_ended_the_card_and_its_copy_show_the_true_end(
    office: Office, records: Records, workspace: Workspace, valkey: redis.Redis
) -> None:
    async with office.courier(operation_messages):
        operation = await show(records, workspace)
        await forge(records, operation)
        await caught_up(records)
        await asyncio.to_thread(Reconciler(valkey, WORKER).look, datetime.now(UTC))
        await caught_up(records)
        cards = await cards_of(workspace, operation)
    assert set(cards) == {"C0SHOP", "C0RELEASE"}
    for one in cards.values():
        assert WARNING not in one.words
        assert "Deploy shop/web:1.4 to production/web" in one.words
        assert "its signature does not fit" in one.words
        assert one.buttons == ()


async def test_the_copy_is_true_too_where_it_was_ended_before_anybody_was_warned(
    office: Office, records: Records, workspace: Workspace, valkey: redis.Redis
) -> None:
    async with office.courier(operation_messages):
        operation = await show(records, workspace)
    await forge(records, operation)
    await asyncio.to_thread(Reconciler(valkey, WORKER).look, datetime.now(UTC))
    async with office.courier(operation_messages):
        await caught_up(records)
        cards = await cards_of(workspace, operation)
    assert [one.buttons for one in cards.values()] == [(), ()]
    assert all("its signature does not fit" in one.words for one in cards.values())


async def test_what_was_asked_for_is_forged_too_so_the_warning_stays(
    office: Office, records: Records, workspace: Workspace, valkey: redis.Redis
) -> None:
    async with office.courier(operation_messages):
        operation = await show(records, workspace)
    await forge(records, operation, "submission")
    await asyncio.to_thread(Reconciler(valkey, WORKER).look, datetime.now(UTC))
    assert await ask_async(records.connection, store.open_ids()) == ()
    async with office.courier(operation_messages):
        await caught_up(records)
        cards = await cards_of(workspace, operation)
    assert [(WARNING in one.text, one.buttons) for one in cards.values()] == [(True, ())] * 2


async def as_newer(records: Records, operation: Operation) -> Any:
    """Have the record written by a newer Quaymaster; what stood there before."""
    where = keys.operation(operation.id)
    genuine: Any = await records.connection.hget(where, "record")
    newer = as_newer_record(genuine, operation.id, WORKER_KEY)
    await records.connection.hset(where, "record", newer)
    return genuine


async def test_a_message_is_drawn_again_whatever_is_noted_that_it_shows(
    office: Office, records: Records, workspace: Workspace
) -> None:
    async with office.courier(operation_messages):
        operation = await show(records, workspace)
        before = len(await workspace.calls(UPDATES))
        noted = await ask_async(records.connection, cards.postings(operation.subject))
        assert await perform_async(records.connection, store.redraw(operation.id, noted))
        await caught_up(records)
        assert len(await workspace.calls(UPDATES)) == before + 2


class TestWrittenByANewerQuaymaster:
    async def test_it_is_left_as_it_is_for_a_newer_courier(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        async with office.courier(operation_messages):
            operation = await show(records, workspace)
            before = await cards_of(workspace, operation)
            calls = len(await workspace.calls(UPDATES))
            genuine = await as_newer(records, operation)
            await drawn(records, operation)
            other = await records.asked()
            await workspace.until(lambda one: f"#{other.id}" in one.text)
            await until(lambda: _only_behind(records, operation))
            assert await cards_of(workspace, operation) == before
            assert len(await workspace.calls(UPDATES)) == calls
        await records.connection.hset(keys.operation(operation.id), "record", genuine)
        async with office.courier(draw_plainly):  # one that can read it
            await caught_up(records)
        cards = await cards_of(workspace, operation)
        assert cards["C0SHOP"].text == f"#{operation.id} awaiting_approval"

    async def test_however_many_there_are_the_others_are_drawn(
        self,
        office: Office,
        records: Records,
        workspace: Workspace,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Those that have ended stand first on the list, of which a part is looked at."""
        monkeypatch.setattr("bot.courier.courier._STALE_AT_ONCE", 2)
        newer = [await records.ended(await records.started()) for _ in range(4)]
        for one in newer:
            await as_newer(records, one)
        async with office.courier(draw_plainly):
            other = await records.asked()
            await workspace.until(lambda one: f"#{other.id} queued" in one.text)
        assert await records.stale() == 4

    async def test_of_a_kind_that_is_not_known_here_they_hold_up_no_others(
        self,
        office: Office,
        records: Records,
        workspace: Workspace,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """They stay on the list, for a newer courier."""
        monkeypatch.setattr("bot.courier.courier._STALE_AT_ONCE", 2)
        unknown = {f"alert:production/{name}": 1.0 for name in ("web", "order", "db")}
        await records.connection.zadd(keys.CARDS_BEHIND, unknown)
        async with office.courier(draw_plainly):
            operation = await records.asked()
            await workspace.until(lambda one: f"#{operation.id} queued" in one.text)
            await until(lambda: _holds_only(records, unknown))

    async def test_it_is_looked_at_ever_more_seldom(
        self, office: Office, records: Records, logged: list[MutableMapping[str, Any]]
    ) -> None:
        operation = await waiting(records)
        await as_newer(records, operation)
        await drawn(records, operation)
        before = await _calls(records, "hmget")
        async with office.courier(operation_messages):
            waits = await _calls(records, "blpop")
            await until(lambda: _has_called(records, "blpop", waits + 2))  # a second each
        assert await _calls(records, "hmget") - before < 15
        left = [one for one in logged if one["event"] == "a card is left to a newer courier"]
        assert [one["subject"] for one in left] == [str(operation.subject)]


async def _only_behind(records: Records, operation: Operation) -> bool:
    behind = await ask_async(records.connection, cards.stale(9))
    return list(behind.subjects) == [operation.subject]


async def _holds_only(records: Records, members: Mapping[str, float]) -> bool:
    left = await records.connection.zrange(keys.CARDS_BEHIND, 0, -1)
    return sorted(left) == sorted(one.encode() for one in members)


async def _calls(records: Records, command: str) -> int:
    """How often a command was carried out: a record is read with one, the bell with another."""
    commands = await records.connection.info("commandstats")
    return int(commands.get(f"cmdstat_{command}", {}).get("calls", 0))


async def _has_called(records: Records, command: str, times: int) -> bool:
    return await _calls(records, command) >= times
