"""A Redis that has no room left: what a job found out is written when there is some."""

import threading
from datetime import timedelta

import pytest
import redis

from quaymaster.errors import NoRoom
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Origin, State
from quaymaster.outcomes import Ended
from quaymaster.retention import Retention
from quaymaster.store import expiry, keys, leases, records
from quaymaster.store.transactions import perform
from testing.keys import BOT_KEY, WORKER_KEY
from testing.samples import NOW, operation
from tests.workers.services import wait_for
from tests.workers.toolboxes import now, recorded, running, toolbox
from workers import run as worker_run

pytestmark = pytest.mark.engine


def refused(connection: redis.Redis) -> int:
    """How often the server had no room."""
    stats = connection.info("errorstats")
    return int(stats.get("errorstat_OOM", {"count": 0})["count"])


def test_an_end_is_tried_again_for_as_long_as_there_is_no_room(
    valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also longer than a Redis that is away is waited for: nobody else could take it over."""
    monkeypatch.setattr(worker_run, "_SAVE_WITHIN_SECONDS", 0.1)
    before = recorded(valkey, operation())
    job = running(_moved(valkey, before, State.RUNNING), valkey)
    after = job.operation.moved(State.CANCELLED, NOW, outcome=Ended("Enough."))
    valkey.config_set("maxmemory", 1)
    saving = threading.Thread(target=worker_run._save, args=(job, after, toolbox(valkey)))
    saving.start()
    try:
        wait_for(lambda: refused(valkey) >= 3)
        assert now(valkey, before).state is State.RUNNING
    finally:
        valkey.config_set("maxmemory", 0)
        saving.join(10)
    assert now(valkey, before).state is State.CANCELLED


def test_a_transaction_without_room_leaves_nothing_of_itself(valkey: redis.Redis) -> None:
    valkey.config_set("maxmemory", 1)
    with pytest.raises(NoRoom, match="refuses changes"):
        recorded(valkey, operation())
    assert valkey.keys("quaymaster:*") == []


def test_leases_are_renewed_and_given_back_without_room(valkey: redis.Redis) -> None:
    assert perform(valkey, leases.take("a", "me", 60_000))
    valkey.config_set("maxmemory", 1)
    assert perform(valkey, leases.renew("a", "me", 60_000))
    assert perform(valkey, leases.give_back("a", "me"))


def test_what_is_over_is_dropped_without_room(valkey: redis.Redis) -> None:
    before = recorded(valkey, operation(origin=Origin("C0SHOP", "old")))
    _moved(valkey, before, State.CANCELLED)
    valkey.config_set("maxmemory", 1)
    assert expiry.sweep(valkey, Retention(), NOW + timedelta(days=91)) == 1
    assert not valkey.exists(keys.operation(before.id))


def _moved(connection: redis.Redis, before: Operation, state: State) -> Operation:
    key = WORKER_KEY if state is State.RUNNING else BOT_KEY
    after = before.moved(state, NOW)
    return perform(connection, records.move(before, after, event_of(after), key))
