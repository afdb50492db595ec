"""From the journal into the audit: each event once, whoever chains at the same time."""

import threading
from datetime import timedelta

import pytest
import redis

from quaymaster.audit.auditor import LONGEST_EVENT, Auditor, chain_journal
from quaymaster.audit.check import verify
from quaymaster.audit.links import claim_of
from quaymaster.audit.store import ANCHOR_PLACE, head
from quaymaster.audit_entries import Anchor, hash_of
from quaymaster.errors import Forged
from quaymaster.store import keys
from quaymaster.store.envelopes import StorageKey
from quaymaster.store.formats import AUDIT_ANCHOR, EVENT
from quaymaster.store.transactions import ask
from testing.engines.valkey import ValkeyServer
from testing.keys import BOT_KEY, RING, STRANGER_KEY, WORKER, WORKER_KEY
from testing.samples import NOW
from tests.quaymaster.audit.audits import chain_at, entry_in, event, life, newer, push, stored

pytestmark = pytest.mark.engine


def operations(connection: redis.Redis) -> list[int]:
    """What the entries tell of, one by one."""
    return [claim_of(entry_in(line).event).operation for line in stored(connection)]


def refused(connection: redis.Redis) -> list[bool]:
    """Which of the entries were refused."""
    return [bool(entry_in(line).refused) for line in stored(connection)]


def test_each_event_is_chained_once_and_in_order(valkey: redis.Redis) -> None:
    push(valkey, *(event(number) for number in range(3)))
    assert chain_journal(valkey, WORKER) == 3
    assert chain_journal(valkey, WORKER) == 0
    assert operations(valkey) == [0, 1, 2]
    verified = verify(stored(valkey), RING)
    assert verified.head == ask(valkey, head())


