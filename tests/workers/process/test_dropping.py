"""Beside the workers, what is over is dropped until they are told to stop."""

import asyncio
from datetime import timedelta

import pytest
import redis

from quaymaster.journal import event_of
from quaymaster.operations import State
from quaymaster.outcomes import Ended
from quaymaster.retention import Retention
from quaymaster.store import keys, records
from quaymaster.store.transactions import perform
from testing.engines.valkey import ValkeyServer
from testing.keys import BOT_KEY
from testing.samples import NOW, operation
from tests.workers.services import wait_for
from tests.workers.toolboxes import recorded
from workers.process import housekeeping

pytestmark = pytest.mark.engine


async def test_what_is_over_is_dropped_also_after_redis_was_away(
    valkey: redis.Redis, valkey_server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "SWEEP_SECONDS", 0.05)
    stop = asyncio.Event()
    keep = Retention(operations=timedelta(seconds=1))
    dropping = asyncio.create_task(housekeeping.drop_what_is_over(valkey, keep, stop))
    try:
        valkey_server.kill()
        valkey_server.start()
        before = recorded(valkey, operation())
        ended = before.moved(State.CANCELLED, NOW - timedelta(days=1), outcome=Ended("Enough."))
        perform(valkey, records.move(before, ended, event_of(ended), BOT_KEY))
        await asyncio.to_thread(wait_for, lambda: not valkey.exists(keys.operation(before.id)))
    finally:
        stop.set()
        await dropping
