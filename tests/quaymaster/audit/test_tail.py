"""Whether the audit says that an operation has ended, whatever somebody did to it."""

from datetime import UTC, datetime, timedelta

import pytest
import redis

from quaymaster.audit.auditor import Auditor, Tail, chain_journal
from quaymaster.audit.store import ANCHOR_PLACE
from quaymaster.audit.tail import ended_in_audit
from quaymaster.audit_entries import Anchor, hash_of
from quaymaster.errors import Forged
from quaymaster.operations import State
from quaymaster.store import keys
from quaymaster.store.envelopes import StorageKey
from quaymaster.store.formats import AUDIT_ANCHOR, EVENT
from testing.keys import BOT_KEY, RING, STRANGER_KEY, WORKER, WORKER_KEY
from testing.samples import NOW
from tests.quaymaster.audit.audits import chain_at, event, life, newer, push, stored

pytestmark = pytest.mark.engine

ASKED_AT = datetime.now(UTC)


def ended(connection: redis.Redis, operation: int = 1042, since: datetime = ASKED_AT) -> object:
    """What the audit says of an operation that was asked for just now."""
    return ended_in_audit(connection, RING, operation, since, datetime.now(UTC))


def busy(connection: redis.Redis, count: int, first: int = 100_000) -> None:
    """So much happens to other operations."""
    push(connection, *(event(number) for number in range(first, first + count)))
    while chain_journal(connection, WORKER):
        pass


def test_nothing_has_ended_in_an_empty_audit(valkey: redis.Redis) -> None:
    assert ended(valkey) is None


@pytest.mark.parametrize("state", [state for state in State if state.is_terminal])
def test_every_end_counts(valkey: redis.Redis, state: State) -> None:
    push(valkey, *life(1042, "queued", state.value))
    assert ended(valkey) is state
    chain_journal(valkey, WORKER)
    assert ended(valkey) is state


@pytest.mark.parametrize("state", [state for state in State if not state.is_terminal])
def test_nothing_else_does(valkey: redis.Redis, state: State) -> None:
    push(
        valkey, event(1042, 1, state.value), event(1043, 1, "succeeded"), event(10421, 1, "failed")
    )
    assert ended(valkey) is None
    chain_journal(valkey, WORKER)
    assert ended(valkey) is None


@pytest.mark.parametrize("after", [0, 31, 32, 33, 700, 1_500])
def test_it_is_found_however_much_happened_since(valkey: redis.Redis, after: int) -> None:
    push(valkey, *life(1042))
    busy(valkey, after)
    assert ended(valkey) is State.SUCCEEDED


@pytest.mark.parametrize("waiting", [99, 100, 250])
def test_it_is_found_in_a_long_journal(valkey: redis.Redis, waiting: int) -> None:
    push(valkey, *life(1042), b"\xff" * 1_000_000, *(event(n) for n in range(9, 9 + waiting)))
    assert ended(valkey) is State.SUCCEEDED


def test_it_is_read_back_to_the_request_and_no_further(valkey: redis.Redis) -> None:
    """What was chained long before is not looked at: it may be gone as well as damaged."""
    old = chain_at(NOW, (event(number) for number in range(2_000)))
    valkey.rpush(keys.AUDIT, *old)
    valkey.lset(keys.AUDIT, 0, "hello")
    new = chain_at(ASKED_AT, [event(1042, 1, "queued")], Tail(2_000, hash_of(old[-1])))
    valkey.rpush(keys.AUDIT, *new)
    sent = valkey.info("stats")["total_net_output_bytes"]
    valkey.lset(keys.AUDIT, 0, old[0])
    assert ended(valkey) is None
    assert valkey.info("stats")["total_net_output_bytes"] - sent < 60_000


def test_an_end_that_was_refused_by_the_auditor_counts(valkey: redis.Redis) -> None:
    """Whoever makes the auditor refuse it does not undo it."""
    valkey.hset(keys.AUDIT_LATEST, "1042", "999 succeeded")
    push(valkey, *life(1042))
    chain_journal(valkey, WORKER)
    assert ended(valkey) is State.SUCCEEDED


@pytest.mark.parametrize("is_chained", [False, True], ids=["journal", "audit"])
def test_an_end_that_nobody_signed_does_not_count(valkey: redis.Redis, is_chained: bool) -> None:
    push(valkey, event(1042, 3, "succeeded", key=STRANGER_KEY), "1042 succeeded", ':1042,"')
    if is_chained:
        chain_journal(valkey, WORKER)
    assert ended(valkey) is None


@pytest.mark.parametrize("is_chained", [False, True], ids=["journal", "audit"])
def test_an_end_of_a_later_version_counts(valkey: redis.Redis, is_chained: bool) -> None:
    end = event(1042, 3, "cancelled")
    later = newer(
        end, StorageKey(EVENT.kind, ("1042", "3", "cancelled")), BOT_KEY, mood="good", actor=7
    )
    if is_chained:
        valkey.rpush(keys.AUDIT, *chain_at(ASKED_AT, [later]))
    else:
        push(valkey, later)
    assert ended(valkey) is State.CANCELLED


