"""What is not signed as it should be ends, with the reason; what a newer program wrote does not."""

from datetime import timedelta
from typing import Any

import pytest
import redis

from quaymaster.audit.auditor import chain_journal
from quaymaster.audit.check import verify
from quaymaster.audit.links import read_event
from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.journal import Event
from quaymaster.operations import Operation, Origin, State
from quaymaster.outcomes import Failed
from quaymaster.plans import Resolved
from quaymaster.store import cards, keys, records, scan_orders
from quaymaster.store.formats import PLAN
from quaymaster.store.transactions import ask
from testing.keys import OTHER_WORKER_KEY, RING, WORKER
from testing.planned import the_change
from testing.samples import DIGEST, NOW, awaiting, deploy, mover, operation, pinned, plan, vote
from tests.tampering import altered, as_newer_record
from tests.workers.toolboxes import now, recorded
from workers.reconciler import Reconciler
from workers.work.forged import end_forged

pytestmark = pytest.mark.engine

FORGED = Forged("The record of 1042 is ignored.", why="It was changed.").problem


def forge(valkey: redis.Redis, before: Operation, *fields: str) -> None:
    """Change fields of an operation behind the back of everybody."""
    where = keys.operation(before.id)
    for field in fields:
        valkey.hset(where, field, altered(valkey.hget(where, field)))


def events(valkey: redis.Redis) -> list[Event]:
    """What is in the journal."""
    journal: Any = valkey.lrange(keys.JOURNAL, 0, -1)
    return [read_event(one.decode(), RING, NOW) for one in journal]


def behind(valkey: redis.Redis) -> list[int]:
    """The cards that the courier has to draw."""
    return [int(str(one).rpartition(":")[2]) for one in ask(valkey, cards.stale(9)).subjects]


@pytest.mark.parametrize(
    "given",
    [
        operation(),
        operation(state=State.RUNNING),
        awaiting(votes=(vote("U0BOB"),)),
        operation(state=State.BAKING),
    ],
    ids=lambda given: given.state.value,
)
def test_an_operation_whose_record_was_altered_ends_with_the_reason(
    valkey: redis.Redis, given: Operation
) -> None:
    recorded(valkey, given)
    forge(valkey, given, "record")
    assert Reconciler(valkey, WORKER).look(NOW) == 0
    after = now(valkey, given)
    assert after.state is State.FAILED
    assert isinstance(after.outcome, Failed)
    assert "its signature does not fit" in after.outcome.trouble.what
    assert after.outcome.trouble.next_step
    assert after.submission == given.submission
    assert (after.plan, after.votes, after.version) == (None, (), given.version + 1)
    assert ask(valkey, records.open_ids()) == ()
    assert behind(valkey) == [given.id]


def test_its_end_is_in_the_audit_with_the_reason(valkey: redis.Redis) -> None:
    before = recorded(valkey, operation())
    forge(valkey, before, "record")
    Reconciler(valkey, WORKER).look(NOW)
    ended = events(valkey)[-1]
    assert (ended.what, ended.operation, ended.version) == ("failed", 1042, 2)
    assert "its signature does not fit" in ended.detail
    chain_journal(valkey, WORKER)
    assert verify(valkey.lrange(keys.AUDIT, 0, -1), RING).entries == 2


@pytest.mark.parametrize("field", ["plan", "votes", "examined"])
def test_a_part_that_was_altered_ends_it_too(valkey: redis.Redis, field: str) -> None:
    examined = the_change(plan()).examined
    before = recorded(valkey, awaiting(votes=(vote("U0BOB"),), examined=examined))
    where = keys.operation(before.id)
    text: Any = valkey.hget(where, field)
    valkey.hset(where, field, text.replace(b"U0BOB", b"U0EVE").replace(b"a1a1", b"a2a2"))
    assert valkey.hget(where, field) != text
    Reconciler(valkey, WORKER).look(NOW)
    assert now(valkey, before).state is State.FAILED


def test_a_plan_by_the_worker_of_another_host_ends_it(valkey: redis.Redis) -> None:
    before = recorded(valkey, awaiting())
    where = keys.operation(before.id)
    text = PLAN.signed(plan(), ("1042", "production", "web"), OTHER_WORKER_KEY).text
    valkey.hset(where, "plan", text)
    Reconciler(valkey, WORKER).look(NOW)
    assert now(valkey, before).state is State.FAILED


