"""The courier between a real Valkey and the local Slack: each card true, once, in time."""

import time
from collections.abc import AsyncIterator, Iterator, MutableMapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
import redis.asyncio
import structlog
from slack_sdk.models.blocks import SectionBlock

from bot.courier.courier import AT_ONCE
from bot.courier.delivery import UPDATE_SECONDS
from bot.courier.pictures import Draw
from bot.slack.sender import Content, MessageKey, Sender, Sent
from bot.views.card import operation_messages
from bot.views.messages import FindingsFile, Message, TextFile
from local_slack import Fault, FaultKind, LocalSlack, Workspace, serve
from local_slack import Message as Seen
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Problem
from quaymaster.findings import Finding, ScannerDatabase, ScanReport, Severity
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Failed
from quaymaster.requests import DeployRequest
from quaymaster.store import cards, keys, reports
from quaymaster.store.cards import Posting
from quaymaster.store.transactions import perform_async
from quaymaster.subjects import OperationSubject
from testing.configurations import SHOP
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import until
from testing.keys import BOT_KEY, SCANNER_KEY, WORKER_KEY
from testing.samples import DIGEST, NOW, WEB, image
from tests.bot.courier.couriers import CHANNELS, Office, Records, card, draw_plainly

pytestmark = pytest.mark.engine

UPDATES = "chat.update"
POSTS = "chat.postMessage"


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


async def shown(
    workspace: Workspace, operation: Operation, state: str, within: float = 30.0
) -> Seen:
    """Wait for the card to show a state."""
    text = f"#{operation.id} {state}"
    return await workspace.until(lambda message: message.text == text, within=within)


async def texts(workspace: Workspace, operation: Operation) -> list[str]:
    """All messages about an operation."""
    messages = await workspace.messages()
    return [message.text for message in messages if f"#{operation.id}" in message.words]


