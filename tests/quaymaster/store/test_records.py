"""Operations in a real Valkey."""

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
import redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from quaymaster.errors import Conflict, Unavailable
from quaymaster.journal import Event, event_of
from quaymaster.operations import Operation, Origin, State
from quaymaster.progress import Progress
from quaymaster.store import cards, keys, leases, records
from quaymaster.store.envelopes import body_of
from quaymaster.store.formats import EVENT
from quaymaster.store.jobs import RUN_OPERATION
from quaymaster.store.records import Accepted, Duplicate, IdTaken
from quaymaster.store.transactions import ask, perform
from quaymaster.subjects import AuditDigest, OperationSubject
from testing.engines.valkey import ValkeyServer
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.samples import ALICE, NOW, operation

pytestmark = pytest.mark.engine


def _event(of: Operation) -> Event:
    return event_of(of, actor=ALICE.user)


def _accept(connection: redis.Redis, before: Operation) -> Accepted | Duplicate:
    return perform(connection, records.accept(before, _event(before), BOT_KEY))


def test_what_was_accepted_is_loaded_as_it_was(valkey: redis.Redis) -> None:
    before = operation()
    _accept(valkey, before)
    stored = ask(valkey, records.load(1042, RING))
    assert stored is not None
    assert stored.operation == before


def test_the_same_delivery_three_times_is_one_operation(valkey: redis.Redis) -> None:
    answers = [_accept(valkey, operation(id=number)) for number in (1042, 1043, 1044)]
    assert isinstance(answers[0], Accepted)
    assert answers[1:] == [Duplicate(1042), Duplicate(1042)]
    assert valkey.lrange(keys.queue("host:build1"), 0, -1) == [b"operation-1042-1"]
    assert ask(valkey, records.load(1043, RING)) is None


def test_accepting_queues_a_job_that_rq_reads_as_its_own(valkey: redis.Redis) -> None:
    _accept(valkey, operation())
    ours = Job.fetch("operation-1042-1", connection=valkey, serializer=JSONSerializer)
    queue = Queue("host:build1", connection=valkey, serializer=JSONSerializer)
    theirs = queue.enqueue(RUN_OPERATION, 1042, result_ttl=0, failure_ttl=3600)
    assert (ours.func_name, ours.args, ours.kwargs) == (RUN_OPERATION, [1042], theirs.kwargs)
    assert ours.get_status() == theirs.get_status()
    assert set(valkey.hkeys(ours.key)) == set(valkey.hkeys(theirs.key))
    assert valkey.smembers(keys.QUEUES) == {b"rq:queue:host:build1"}


def test_an_operation_that_is_not_admitted_yet_has_no_job_and_no_card(
    valkey: redis.Redis,
) -> None:
    _accept(valkey, operation(state=State.ACCEPTED))
    assert valkey.llen(keys.queue("host:build1")) == 0
    assert ask(valkey, cards.stale(10)).subjects == {}
    assert ask(valkey, records.open_ids()) == (1042,)


