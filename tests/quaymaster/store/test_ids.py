"""Lists of operations: what else somebody put into them holds up nobody."""

from datetime import timedelta
from typing import Any, cast

import pytest
import redis

from quaymaster.journal import event_of
from quaymaster.operations import State
from quaymaster.retention import Retention
from quaymaster.store import cards, expiry, keys, records
from quaymaster.store.ids import ids_in
from quaymaster.store.transactions import ask, perform
from quaymaster.subjects import OperationSubject
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.samples import NOW, operation

pytestmark = pytest.mark.engine

STRAYS: tuple[str | bytes, ...] = ("abc", "-5", "07", "", b"\xff", "9" * 5000)


def test_only_what_is_written_as_an_id_is_one() -> None:
    members = [one.encode() if isinstance(one, str) else one for one in STRAYS]
    assert ids_in([b"7", *members, b"1042"]) == (7, 1042)


def test_every_list_is_read_all_the_same(valkey: redis.Redis) -> None:
    before = operation()
    perform(valkey, records.accept(before, event_of(before), BOT_KEY))
    valkey.sadd(keys.OPEN, *STRAYS)
    for where in (keys.RECENT, keys.CARDS_BEHIND):
        for stray in STRAYS:
            cast("Any", valkey).zadd(where, {stray: 0.0})
    assert ask(valkey, records.open_ids()) == (1042,)
    assert ask(valkey, records.recent_ids(50)) == (1042,)
    behind = ask(valkey, cards.stale(50))
    assert behind == cards.Behind({OperationSubject(1042): None}, unreadable=len(STRAYS))
    assert [ask(valkey, one) for one in records.known_ids()] == [1, 1042, 1042, 0, 0, 0]


def test_what_is_over_is_dropped_all_the_same(valkey: redis.Redis) -> None:
    before = operation()
    perform(valkey, records.accept(before, event_of(before), BOT_KEY))
    ended = before.moved(State.CANCELLED, NOW)
    perform(valkey, records.move(before, ended, event_of(ended), BOT_KEY))
    more = {f"stray {number}": 0.0 for number in range(2 * expiry.AT_ONCE)}
    valkey.zadd(keys.ENDED, more)
    assert expiry.sweep(valkey, Retention(), NOW + timedelta(days=400)) == 1
    assert ask(valkey, records.load(1042, RING)) is None
    assert valkey.zcard(keys.ENDED) == 0


def test_what_is_no_revision_is_counted_anew(valkey: redis.Redis) -> None:
    """Else the record of the move would be stored, and nothing that belongs to it."""
    before = operation()
    perform(valkey, records.accept(before, event_of(before), BOT_KEY))
    valkey.hset(keys.operation(1042), "revision", "abc")
    ended = before.moved(State.FAILED, NOW)
    perform(valkey, records.move(before, ended, event_of(ended), WORKER_KEY))
    stored = ask(valkey, records.load(1042, RING))
    assert stored is not None
    assert (stored.operation, stored.revision) == (ended, 1)
    assert ask(valkey, records.open_ids()) == ()
    assert valkey.llen(keys.JOURNAL) == 2
