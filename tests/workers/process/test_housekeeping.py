"""What runs beside the workers goes on until it is told to stop."""

import asyncio

import pytest
import redis
import structlog

from quaymaster.audit.check import verify
from quaymaster.journal import event_of
from quaymaster.operations import State
from quaymaster.store import keys, records
from quaymaster.store.transactions import ask, perform
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import until
from testing.keys import BOT_KEY, RING, WORKER, WORKER_KEY
from testing.samples import operation
from tests.quaymaster.audit.audits import entry_in
from tests.workers.toolboxes import now
from workers.process.housekeeping import look_after_operations

pytestmark = pytest.mark.engine


async def test_an_error_that_nobody_foresaw_does_not_end_the_work_beside(
    valkey: redis.Redis,
) -> None:
    """An audit whose last line is no entry stops the chaining, and nothing else."""
    valkey.rpush(keys.AUDIT, "not an entry")
    before = operation(state=State.RUNNING)
    perform(valkey, records.accept(before, event_of(before), WORKER_KEY))
    stop = asyncio.Event()
    looking = asyncio.create_task(look_after_operations(valkey, WORKER, stop))
    try:
        await until(lambda: now(valkey, before).state is State.QUEUED)
        valkey.delete(keys.AUDIT)
        await until(lambda: valkey.llen(keys.JOURNAL) == 0)
    finally:
        stop.set()
        await looking
    assert verify(valkey.lrange(keys.AUDIT, 0, -1), RING).entries == 2


async def test_redis_may_go_away_and_come_back(
    valkey: redis.Redis, valkey_server: ValkeyServer
) -> None:
    stop = asyncio.Event()
    looking = asyncio.create_task(look_after_operations(valkey, WORKER, stop))
    try:
        with structlog.testing.capture_logs() as logged:
            valkey_server.kill()
            await until(lambda: any(line["event"] == "waiting for Redis" for line in logged))
        valkey_server.start()
        before = operation()
        perform(valkey, records.accept(before, event_of(before), BOT_KEY))
        await until(lambda: valkey.llen(keys.AUDIT) == 1)
    finally:
        stop.set()
        await looking
    (line,) = valkey.lrange(keys.AUDIT, 0, -1)
    assert not entry_in(line).refused
    assert ask(valkey, records.open_ids()) == (1042,)