def test_of_two_moves_at_once_one_is_made(valkey: redis.Redis) -> None:
    _accept(valkey, operation())
    stored = ask(valkey, records.load(1042, RING))
    assert stored is not None
    before = stored.operation
    results: list[str] = []

    def try_to_move(state: State) -> None:
        after = before.moved(state, NOW)
        try:
            perform(valkey, records.move(before, after, _event(after), WORKER_KEY))
        except Conflict:
            results.append("conflict")
        else:
            results.append("moved")

    threads = [
        threading.Thread(target=try_to_move, args=(state,))
        for state in (State.RUNNING, State.CANCELLED)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["conflict", "moved"]


def test_a_move_needs_the_lease_when_it_is_asked_for(valkey: redis.Redis) -> None:
    _accept(valkey, operation())
    after = operation().moved(State.RUNNING, NOW)
    lease = leases.held(records.lease_name(1042), "somebody")
    with pytest.raises(Conflict):
        perform(valkey, records.move(operation(), after, _event(after), WORKER_KEY, lease=lease))
    assert perform(valkey, leases.take(records.lease_name(1042), "somebody", 5000))
    perform(valkey, records.move(operation(), after, _event(after), WORKER_KEY, lease=lease))


def test_an_ended_operation_is_drawn_before_those_that_run(valkey: redis.Redis) -> None:
    for number, delivery in ((1, "a"), (2, "b")):
        _accept(valkey, operation(id=number, origin=Origin("C1", delivery)))
    running = operation(id=2, origin=Origin("C1", "b")).moved(State.RUNNING, NOW)
    perform(valkey, records.move(replace(running, version=1), running, _event(running), WORKER_KEY))
    ended = running.moved(State.FAILED, NOW)
    perform(valkey, records.move(running, ended, _event(ended), WORKER_KEY))
    behind = ask(valkey, cards.stale(10)).subjects
    assert list(behind.items()) == [(_of(2), NOW.timestamp()), (_of(1), None)]
    assert ask(valkey, records.open_ids()) == (1,)


def test_the_cards_of_ended_operations_are_in_the_order_of_their_ends(valkey: redis.Redis) -> None:
    for number, seconds in ((1, 20), (2, 5), (3, 10)):
        running = operation(id=number, origin=Origin("C1", f"{number}"), state=State.RUNNING)
        _accept(valkey, running)
        ended = running.moved(State.SUCCEEDED, NOW + timedelta(seconds=seconds))
        perform(valkey, records.move(running, ended, _event(ended), WORKER_KEY))
    assert list(ask(valkey, cards.stale(10)).subjects) == [_of(2), _of(3), _of(1)]


def test_progress_is_shown_by_who_holds_the_lease_alone(valkey: redis.Redis) -> None:
    _accept(valkey, operation())
    lease = leases.held(records.lease_name(1042), "worker")
    assert not perform(valkey, records.progressed(1042, Progress("pushing", 1, 2), lease))
    perform(valkey, leases.take(records.lease_name(1042), "worker", 5000))
    assert perform(valkey, records.progressed(1042, Progress("pushing", 1, 2), lease))
    stored = ask(valkey, records.load(1042, RING))
    assert stored is not None
    assert stored.operation.progress == Progress("pushing", 1, 2)
    assert stored.revision == 2


def test_a_card_that_fell_behind_again_stays_on_the_list(valkey: redis.Redis) -> None:
    _accept(valkey, operation())
    assert ask(valkey, cards.wakeup(1)) is True
    perform(valkey, records.ask_to_cancel(operation(), "U0BOB", _event(operation()), BOT_KEY))
    assert not perform(valkey, cards.caught_up(_of(1042), 1))
    assert perform(valkey, cards.caught_up(_of(1042), 2))
    assert ask(valkey, cards.stale(10)).subjects == {}


def test_what_an_earlier_version_lists_is_listed_once_and_taken_off(valkey: redis.Redis) -> None:
    """It writes bare numbers. Programs of both versions may run for a while."""
    _accept(valkey, operation())
    valkey.zadd(keys.CARDS_BEHIND, {"1042": NOW.timestamp(), "1043": "inf"})
    behind = ask(valkey, cards.stale(10)).subjects
    assert behind == {_of(1042): NOW.timestamp(), _of(1043): None}
    assert perform(valkey, cards.caught_up(_of(1042), 1))
    assert valkey.zrange(keys.CARDS_BEHIND, 0, -1) == [b"1043"]
    perform(valkey, cards.drop(_of(1043)))
    assert ask(valkey, cards.stale(10)) == cards.Behind({})


def test_members_that_only_a_later_version_can_read_stay_and_are_counted(
    valkey: redis.Redis,
) -> None:
    _accept(valkey, operation())
    valkey.zadd(keys.CARDS_BEHIND, {"alert:production/web": 1.0})
    assert ask(valkey, cards.stale(10)) == cards.Behind({_of(1042): None}, unreadable=1)
    assert valkey.zcard(keys.CARDS_BEHIND) == 2


def test_what_is_noted_about_a_digest_ends_by_itself(valkey: redis.Redis) -> None:
    digest, posting = AuditDigest(date(2026, 11, 28)), cards.Posting("C1", "1.1", "x", 0.0)
    perform(valkey, cards.note_posting(digest, "card", posting))
    assert ask(valkey, cards.postings(digest)) == {"card": posting}
    assert 0 < valkey.ttl(keys.card(digest)) <= 7 * 24 * 3600


def test_ids_are_never_given_twice(valkey: redis.Redis) -> None:
    first = perform(valkey, records.reserve(3))
    answer = _accept(valkey, operation(id=first[0]))
    assert isinstance(answer, Accepted)
    assert answer.next_id not in first
    assert answer.next_id not in perform(valkey, records.reserve(2))


def test_what_was_accepted_survives_a_kill_of_the_database(valkey_server: ValkeyServer) -> None:
    client = valkey_server.client()
    before = operation()
    _accept(client, before)
    client.close()
    valkey_server.kill()
    valkey_server.start()
    client = valkey_server.client()
    stored = ask(client, records.load(1042, RING))
    assert stored is not None
    assert stored.operation == before
    assert client.lrange(keys.queue("host:build1"), 0, -1) == [b"operation-1042-1"]
    client.close()


def test_a_database_that_is_gone_is_said_in_words(valkey_server: ValkeyServer) -> None:
    client = redis.Redis.from_url(valkey_server.url, retry=None, socket_timeout=0.5)
    valkey_server.kill()
    with pytest.raises(Unavailable, match="nothing was started"):
        ask(client, records.load(1042, RING))
    client.close()


def test_no_private_key_is_stored(valkey: redis.Redis) -> None:
    _accept(valkey, operation())
    stored = repr(valkey.hgetall(keys.operation(1042)))
    assert "bot-1" in stored
    assert BOT_KEY.as_text().rpartition(":")[2] not in stored


def test_an_operation_is_never_written_over_another(valkey: redis.Redis) -> None:
    """Ids went back, as after an older state of the database was restored."""
    first = operation()
    _accept(valkey, first)
    before = valkey.hgetall(keys.operation(1042))
    again = operation(origin=Origin("C0SHOP", "another delivery"))
    with pytest.raises(IdTaken):
        _accept(valkey, again)
    assert valkey.hgetall(keys.operation(1042)) == before
    assert valkey.get(keys.delivery("another delivery")) is None
    assert valkey.llen(keys.JOURNAL) == 1


def test_a_move_to_queued_queues_its_job(valkey: redis.Redis) -> None:
    accepted = operation(state=State.ACCEPTED)
    _accept(valkey, accepted)
    queued = accepted.moved(State.QUEUED, NOW)
    perform(valkey, records.move(accepted, queued, _event(queued), WORKER_KEY))
    assert valkey.lrange(keys.queue("host:build1"), 0, -1) == [queued.job_id.encode()]


def test_what_has_begun_to_change_cannot_be_cancelled(valkey: redis.Redis) -> None:
    running = operation(state=State.RUNNING)
    _accept(valkey, running)
    perform(valkey, leases.take(records.lease_name(1042), "worker", 5000))
    lease = leases.held(records.lease_name(1042), "worker")
    assert perform(valkey, records.pass_commit_point(1042, lease))
    with pytest.raises(Conflict):
        perform(valkey, records.ask_to_cancel(running, "U0BOB", _event(running), BOT_KEY))
    assert ask(valkey, records.cancel_asked_by(running, RING)) is None


def test_every_change_leaves_its_event_in_the_journal(valkey: redis.Redis) -> None:
    _accept(valkey, operation())
    running = operation().moved(State.RUNNING, NOW)
    perform(valkey, records.move(operation(), running, _event(running), WORKER_KEY))
    asked = event_of(running, actor="U0BOB", what="cancel asked")
    perform(valkey, records.ask_to_cancel(running, "U0BOB", asked, BOT_KEY))
    journal = [
        EVENT.adapter.validate_json(body_of(line.decode() if isinstance(line, bytes) else line))
        for line in valkey.lrange(keys.JOURNAL, 0, -1)
    ]
    assert [event.what for event in journal] == ["queued", "running", "cancel asked"]
    assert [event.actor for event in journal] == [ALICE.user, ALICE.user, "U0BOB"]


def test_what_belongs_to_a_move_is_written_with_it_or_not_at_all(valkey: redis.Redis) -> None:
    _accept(valkey, operation())
    running = operation().moved(State.RUNNING, NOW)
    move = records.move(
        operation(), running, _event(running), WORKER_KEY, also=(("INCR", "with-it"),)
    )
    perform(valkey, move)
    with pytest.raises(Conflict):
        perform(valkey, move)
    assert valkey.get("with-it") == b"1"


def _of(number: int) -> OperationSubject:
    return OperationSubject(number)
