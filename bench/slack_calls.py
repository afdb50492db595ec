"""The calls to Slack while ten operations report their progress."""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import redis

from bench.bed import Bed
from bench.programs import cards_behind, ready_worker
from bench.row import Row
from local_slack import CallLog, LocalSlack
from quaymaster.actors import SlackUser
from quaymaster.journal import event_of
from quaymaster.operations import Origin, State
from quaymaster.outcomes import Ended
from quaymaster.progress import Progress
from quaymaster.store import leases, records
from quaymaster.store.transactions import perform
from testing import samples
from testing.engines.waiting import wait_until
from testing.keys import BOT_KEY, RING, SCANNER_KEY, WORKER_KEY
from testing.system import SystemKeys
from workers.work.running import RunningOperation

_ALONE_SECONDS = 20.0
"""How long the first one is alone: what it reports then is within the budget."""
_JOIN_SECONDS = 1.0
_ENDS = (74.0, 76.0, 78.0, 80.0, 82.0, 84.0, 84.0, 84.0, 84.0, 84.0)
"""When each ends, in seconds from the beginning: some apart, some at the same moment."""
_TELL_SECONDS = 0.5
_TICK_SECONDS = 0.05
_LEASE_MILLISECONDS = 600_000
_UNDER_WAY_SECONDS = 0.1
"""A call that began before an operation ended may arrive so much later."""
_UPDATE = "chat.update"
_MEGABYTES = re.compile(r"([\d.]+) MB of")
_NUMBER = re.compile(r"\(#(\d+)\)")


def slack_calls(bed: Bed) -> Iterable[Row]:
    """Ten operations for a bit over a minute, Slack's own rate limits, the product's courier."""
    with (
        bed.system(rate_limits=True) as system,
        closing(system.connection()) as connection,
    ):
        system.keys = SystemKeys(BOT_KEY, WORKER_KEY, SCANNER_KEY, RING)
        ready_worker(system, "registry")
        reporters, updates, calls = asyncio.run(_reports_and_updates(connection, system.slack))
    yield Row(
        "updates of cards in the busiest minute", calls.of(_UPDATE).busiest_minute(), "", "", 50
    )
    late = _latest_while_alone(reporters[0], updates)
    yield Row("newest state shown late while the budget lasts", late, "s", "", 2)
    ends = {one.id: next(s for s in updates if s.id == one.id and s.has_ended) for one in reporters}
    late = max(ends[one.id].at - one.ended_at for one in reporters)
    yield Row("ten final states shown late, the latest", late, "s", "", 2)
    before = sum(_updates_before(one, ends[one.id], updates) for one in reporters)
    yield Row("progress of others shown before a final state", before, "", "", 0)
    yield Row("calls that Slack refused", len(calls) - len(calls.accepted()), "", "", 0)
    yield Row("new connections for each call", calls.connections_per_call(), "", "", 0.05)


@dataclass(slots=True)
class _Reporter:
    """An operation without a worker, and when each step of it was reported."""

    running: RunningOperation
    steps: list[float] = field(default_factory=list)
    """When each megabyte was reported."""
    ended_at: float = 0.0

    @property
    def id(self) -> int:
        """Its number."""
        return self.running.operation.id

    def tell(self) -> None:
        """One megabyte more, at most twice a second."""
        now = time.time()
        if self.steps and now - self.steps[-1] < _TELL_SECONDS:
            return
        done = len(self.steps) + 1
        self.steps.append(now)
        progress = Progress("pushing", done * 1_000_000, 500_000_000, 1, 10, 1.0 + done)
        held = self.running.lease
        perform(self.running.connection, records.progressed(self.id, progress, held))

    def end(self) -> None:
        """It has succeeded."""
        self.ended_at = time.time()
        _move(self.running, State.SUCCEEDED, outcome=Ended("Nothing was pushed."))


@dataclass(frozen=True, slots=True)
class _Update:
    """A version of a card, and when a client that watches the channel saw it."""

    at: float
    id: int
    megabytes: int
    has_ended: bool


async def _reports_and_updates(
    connection: redis.Redis, slack: LocalSlack
) -> tuple[Sequence[_Reporter], Sequence[_Update], CallLog]:
    updates: list[_Update] = []
    over = asyncio.Event()
    watching = asyncio.create_task(_watch(slack, updates, over))
    reporters = await asyncio.to_thread(_ten_operations, connection)
    over.set()
    await watching
    async with slack.workspace() as workspace:
        return reporters, updates, await workspace.calls()


async def _watch(slack: LocalSlack, updates: list[_Update], over: asyncio.Event) -> None:
    newest = 0
    async with slack.workspace() as workspace:
        while not over.is_set():
            changes = await workspace.changes(newest, wait=1)
            now = time.time()
            for change in changes:
                newest = change.number
                words = str(change.data)
                number, done = _NUMBER.search(words), _MEGABYTES.search(words)
                if number is not None:
                    megabytes = round(float(done[1])) if done else 0
                    has_ended = "Nothing was pushed" in words
                    updates.append(_Update(now, int(number[1]), megabytes, has_ended))


def _ten_operations(connection: redis.Redis) -> Sequence[_Reporter]:
    began = time.monotonic()
    reporters: list[_Reporter] = []
    while not reporters or any(not one.ended_at for one in reporters):
        elapsed = time.monotonic() - began
        joins = _ALONE_SECONDS + len(reporters) * _JOIN_SECONDS if reporters else 0.0
        if len(reporters) < len(_ENDS) and elapsed >= joins:
            reporters.append(_Reporter(_begun(connection, len(reporters) + 1)))
        for one, ends in zip(reporters, _ENDS, strict=False):
            if elapsed >= ends and not one.ended_at:
                one.end()
            elif not one.ended_at:
                one.tell()
        time.sleep(_TICK_SECONDS)
    wait_until(lambda: not cards_behind(connection), within=30, what="the last cards")
    return reporters


def _begun(connection: redis.Redis, number: int) -> RunningOperation:
    """An operation that a worker has just begun."""
    now = datetime.now(UTC)
    operation = samples.operation(
        id=number,
        actor=SlackUser("T0SHOP", "U024BE7LH"),
        origin=Origin("C0SHOP", f"trigger-{number}"),
        requested_at=now,
        changed_at=now,
    )
    perform(connection, records.accept(operation, event_of(operation), BOT_KEY))
    running = RunningOperation(operation, connection)
    name = records.lease_name(number)
    perform(connection, leases.take(name, running.owner, _LEASE_MILLISECONDS))
    _move(running, State.RUNNING, started_at=now)
    return running


def _move(work: RunningOperation, state: State, **changes: object) -> None:
    after = work.operation.moved(state, datetime.now(UTC), **changes)
    move = records.move(work.operation, after, event_of(after), WORKER_KEY)
    work.operation = perform(work.connection, move)


def _latest_while_alone(reporter: _Reporter, updates: Sequence[_Update]) -> float:
    """The longest time that the card showed an older step than the newest reported one."""
    until = reporter.steps[0] + _ALONE_SECONDS
    cards = [one for one in updates if one.id == reporter.id and one.at < until]
    return max(later.at - reporter.steps[before.megabytes] for before, later in pairwise(cards))


def _updates_before(reporter: _Reporter, end: _Update, updates: Sequence[_Update]) -> int:
    """Cards that did not show an end, between this end and its card."""
    begun = reporter.ended_at + _UNDER_WAY_SECONDS
    return sum(begun < one.at < end.at and not one.has_ended for one in updates)