class TestACard:
    async def test_follows_its_record_in_one_message(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        async with office.courier():
            running = await records.started()
            await shown(workspace, running, "running")
            await records.progressed(running, 400)
            await shown(workspace, running, "running 400")
            await records.ended(running)
            await shown(workspace, running, "succeeded")
            await until(lambda: _none_behind(records))
        assert await texts(workspace, running) == [f"#{running.id} succeeded"]

    async def test_that_an_earlier_version_listed_is_drawn(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        """A bot or a worker of that version, which still runs or ended with the list unfinished."""
        running = await records.started()
        await records.connection.delete(keys.CARDS_BEHIND)
        await records.connection.zadd(keys.CARDS_BEHIND, {str(running.id): "inf"})
        async with office.courier():
            await shown(workspace, running, "running")
            await until(lambda: _list_is_empty(records))

    async def test_is_shown_at_once(
        self,
        office: Office,
        records: Records,
        workspace: Workspace,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A wake-up reaches the courier: by itself, it would look again after an hour."""
        monkeypatch.setattr("bot.courier.courier._WAKEUP_SECONDS", 3_600.0)
        async with office.courier():
            for channel in CHANNELS:
                await shown(workspace, await records.asked(channel), "queued")
                await until(lambda: _none_behind(records))

    async def test_of_the_past_is_shown_by_a_courier_that_starts_later(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        ended = await records.ended(await records.started())
        async with office.courier():
            await shown(workspace, ended, "succeeded")
        assert len(await workspace.calls(POSTS)) == 1
        assert len(await workspace.calls(UPDATES)) == 0

    async def test_shows_the_newest_state_and_not_every_state(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        """Also while it changes all the time."""
        await workspace.slow(0.25)
        async with office.courier():
            running = await records.started()
            await shown(workspace, running, "running")
            changes = 0
            while len(updates := (await workspace.calls(UPDATES)).accepted()) < 5:
                for _ in range(10):
                    changes += 1
                    await records.progressed(running, changes)
            # One pause may be hidden by a call that was slow to arrive; none is too short.
            took = updates.calls[4].at - updates.calls[0].at
            assert took > 3 * UPDATE_SECONDS["progress"]
            await shown(workspace, running, f"running {changes}")
            await records.ended(running)
            await shown(workspace, running, "succeeded")
        assert (await workspace.calls()).connections_per_call() <= 0.3

    async def test_that_somebody_deleted_is_posted_again_with_the_next_state(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        async with office.courier():
            running = await records.started()
            await shown(workspace, running, "running")
            await until(lambda: _none_behind(records))
            lost = replace(await records.posting(running), ts="1.000001")
            await perform_async(
                records.connection, cards.note_posting(running.subject, "card", lost)
            )
            await records.ended(running)
            await shown(workspace, running, "succeeded")

    async def test_whose_blocks_slack_does_not_take_is_shown_in_plain_words(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        def draw(operation: Operation, _: Configuration, __: datetime) -> Sequence[Message]:
            many = tuple(SectionBlock(text=str(number)) for number in range(51))
            return [card(operation, f"#{operation.id} {operation.state}", blocks=many)]

        async with office.courier(draw):
            running = await records.started()
            await shown(workspace, running, "running")
            await records.ended(running)
            await shown(workspace, running, "succeeded")
            await until(lambda: _none_behind(records))

    async def test_cannot_ping_a_channel_with_what_came_from_outside(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        problem = Problem("<!channel> *now* `code`", "<@U0BOB>", "<!here>" * 1_000)
        async with office.courier(operation_messages):
            running = await records.started()
            await records.moved(running, State.FAILED, outcome=Failed(problem))
            seen = await workspace.until(lambda message: "now" in message.words)
            await until(lambda: _none_behind(records))
        assert not seen.pings & {"channel", "here", "everyone", "U0BOB"}


class TestOnce:
    @pytest.mark.parametrize("method", [POSTS, "*"])
    async def test_a_post_whose_answer_was_lost_is_one_card(
        self, office: Office, records: Records, workspace: Workspace, method: str
    ) -> None:
        await workspace.fault(Fault(FaultKind.LOST_ANSWER, method, calls=2))
        async with office.courier():
            running = await records.started()
            await records.ended(running)
            await shown(workspace, running, "succeeded")
            await until(lambda: _none_behind(records))
        assert await texts(workspace, running) == [f"#{running.id} succeeded"]

    @pytest.mark.parametrize("slow", [0, 300])
    async def test_a_post_that_a_killed_courier_did_not_note_is_found(
        self, office: Office, records: Records, workspace: Workspace, slack: LocalSlack, slow: int
    ) -> None:
        """Also where its clock was as slow as Slack's signatures allow."""
        running = await records.started()
        attempt = Posting("C0SHOP", "", "0" * 16, time.time() - slow)
        await perform_async(
            records.connection, cards.note_posting(running.subject, "card", attempt)
        )
        async with Sender.opened(slack.world.app.bot_token, slack.api_url) as sender:
            mark = MessageKey(running.subject, "card")
            sent = await sender.post("C0SHOP", Content(f"#{running.id} old", (), mark))
        assert isinstance(sent, Sent)
        async with office.courier():
            message = await shown(workspace, running, "running")
        assert message.ts == sent.ts
        assert await texts(workspace, running) == [f"#{running.id} running"]

    async def test_a_post_that_a_killed_courier_did_not_make_is_made(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        running = await records.started()
        attempt = Posting("C0SHOP", "", "0" * 16, time.time())
        await perform_async(
            records.connection, cards.note_posting(running.subject, "card", attempt)
        )
        async with office.courier():
            await shown(workspace, running, "running")
        assert await texts(workspace, running) == [f"#{running.id} running"]

    async def test_a_file_whose_answer_was_lost_is_one_file_in_the_thread_of_its_card(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        method = "files.completeUploadExternal"
        await workspace.fault(Fault(FaultKind.LOST_ANSWER, method, calls=1))
        async with office.courier(_with_log):
            ended = await records.ended(await records.started())
            await until(lambda: _none_behind(records))
        messages = await workspace.messages("C0SHOP")
        files = [message for message in messages if message.files]
        assert len(files) == 1
        assert files[0].thread_ts == (await records.posting(ended)).ts
        assert await workspace.file(files[0].files[0].id) == b"line\n" * 3

    async def test_two_couriers_show_each_card_once(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        async with office.courier(), office.courier():
            operations = [await records.started(channel) for channel in CHANNELS]
            for running in operations:
                await records.ended(running)
            for running in operations:
                await shown(workspace, running, "succeeded")
        for running in operations:
            assert await texts(workspace, running) == [f"#{running.id} succeeded"]

    async def test_the_next_courier_goes_on_when_one_stops(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        running = await records.started()
        async with office.courier():
            await shown(workspace, running, "running")
            before = await _clients_that_asked(records)

            async def another_asks() -> bool:
                return bool(await _clients_that_asked(records) - before)

            async with office.courier():
                await until(another_asks, "the other to be refused the lease")
        await records.ended(running)
        async with office.courier():
            await shown(workspace, running, "succeeded")


class TestTrouble:
    @pytest.mark.parametrize("kind", [FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR])
    async def test_ten_operations_end_true_after_slack_was_broken_for_a_while(
        self, office: Office, records: Records, workspace: Workspace, kind: FaultKind
    ) -> None:
        async with office.courier():
            running = [await records.started(channel) for channel in CHANNELS * 2]
            await shown(workspace, running[0], "running")
            before = len((await workspace.calls()).calls)
            await workspace.fault(Fault(kind, seconds=8.0, retry_after=1))
            for operation in running:
                await records.ended(operation)
            await until(partial(_nothing_is_broken, workspace), what="the fault's end")
            refused = (await workspace.calls()).calls[before:]
            for operation in running:
                await shown(workspace, operation, "succeeded")
        assert len(refused) <= 30
        for operation in running:
            assert await texts(workspace, operation) == [f"#{operation.id} succeeded"]

    @pytest.mark.parametrize("seconds", [0.1, 2.0])
    async def test_cards_are_posted_in_the_order_of_their_ends_while_slack_refuses(
        self, office: Office, records: Records, workspace: Workspace, seconds: float
    ) -> None:
        """Also those that another courier tried to post, which are looked for first."""
        running = [await records.started() for _ in range(7)]
        by_end = [await records.ended(one) for one in running[::-1]]
        for operation in by_end[::3]:
            attempt = Posting("C0SHOP", "", "0" * 16, time.time() - 10)
            noted = cards.note_posting(operation.subject, "card", attempt)
            await perform_async(records.connection, noted)
        fault = Fault(FaultKind.RATE_LIMITED, POSTS, seconds=seconds, retry_after=1)
        await workspace.fault(fault)
        await workspace.slow(0.1)
        async with office.courier():
            seen = [await shown(workspace, one, "succeeded") for one in by_end]
        by_post = sorted(seen, key=lambda message: message.ts)
        for place, message in enumerate(seen):
            assert abs(by_post.index(message) - place) < AT_ONCE

    async def test_ends_are_shown_although_progress_has_used_its_share_of_the_minute(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        first, *others = [await records.started(channel) for channel in CHANNELS]
        async with office.courier():
            for operation in (first, *others):
                await shown(workspace, operation, "running")
        await records.used_up(40, time.time())
        async with office.courier():
            await records.progressed(first, 500)
            for operation in others:
                await records.ended(operation)
                await shown(workspace, operation, "succeeded")
            assert await texts(workspace, first) == [f"#{first.id} running"]

    async def test_many_operations_stay_within_fifty_updates_a_minute(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        await records.used_up(43, time.time())
        async with office.courier():
            running = [await records.started(channel) for channel in CHANNELS]
            for done in range(1, 101):
                for operation in running:
                    await records.progressed(operation, done)
            for operation in running:
                await records.ended(operation)
            for operation in running:
                await shown(workspace, operation, "succeeded")
        updates = await workspace.calls(UPDATES)
        assert 43 + updates.busiest_minute() <= 50
        assert len(updates.refused("ratelimited")) == 0

    async def test_redis_may_go_away_and_come_back(
        self,
        office: Office,
        records: Records,
        workspace: Workspace,
        valkey_server: ValkeyServer,
        logged: list[MutableMapping[str, Any]],
    ) -> None:
        async with office.courier():
            running = await records.started()
            await shown(workspace, running, "running")
            valkey_server.kill()
            await until(lambda: _cannot_use_redis(logged), what="the courier to notice")
            valkey_server.start()
            await records.connection.connection_pool.disconnect()
            await records.ended(running)
            await shown(workspace, running, "succeeded")
        assert await texts(workspace, running) == [f"#{running.id} succeeded"]

    async def test_redis_may_freeze_for_a_while(
        self,
        office: Office,
        records: Records,
        workspace: Workspace,
        valkey_server: ValkeyServer,
        logged: list[MutableMapping[str, Any]],
    ) -> None:
        async with office.courier():
            running = await records.started()
            await shown(workspace, running, "running")
            valkey_server.freeze()
            await until(lambda: _cannot_use_redis(logged), what="the courier to notice")
            valkey_server.thaw()
            await records.ended(running)
            await shown(workspace, running, "succeeded")
        assert await texts(workspace, running) == [f"#{running.id} succeeded"]

    async def test_slack_may_go_away_and_come_back(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        await workspace.fault(Fault(FaultKind.REFUSED, seconds=3.0))
        async with office.courier():
            ended = await records.ended(await records.started())
            await shown(workspace, ended, "succeeded")
        assert await texts(workspace, ended) == [f"#{ended.id} succeeded"]

    async def test_a_record_that_cannot_be_drawn_does_not_stop_the_others(
        self,
        office: Office,
        records: Records,
        workspace: Workspace,
        logged: list[MutableMapping[str, Any]],
    ) -> None:
        poisoned = await records.started("C0DATA")

        def draw(operation: Operation, *rest: object) -> Sequence[Message]:
            if operation.id == poisoned.id:
                raise ValueError("poison")
            return _plain(operation)

        async with office.courier(draw):
            other = await records.started()
            await shown(workspace, other, "running")
            await records.ended(poisoned)
            seen = await workspace.until(lambda message: "cannot be shown" in message.text)
            assert f"#{poisoned.id} `push` has succeeded" in seen.text
            assert [line for line in logged if f"`{line.get('reference')}`" in seen.text]
            await records.ended(other)
            await shown(workspace, other, "succeeded")

    async def test_a_record_that_cannot_be_read_does_not_stop_the_others(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        broken = await records.started("C0DATA")
        await records.connection.hset(keys.operation(broken.id), "record", "{}")
        async with office.courier():
            await shown(workspace, await records.started(), "running")

    async def test_it_stops_in_time_while_slack_hangs(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        await workspace.slow(60)
        async with office.courier():
            await records.started()
            await until(lambda: _is_noted(records))


class TestWhereTheBotCannotPost:
    async def test_a_card_goes_to_the_person_who_is_told(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        async with office.courier():
            running = await records.started("C0RANDOM")
            await shown(workspace, running, "running")
            await records.ended(running)
            seen = await shown(workspace, running, "succeeded")
            told = await workspace.until(lambda message: "cannot post in" in message.text)
        assert seen.channel == told.channel
        assert seen.channel.startswith("D")
        assert "<#C0RANDOM>" in told.text
        assert len(await texts(workspace, running)) == 2

    @pytest.mark.parametrize("channel", ["C0RANDOM", "C0SECRET", "C0OLD"])
    async def test_the_card_of_a_deploy_goes_to_the_channel_of_its_service(
        self, office: Office, records: Records, workspace: Workspace, channel: str
    ) -> None:
        request = DeployRequest(image(), "staging", "web")
        async with office.courier():
            running = await records.started(channel, request=request)
            seen = await shown(workspace, running, "running")
            told = await workspace.until(lambda message: "cannot post in" in message.text)
        assert seen.channel == "C0SHOP"
        assert "is in <#C0SHOP>" in told.text
        assert told.channel.startswith("D")

    async def test_a_bot_that_is_sent_away_goes_on_elsewhere(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        async with office.courier():
            running = await records.started("C0DATA")
            await shown(workspace, running, "running")
            await workspace.set_channel("C0DATA", archived=True)
            await records.ended(running)
            assert (await shown(workspace, running, "succeeded")).channel.startswith("D")

    @pytest.mark.parametrize(("channel", "is_private"), [("C0SHOP", True), ("C0RANDOM", False)])
    async def test_a_private_answer_reaches_the_person(
        self,
        office: Office,
        records: Records,
        workspace: Workspace,
        channel: str,
        is_private: bool,
    ) -> None:
        def draw(operation: Operation, *rest: object) -> Sequence[Message]:
            user = operation.requester
            return [card(operation, f"#{operation.id} no", slot="private", only_for=user)]

        async with office.courier(draw):
            operation = await records.asked(channel)
            message = await shown(workspace, operation, "no")
            await until(lambda: _none_behind(records))
        assert (message.only_for == "U024BE7LH") is is_private
        assert message.channel == channel if is_private else message.channel.startswith("D")

    @pytest.mark.filterwarnings("ignore:The top-level `text`:UserWarning")
    async def test_nothing_is_dropped_when_slack_takes_a_message_nowhere(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        def draw(operation: Operation, *rest: object) -> Sequence[Message]:
            return [card(operation, "")]  # Slack: no_text

        async with office.courier(draw):
            operation = await records.asked()
            told = await workspace.until(lambda message: "`no_text`" in message.text)
        assert f"#{operation.id}" in told.text
        assert (await records.posting(operation)).was_given_up


class TestAFindingsFile:
    async def test_holds_the_whole_report(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        finding = Finding("CVE-2026-1", "openssl", "1.0", "1.1", Severity.HIGH, "Title")
        report = ScanReport(WEB, DIGEST, ScannerDatabase("v1", NOW), NOW, (finding,))
        await perform_async(records.connection, reports.keep(report, SCANNER_KEY))
        assert b"CVE-2026-1" in await self._content(office, records, workspace)

    async def test_that_is_not_kept_any_more_says_so(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        assert b"no longer kept" in await self._content(office, records, workspace)

    async def test_that_somebody_else_wrote_is_not_shown(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        report = ScanReport(WEB, DIGEST, ScannerDatabase("v1", NOW), NOW, ())
        await perform_async(records.connection, reports.keep(report, BOT_KEY))
        content = await self._content(office, records, workspace)
        assert b"it is signed by the bot, which may not sign one" in content

    async def test_of_an_image_of_a_host_holds_what_its_worker_found(
        self, office: Office, records: Records, workspace: Workspace
    ) -> None:
        finding = Finding("CVE-2026-2", "openssl", "1.0", "1.1", Severity.HIGH, "Title")
        report = ScanReport(WEB, DIGEST, ScannerDatabase("v1", NOW), NOW, (finding,))
        local = reports.keep_local("build1", report, WORKER_KEY)
        await perform_async(records.connection, local)
        content = await self._content(office, records, workspace, _with_findings_of_a_host)
        assert b"CVE-2026-2" in content

    async def _content(
        self, office: Office, records: Records, workspace: Workspace, draw: Draw | None = None
    ) -> bytes:
        async with office.courier(draw or _with_findings):
            await records.ended(await records.started())
            seen = await workspace.until(lambda message: bool(message.files))
        return await workspace.file(seen.files[0].id)


def _plain(operation: Operation) -> Sequence[Message]:
    return draw_plainly(operation, SHOP, datetime.now(UTC))


def _with_log(operation: Operation, *rest: object) -> Sequence[Message]:
    shown = _plain(operation)
    if not operation.state.is_terminal:
        return shown
    file = TextFile(f"log-{operation.id}.txt", "Log", "line\n" * 3)
    return [*shown, card(operation, "The log", slot="log", reply_to="card", file=file)]


def _with_findings(operation: Operation, *rest: object) -> Sequence[Message]:
    shown = _plain(operation)
    if not operation.state.is_terminal:
        return shown
    file = FindingsFile(f"findings-{operation.id}.txt", "Findings", DIGEST, "v1")
    return [*shown, card(operation, "All", slot="findings", reply_to="card", file=file)]


def _with_findings_of_a_host(operation: Operation, *rest: object) -> Sequence[Message]:
    return [
        replace(one, file=replace(one.file, host="build1"))
        if isinstance(one.file, FindingsFile)
        else one
        for one in _with_findings(operation)
    ]


async def _nothing_is_broken(workspace: Workspace) -> bool:
    return not await workspace.faults()


async def _list_is_empty(records: Records) -> bool:
    return not await records.connection.exists(keys.CARDS_BEHIND)


async def _none_behind(records: Records) -> bool:
    return await records.stale() == 0


async def _clients_that_asked(records: Records) -> set[str]:
    """The connections whose latest command was a transaction."""
    rows = await records.connection.client_list()
    return {row["id"] for row in rows if row["cmd"] == "evalsha"}


def _cannot_use_redis(logged: Sequence[MutableMapping[str, Any]]) -> bool:
    return any(line["event"] == "the courier cannot use Redis" for line in logged)


async def _is_noted(records: Records) -> bool:
    return bool(await records.connection.keys(keys.card(OperationSubject(1001))))