def test_what_was_asked_for_is_forged_so_it_is_taken_off_the_open_ones(
    valkey: redis.Redis,
) -> None:
    """There is nobody to tell; the courier says so where it is shown."""
    before = recorded(valkey, operation())
    forge(valkey, before, "record", "submission")
    stands = valkey.hget(keys.operation(before.id), "record")
    Reconciler(valkey, WORKER).look(NOW)
    assert ask(valkey, records.open_ids()) == ()
    assert behind(valkey) == [before.id]
    assert valkey.hget(keys.operation(before.id), "record") == stands
    assert [one.what for one in events(valkey)] == ["queued"]


@pytest.mark.parametrize("version", ["", "01", "-1", "1e3", "9" * 40, "²", "x"])
def test_a_version_that_is_none_does_not_keep_it_open(valkey: redis.Redis, version: str) -> None:
    before = recorded(valkey, operation())
    forge(valkey, before, "record")
    valkey.hset(keys.operation(before.id), "version", version)
    Reconciler(valkey, WORKER).look(NOW)
    assert ask(valkey, records.open_ids()) == ()


def test_a_number_without_anything_is_left(valkey: redis.Redis) -> None:
    end_forged(valkey, 5, FORGED, WORKER)
    assert valkey.exists(keys.operation(5)) == 0


def test_the_others_are_looked_after_all_the_same(valkey: redis.Redis) -> None:
    forged = recorded(valkey, operation(id=7, state=State.RUNNING))
    forge(valkey, forged, "record")
    valkey.hset(keys.operation(5), mapping={"record": "{", "submission": "{", "version": "1"})
    valkey.sadd(keys.OPEN, 5)
    origin = Origin("C0SHOP", "trigger-2")
    before = recorded(valkey, awaiting(origin=origin))
    assert Reconciler(valkey, WORKER).look(NOW + timedelta(days=1)) == 1
    assert ask(valkey, records.open_ids()) == ()
    assert now(valkey, before).state is State.EXPIRED


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.AWAITING_APPROVAL])
def test_what_a_newer_quaymaster_wrote_is_left_alone(valkey: redis.Redis, state: State) -> None:
    before = recorded(valkey, operation(state=state))
    where = keys.operation(before.id)
    newer = as_newer_record(valkey.hget(where, "record"), before.id, mover(before))
    valkey.hset(where, "record", newer)
    stands = valkey.hgetall(where)
    valkey.delete(keys.JOURNAL, keys.CARDS_BEHIND)
    assert Reconciler(valkey, WORKER).look(NOW.replace(year=NOW.year + 1)) == 0
    assert valkey.hgetall(where) == stands
    assert ask(valkey, records.open_ids()) == (before.id,)
    assert events(valkey) == []
    assert behind(valkey) == []
    with pytest.raises(WrittenByNewer):
        ask(valkey, records.load(before.id, RING))


@pytest.mark.parametrize("where", ["operation", "executions", "order", "tries", "lease"])
def test_what_is_of_another_type_holds_up_no_others(valkey: redis.Redis, where: str) -> None:
    """As only somebody else puts it there."""
    waits = recorded(valkey, awaiting())
    other = Origin("C0SHOP", "another delivery")
    resolved = Resolved(pinned(DIGEST), None)
    before = deploy(id=7, origin=other, state=State.SCANNING, scan_order="7-1", resolved=resolved)
    if where in ("operation", "executions"):
        before = operation(id=7, origin=other)
    recorded(valkey, before)
    name = {
        "operation": keys.operation(7),
        "executions": keys.executions(before.job_id),
        "order": keys.scan_order("7-1"),
        "tries": keys.scan_tries("7-1"),
        "lease": keys.lease(scan_orders.lease_name("7-1")),
    }[where]
    valkey.delete(name)
    valkey.rpush(name, "nothing of ours")
    assert waits.approval is not None
    clock = iter(float(number) for number in range(100, 900, 2))
    reconciler = Reconciler(valkey, WORKER, lambda: next(clock))
    for _ in range(3):
        reconciler.look(waits.approval.rule.expires_at)
    assert now(valkey, waits).state is State.EXPIRED
    if where == "operation":
        assert ask(valkey, records.open_ids()) == ()