def lines_of_an_end(connection: redis.Redis) -> list[str]:
    push(connection, *life(1042), *(event(number) for number in range(5)))
    chain_journal(connection, WORKER)
    return stored(connection)


def test_an_end_that_was_changed_is_noticed(valkey: redis.Redis) -> None:
    lines = lines_of_an_end(valkey)
    valkey.lset(keys.AUDIT, 2, lines[2].replace("succeeded", "suspended"))
    with pytest.raises(Forged, match="entry 3"):
        ended(valkey)


def test_an_end_that_was_exchanged_is_noticed(valkey: redis.Redis) -> None:
    lines = lines_of_an_end(valkey)
    valkey.lset(keys.AUDIT, 2, lines[3])
    with pytest.raises(Forged):
        ended(valkey)


def test_an_end_that_was_taken_out_is_noticed(valkey: redis.Redis) -> None:
    lines = lines_of_an_end(valkey)
    valkey.lrem(keys.AUDIT, 1, lines[2])
    with pytest.raises(Forged):
        ended(valkey)


def test_an_old_entry_that_was_put_before_it_is_noticed(valkey: redis.Redis) -> None:
    """Looking would end there, as at something from before the request."""
    old = chain_at(NOW, life(7))
    valkey.rpush(keys.AUDIT, *old)
    push(valkey, *life(1042), *(event(number) for number in range(5)))
    chain_journal(valkey, WORKER)
    valkey.linsert(keys.AUDIT, "AFTER", stored(valkey)[5], old[2])
    with pytest.raises(Forged):
        ended(valkey)


def test_an_end_of_the_audit_that_no_worker_wrote_is_noticed(valkey: redis.Redis) -> None:
    lines_of_an_end(valkey)
    valkey.rpush(keys.AUDIT, "hello")
    with pytest.raises(Forged):
        ended(valkey)


def test_an_end_of_the_audit_that_is_altered_is_noticed(valkey: redis.Redis) -> None:
    push(valkey, *life(1042))
    chain_journal(valkey, WORKER)
    valkey.lset(keys.AUDIT, -1, stored(valkey)[-1].replace("succeeded", "suspended"))
    with pytest.raises(Forged, match="entry 3"):
        ended(valkey)


def test_a_beginning_that_was_cut_off_is_noticed(valkey: redis.Redis) -> None:
    lines_of_an_end(valkey)
    valkey.ltrim(keys.AUDIT, 4, -1)
    with pytest.raises(Forged):
        ended(valkey)


@pytest.mark.parametrize(
    ("before", "is_told"),
    [(ASKED_AT - timedelta(hours=1), True), (ASKED_AT + timedelta(hours=1), False)],
    ids=["before the request", "after the request"],
)
def test_where_a_part_was_exported_it_counts_when(
    valkey: redis.Redis, before: datetime, is_told: bool
) -> None:
    lines = lines_of_an_end(valkey)
    anchor = Anchor(4, hash_of(lines[3]), before)
    valkey.set(keys.AUDIT_ANCHOR, AUDIT_ANCHOR.signed(anchor, ANCHOR_PLACE, WORKER_KEY).text)
    valkey.ltrim(keys.AUDIT, 4, -1)
    if is_told:
        assert ended(valkey) is None
    else:
        with pytest.raises(Forged):
            ended(valkey)
    valkey.delete(keys.AUDIT)
    with pytest.raises(Forged):
        ended(valkey)


def test_it_is_told_while_others_are_chained(valkey: redis.Redis) -> None:
    push(valkey, *life(1042))
    busy(valkey, 300)
    auditor = Auditor(valkey, WORKER)
    for number in range(20):
        push(valkey, *(event(number * 100 + one) for one in range(50)))
        assert ended(valkey) is State.SUCCEEDED
        auditor.look()


def test_after_an_end_was_cut_off_nobody_can_tell(valkey: redis.Redis) -> None:
    """As for a deploy that was approved and then cancelled: no container shows that it ended."""
    auditor = Auditor(valkey, WORKER)
    push(valkey, event(1042, 1, "queued"))
    auditor.look()
    push(valkey, event(1042, 2, "cancelled"))
    auditor.look()
    valkey.ltrim(keys.AUDIT, 0, 0)
    auditor.look()
    with pytest.raises(Forged, match="it is not known whether it ended"):
        ended(valkey)
    assert ended(valkey, since=ASKED_AT + timedelta(hours=1)) is None


@pytest.mark.parametrize("text", ["", "Entry 1 with the hash x is no longer in the audit."])
def test_nobody_else_makes_it_seem_cut_off(valkey: redis.Redis, text: str) -> None:
    push(valkey, event(1042, 1, "queued"), text)
    chain_journal(valkey, WORKER)
    assert ended(valkey) is None
