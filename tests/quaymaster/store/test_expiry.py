"""What has ended is dropped when its time is over; what is open never is."""

from datetime import datetime, timedelta

import pytest
import redis

from quaymaster.findings import ScannerDatabase, ScanReport
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Origin, State
from quaymaster.outcomes import Ended
from quaymaster.requests import TagsRequest
from quaymaster.retention import Retention
from quaymaster.store import cards, expiry, keys, records, reports
from quaymaster.store.cards import Posting
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.transactions import ask, perform
from quaymaster.subjects import OperationSubject
from testing.engines.valkey import ValkeyServer
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.samples import DIGEST, NOW, WEB, operation

pytestmark = pytest.mark.engine

KEEP = Retention(timedelta(days=90), timedelta(days=30), timedelta(days=1))
POSTING = Posting("C0SHOP", "1.2", "shown", 1.0)


def _recorded(connection: redis.Redis, number: int, **changes: object) -> Operation:
    before = operation(id=number, origin=Origin("C0SHOP", f"delivery-{number}"), **changes)
    perform(connection, records.accept(before, event_of(before), BOT_KEY))
    return before


def _ended(connection: redis.Redis, number: int, at: datetime, **changes: object) -> Operation:
    """An operation that was cancelled then, with a card and pages."""
    before = _recorded(connection, number, **changes)
    after = before.moved(State.CANCELLED, at, outcome=Ended("Enough."))
    perform(connection, records.move(before, after, event_of(after), BOT_KEY))
    perform(connection, cards.note_posting(OperationSubject(number), "card", POSTING))
    connection.hset(keys.pages(number), "1", "a page")
    return after


def _kept(connection: redis.Redis) -> set[int]:
    return {one for one in range(1, 9) if ask(connection, records.load(one, RING)) is not None}


def test_what_has_ended_is_dropped_with_everything_beside_it_when_its_time_is_over(
    valkey: redis.Redis,
) -> None:
    _ended(valkey, 1, NOW)
    _ended(valkey, 2, NOW + timedelta(hours=1))
    untouched = set(valkey.keys())
    assert expiry.sweep(valkey, KEEP, NOW + timedelta(days=90)) == 1
    gone = untouched - set(valkey.keys())
    assert gone == {
        key.encode() for key in (keys.operation(1), keys.card(OperationSubject(1)), keys.pages(1))
    }
    assert ask(valkey, records.recent_ids(10)) == (2,)
    assert valkey.zrange(keys.ENDED, 0, -1) == [b"2"]


def test_what_only_reads_is_kept_for_the_time_of_listings(valkey: redis.Redis) -> None:
    _ended(valkey, 1, NOW, request=TagsRequest(WEB))
    _ended(valkey, 2, NOW)
    assert expiry.sweep(valkey, KEEP, NOW + timedelta(hours=23)) == 0
    assert expiry.sweep(valkey, KEEP, NOW + timedelta(days=1)) == 1
    assert _kept(valkey) == {2}


def test_what_is_open_never_expires(valkey: redis.Redis) -> None:
    _recorded(valkey, 1)
    _recorded(valkey, 2, state=State.ACCEPTED)
    before = _recorded(valkey, 3)
    running = before.moved(State.RUNNING, NOW)
    perform(valkey, records.move(before, running, event_of(running), WORKER_KEY))
    assert expiry.sweep(valkey, KEEP, NOW + timedelta(days=10_000)) == 0
    assert _kept(valkey) == {1, 2, 3}
    assert ask(valkey, records.open_ids()) == (1, 2, 3)


def test_a_card_that_is_behind_when_its_operation_goes_is_off_the_couriers_list(
    valkey: redis.Redis,
) -> None:
    _ended(valkey, 1, NOW)
    valkey.zadd(keys.CARDS_BEHIND, {"1": 1.0})  # as an earlier version lists it
    assert list(ask(valkey, cards.stale(10)).subjects) == [OperationSubject(1)]
    expiry.sweep(valkey, KEEP, NOW + timedelta(days=90))
    assert ask(valkey, cards.stale(10)).subjects == {}


def test_a_message_that_was_on_its_way_meanwhile_leaves_nothing(valkey: redis.Redis) -> None:
    _ended(valkey, 1, NOW)
    expiry.sweep(valkey, KEEP, NOW + timedelta(days=90))
    perform(valkey, cards.note_posting(OperationSubject(1), "card", POSTING))
    perform(valkey, records.redraw(1, {}))
    assert not valkey.exists(keys.card(OperationSubject(1)), keys.operation(1))
    assert ask(valkey, cards.stale(10)).subjects == {}


def test_a_card_of_nothing_is_forgotten_and_one_of_something_is_not(valkey: redis.Redis) -> None:
    _ended(valkey, 1, NOW)
    valkey.hset(keys.card(OperationSubject(2)), "card", "of an operation that is gone")
    for number in (1, 2):
        perform(valkey, cards.drop(OperationSubject(number)))
    assert valkey.exists(keys.card(OperationSubject(1)))
    assert not valkey.exists(keys.card(OperationSubject(2)))


def test_a_shorter_time_holds_for_what_has_ended_already(valkey: redis.Redis) -> None:
    _ended(valkey, 1, NOW)
    shorter = Retention(operations=timedelta(hours=1))
    assert expiry.sweep(valkey, shorter, NOW + timedelta(hours=1)) == 1


def test_thousands_go_in_one_sweep(valkey: redis.Redis) -> None:
    scores = {str(number): NOW.timestamp() for number in range(1, 2 * expiry.AT_ONCE + 8)}
    valkey.zadd(keys.ENDED, scores)
    assert expiry.sweep(valkey, KEEP, NOW + timedelta(days=91)) == len(scores)
    assert not valkey.exists(keys.ENDED)


def test_of_very_many_readings_the_latest_and_those_of_the_last_hour_are_kept(
    valkey: redis.Redis,
) -> None:
    count = expiry.MOST_READINGS + 500
    valkey.zadd(keys.ENDED_READINGS, {str(n): NOW.timestamp() + n for n in range(count)})
    before = NOW + timedelta(seconds=300) + expiry.READ_WITHIN
    assert expiry.sweep(valkey, KEEP, before) == 301
    assert expiry.sweep(valkey, KEEP, NOW + timedelta(hours=3)) == 199
    assert valkey.zcard(keys.ENDED_READINGS) == expiry.MOST_READINGS


@pytest.mark.parametrize("user", [RedisUser.WORKER_HOST, RedisUser.WORKER_REGISTRY])
def test_whatever_worker_there_is_may_sweep(
    valkey_server: ValkeyServer, valkey: redis.Redis, user: RedisUser
) -> None:
    _ended(valkey, 1, NOW)
    with redis.Redis.from_url(valkey_server.url_of(user)) as worker:
        assert expiry.sweep(worker, KEEP, NOW + timedelta(days=90)) == 1
    assert _kept(valkey) == set()


def test_a_report_is_kept_for_its_time(valkey: redis.Redis) -> None:
    report = ScanReport(WEB, DIGEST, ScannerDatabase("2", NOW), NOW, ())
    perform(valkey, reports.keep(report, WORKER_KEY, Retention(reports=timedelta(hours=1))))
    for key in (keys.report(str(DIGEST), "2"), keys.latest_report(str(DIGEST))):
        assert 3_500 < valkey.ttl(key) <= 3_600