def test_two_that_chain_at_once_chain_each_event_once(
    valkey: redis.Redis, valkey_server: ValkeyServer
) -> None:
    push(valkey, *(event(number) for number in range(1_000)))
    clients = [valkey_server.client() for _ in range(4)]

    def chain(client: redis.Redis) -> None:
        auditor = Auditor(client, WORKER)
        while valkey.llen(keys.JOURNAL):
            auditor.look()

    threads = [threading.Thread(target=chain, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert operations(valkey) == list(range(1_000))
    verified = verify(stored(valkey), RING)
    assert (verified.entries, verified.refused) == (1_000, 0)


def test_an_event_that_is_pushed_again_is_refused_and_the_audit_holds(valkey: redis.Redis) -> None:
    first = life(1042)
    push(valkey, *first)
    chain_journal(valkey, WORKER)
    push(valkey, first[1], first[2], event(1043))
    assert chain_journal(valkey, WORKER) == 3
    assert refused(valkey) == [False, False, False, True, True, False]
    assert verify(stored(valkey), RING).refused == 2


def test_it_holds_where_somebody_took_away_what_the_auditor_knew(valkey: redis.Redis) -> None:
    first = life(1042)
    push(valkey, *first)
    chain_journal(valkey, WORKER)
    valkey.delete(keys.AUDIT_LATEST)
    push(valkey, first[2])
    chain_journal(valkey, WORKER)
    verified = verify(stored(valkey), RING)
    assert (verified.entries, verified.refused) == (4, 1)


def test_it_holds_where_somebody_wrote_down_what_is_not_true(valkey: redis.Redis) -> None:
    valkey.hset(keys.AUDIT_LATEST, mapping={"1042": "9" * 5_000 + " x", "1043": b"\xff \xfe"})
    push(valkey, event(1042), event(1043))
    assert chain_journal(valkey, WORKER) == 2
    assert verify(stored(valkey), RING).entries == 2


@pytest.mark.parametrize(
    "junk",
    [b"\xff\x00\xfe\n" * 100, b"x" * 10_000_000, b"", b"1 bot-1 1 AA==\n{}", b"9" * 6_000],
    ids=["binary", "10 MB", "nothing", "a stump", "digits"],
)
def test_junk_in_the_journal_is_refused_and_holds_nothing_up(
    valkey: redis.Redis, junk: bytes
) -> None:
    push(valkey, event(1), junk, event(2))
    chain_journal(valkey, WORKER)
    chain_journal(valkey, WORKER)
    assert refused(valkey) == [False, True, False]
    assert valkey.llen(keys.JOURNAL) == 0
    assert verify(stored(valkey), RING).refused == 1
    assert max(map(len, stored(valkey))) < 3 * LONGEST_EVENT


def test_much_junk_is_taken_piece_by_piece(valkey: redis.Redis) -> None:
    push(valkey, *[b"x" * (LONGEST_EVENT - 1)] * 100, event(1))
    assert 0 < chain_journal(valkey, WORKER) < 100
    while chain_journal(valkey, WORKER):
        pass
    assert refused(valkey) == [True] * 100 + [False]


def test_what_a_newer_program_wrote_waits_for_a_newer_auditor(valkey: redis.Redis) -> None:
    place = StorageKey(EVENT.kind, ("2", "1", "queued"))
    push(valkey, event(1), newer(event(2), place, BOT_KEY), event(3))
    assert chain_journal(valkey, WORKER) == 1
    assert chain_journal(valkey, WORKER) == 0
    assert valkey.llen(keys.JOURNAL) == 2


def test_what_only_says_that_a_newer_program_wrote_it_waits_for_nobody(valkey: redis.Redis) -> None:
    place = StorageKey(EVENT.kind, ("2", "1", "queued"))
    push(valkey, event(1), newer(event(2), place, STRANGER_KEY), event(3))
    assert chain_journal(valkey, WORKER) == 3
    assert refused(valkey) == [False, True, False]


@pytest.mark.parametrize("what", ["an unsigned entry", "an old one", "words"])
def test_nothing_is_built_on_an_end_that_no_worker_wrote(valkey: redis.Redis, what: str) -> None:
    """Its signature would vouch for what somebody put there."""
    push(valkey, *life(1042))
    chain_journal(valkey, WORKER)
    lines = stored(valkey)
    put = {
        "an unsigned entry": lines[2].replace('"refused":""', '"refused":"it was nothing"'),
        "an old one": lines[0],
        "words": "hello",
    }[what]
    valkey.lset(keys.AUDIT, -1, put)
    push(valkey, event(1043))
    with pytest.raises(Forged, match="entry 3"):
        chain_journal(valkey, WORKER)
    assert valkey.llen(keys.AUDIT) == 3
    assert valkey.llen(keys.JOURNAL) == 1


@pytest.mark.parametrize("left", [0, 2])
def test_an_end_that_is_cut_off_is_written_down_by_whoever_knew_it(
    valkey: redis.Redis, left: int
) -> None:
    auditor = Auditor(valkey, WORKER)
    push(valkey, *life(1042))
    auditor.look()
    newest = hash_of(stored(valkey)[-1])
    valkey.ltrim(keys.AUDIT, 0, left - 1) if left else valkey.delete(keys.AUDIT)
    assert auditor.look() == 0
    verified = verify(stored(valkey), RING)
    assert (verified.entries, verified.refused) == (left + 1, 1)
    assert newest in verified.reasons[0]
    assert auditor.look() == 0
    assert valkey.llen(keys.AUDIT) == left + 1


def test_what_another_auditor_chained_is_no_end_that_was_cut_off(valkey: redis.Redis) -> None:
    one, other = Auditor(valkey, WORKER), Auditor(valkey, WORKER)
    for auditor in (one, other, one, other):
        push(valkey, event(valkey.llen(keys.AUDIT)))
        assert auditor.look() == 1
    assert refused(valkey) == [False] * 4


def anchored(connection: redis.Redis, anchor: Anchor) -> None:
    """Say that everything up to here was exported."""
    signed = AUDIT_ANCHOR.signed(anchor, ANCHOR_PLACE, WORKER_KEY).text
    connection.set(keys.AUDIT_ANCHOR, signed)


def test_what_was_exported_is_refused_when_it_comes_again(valkey: redis.Redis) -> None:
    old, young = NOW, NOW + timedelta(days=30)
    first = chain_at(old, life(1))
    anchor = Anchor(2, hash_of(first[1]), NOW + timedelta(days=1))
    anchored(valkey, anchor)
    valkey.rpush(keys.AUDIT, first[2])
    push(valkey, *life(1), event(2, at=young))
    assert chain_journal(valkey, WORKER) == 4
    assert refused(valkey) == [False, True, True, True, False]
    assert "before the anchor" in entry_in(stored(valkey)[1]).refused
    after = (anchor.number, anchor.head)
    assert verify(stored(valkey), RING, after=after).entries == 5


def test_nothing_is_chained_where_the_anchor_was_taken_away(valkey: redis.Redis) -> None:
    first = chain_at(NOW, life(1))
    valkey.rpush(keys.AUDIT, first[2])
    push(valkey, *life(1))
    with pytest.raises(Forged, match="anchor"):
        chain_journal(valkey, WORKER)
    assert valkey.llen(keys.AUDIT) == 1


def test_an_anchor_that_no_worker_signed_is_no_anchor(valkey: redis.Redis) -> None:
    signed = AUDIT_ANCHOR.signed(Anchor(2, "0" * 64, NOW), ANCHOR_PLACE, BOT_KEY).text
    valkey.set(keys.AUDIT_ANCHOR, signed)
    push(valkey, event(1))
    with pytest.raises(Forged):
        chain_journal(valkey, WORKER)
