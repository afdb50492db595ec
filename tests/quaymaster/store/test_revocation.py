"""After a key was stolen, in a real Valkey: what it signed is signed anew or ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis

from quaymaster.approvals import Choice
from quaymaster.audit import auditor as audit
from quaymaster.audit.check import verify
from quaymaster.audit.store import stored_lines
from quaymaster.errors import Forged
from quaymaster.findings import ScannerDatabase, ScanReport
from quaymaster.image_ref import Digest
from quaymaster.journal import event_of
from quaymaster.key_ring import KeyRing, ProgramRole, PublicKey
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Ended, Failed, Interrupted
from quaymaster.releases import Release
from quaymaster.services import ServiceConfiguration
from quaymaster.signing_key import Keys, SigningKey
from quaymaster.store import host_engines, keys, records, releases, reports
from quaymaster.store.revocation import execute
from quaymaster.store.transactions import Command, Transaction, ask, perform
from quaymaster.target import ServiceRef
from testing.keys import BOT_KEY, QUEUES, RING, SCANNER_KEY, WORKER, WORKER_KEY
from testing.samples import (
    DIGEST,
    NOW,
    OTHER_DIGEST,
    WEB,
    awaiting,
    deploy,
    having,
    looked_up,
    operation,
    pinned,
    vote,
)

pytestmark = pytest.mark.engine

QUEUE = "host:app1"


def revoked(
    key: SigningKey, queues: frozenset[str] = QUEUES, ago: timedelta = timedelta()
) -> tuple[PublicKey, Keys]:
    """The entry of a key that was stolen, and the keys of its holder since."""
    entry = replace(RING.keys[key.id], revoked_at=datetime.now(UTC) - ago)
    new = SigningKey.new("new")
    ring = RING.with_key(entry)
    public = new.public(entry.role, queues if entry.role is ProgramRole.WORKER else frozenset())
    return entry, Keys(new, ring.with_key(public))


def do(valkey: redis.Redis, *commands: Command) -> None:
    perform(valkey, Transaction(commands, lambda _: None, lambda _: None))


def release(number: int = 7, turn: int = 3) -> Release:
    configuration, at = ServiceConfiguration(), datetime.now(UTC)
    return Release(number, "production", "web", pinned(DIGEST), configuration, "U1", (), at, turn)


def released(valkey: redis.Redis, *numbers: int, key: SigningKey = WORKER_KEY) -> None:
    for number in numbers:
        do(valkey, *releases.record(release(number), key))


def known(valkey: redis.Redis, ring: KeyRing) -> list[int]:
    reply = ask(valkey, releases.latest(ServiceRef("production", "web"), ring, QUEUE))
    return [one.id for one in reply]


def stored(valkey: redis.Redis, before: Operation, key: SigningKey) -> None:
    """An operation as it stands in Redis after a move that this key signed."""
    perform(valkey, records.accept(before, event_of(before), key))


def loaded(valkey: redis.Redis, ring: KeyRing, number: int = 1042) -> Operation:
    operation = ask(valkey, records.load(number, ring))
    assert operation is not None
    return operation.operation


def everything(valkey: redis.Redis) -> dict[bytes, object]:
    """All that is stored, as it is stored."""
    return {name: valkey.dump(name) for name in valkey.scan_iter()}


def test_releases_and_marks_count_again_when_they_are_signed_anew(valkey: redis.Redis) -> None:
    released(valkey, 7, 8)
    web = ServiceRef("production", "web")
    do(valkey, *releases.mark_bad(web, OTHER_DIGEST, 8, datetime.now(UTC), WORKER_KEY))
    entry, own = revoked(WORKER_KEY)
    with pytest.raises(Forged, match="a key that was revoked"):
        known(valkey, own.ring)
    done = execute(valkey, entry, own)
    assert known(valkey, own.ring) == [8, 7]
    bad = ask(valkey, releases.bad_digests(ServiceRef("production", "web"), own.ring, "host:app1"))
    assert list(bad) == [OTHER_DIGEST]
    assert [one.partition(":")[0] for one in done.signed_anew] == [
        "release #7 of production/web",
        "release #8 of production/web",
        "the mark on sha256",
    ]
    assert done.left == []


def test_the_engine_of_a_host_counts_again_and_is_told_to_whoever_revoked_the_key(
    valkey: redis.Redis,
) -> None:
    before = ask(valkey, host_engines.known(RING))
    perform(
        valkey, host_engines.record(before, "app1", "AAAA:BBBB", NOW, WORKER_KEY, "engine found")
    )
    entry, own = revoked(WORKER_KEY)
    with pytest.raises(Forged, match="hosts accept app1"):
        ask(valkey, host_engines.known(own.ring)).of("app1")
    done = execute(valkey, entry, own)
    known_engine = ask(valkey, host_engines.known(own.ring)).of("app1")
    assert known_engine is not None
    assert known_engine.engine_id == "AAAA:BBBB"
    assert done.signed_anew == ["the engine of app1: AAAA:BBBB"]


def test_what_other_keys_signed_stays_as_it_is(valkey: redis.Redis) -> None:
    released(valkey, 7)
    before = valkey.lrange(keys.releases(ServiceRef("production", "web")), 0, -1)
    entry, own = revoked(BOT_KEY)
    assert execute(valkey, entry, own).signed_anew == []
    assert valkey.lrange(keys.releases(ServiceRef("production", "web")), 0, -1) == before


def test_what_was_signed_after_the_revocation_is_listed_and_refused(valkey: redis.Redis) -> None:
    released(valkey, 7)
    entry, own = revoked(WORKER_KEY, ago=timedelta(minutes=6))
    done = execute(valkey, entry, own)
    assert done.signed_anew == []
    assert len(done.left) == 1
    assert "after that key had ended" in done.left[0]
    with pytest.raises(Forged):
        known(valkey, own.ring)


def test_what_was_altered_is_listed_and_refused(valkey: redis.Redis) -> None:
    released(valkey, 7, 8)
    where = keys.releases(ServiceRef("production", "web"))
    text = valkey.lindex(where, 0)
    assert isinstance(text, bytes)
    altered = text.decode().replace('"released_by":"U1"', '"released_by":"U2"')
    valkey.lset(where, 0, altered)
    entry, own = revoked(WORKER_KEY)
    done = execute(valkey, entry, own)
    assert len(done.signed_anew) == 1
    assert "its signature does not fit" in done.left[0]
    with pytest.raises(Forged):
        known(valkey, own.ring)


def test_doing_it_again_changes_nothing_more(valkey: redis.Redis) -> None:
    released(valkey, 7, 8)
    stored(valkey, awaiting(), WORKER_KEY)
    entry, own = revoked(WORKER_KEY)
    execute(valkey, entry, own)
    before = everything(valkey)
    again = execute(valkey, entry, own)
    assert (again.signed_anew, again.ended, again.reports, again.left) == ([], [], 0, [])
    assert everything(valkey) == before


def test_broken_off_in_between_it_is_finished_the_next_time(valkey: redis.Redis) -> None:
    released(valkey, 7, 8)
    stored(valkey, awaiting(), WORKER_KEY)
    entry, own = revoked(WORKER_KEY)
    valkey.set(keys.bad_digests(ServiceRef("production", "web")), "no hash: here it breaks off")
    with pytest.raises(redis.ResponseError):
        execute(valkey, entry, own)
    assert known(valkey, own.ring) == [8, 7]
    valkey.delete(keys.bad_digests(ServiceRef("production", "web")))
    done = execute(valkey, entry, own)
    assert (done.signed_anew, done.ended) == ([], [1042])


def test_an_approval_whose_plan_rests_on_it_is_superseded_with_its_sentence(
    valkey: redis.Redis,
) -> None:
    stored(valkey, awaiting(votes=(vote("U0BOB", Choice.APPROVE),)), BOT_KEY)
    entry, own = revoked(WORKER_KEY)
    assert execute(valkey, entry, own).ended == [1042]
    ended = loaded(valkey, own.ring)
    assert ended.state is State.SUPERSEDED
    assert ended.outcome == Ended(
        "The key worker-1 was revoked, and this depended on it. Nothing was changed.",
        next_step="Ask for it again.",
    )
    assert (ended.plan, ended.votes) == (None, ())
    assert ask(valkey, records.open_ids()) == ()


@pytest.mark.parametrize(
    "given",
    [
        operation(),
        awaiting(),
        awaiting(votes=(vote("U0BOB"),)),
        deploy(state=State.ACCEPTED),
        deploy(standings=(looked_up(),)),
    ],
    ids=["queued", "waiting", "voted on", "accepted", "looked up"],
)
def test_every_open_request_ends_with_the_bots_key(valkey: redis.Redis, given: Operation) -> None:
    of_the_bot = given.state is not State.AWAITING_APPROVAL or given.votes
    stored(valkey, given, BOT_KEY if of_the_bot else WORKER_KEY)
    entry, own = revoked(BOT_KEY)
    assert execute(valkey, entry, own).ended == [1042]
    ended = loaded(valkey, own.ring)
    assert ended.state is State.CANCELLED
    assert isinstance(ended.outcome, Ended)
    assert (ended.votes, ended.standings) == ((), ())
    assert ended.request == given.request


@pytest.mark.parametrize("key", [BOT_KEY, WORKER_KEY], ids=["bot", "worker"])
def test_what_has_begun_is_not_said_to_have_changed_nothing(
    valkey: redis.Redis, key: SigningKey
) -> None:
    stored(
        valkey, having(awaiting(), state=State.RUNNING, started_at=datetime.now(UTC)), WORKER_KEY
    )
    entry, own = revoked(key)
    execute(valkey, entry, own)
    ended = loaded(valkey, own.ring)
    assert ended.state is (State.CANCELLED if key is BOT_KEY else State.UNKNOWN)
    assert isinstance(ended.outcome, Ended | Interrupted)
    assert "Check what runs now" in ended.outcome.next_step


def test_a_worker_of_another_queue_ends_what_it_looked_after(valkey: redis.Redis) -> None:
    stored(valkey, operation(attempt=2), WORKER_KEY)
    entry, own = revoked(WORKER_KEY, queues=frozenset({"registry"}))
    execute(valkey, entry, own)
    ended = loaded(valkey, own.ring)
    assert ended.state is State.FAILED
    assert isinstance(ended.outcome, Failed)


def test_operations_that_do_not_rest_on_it_go_on(valkey: redis.Redis) -> None:
    stored(valkey, awaiting(), WORKER_KEY)
    entry, own = revoked(SCANNER_KEY)
    assert execute(valkey, entry, own).ended == []
    assert loaded(valkey, own.ring).state is State.AWAITING_APPROVAL


def test_an_operation_that_is_forged_anyway_is_listed_and_left(valkey: redis.Redis) -> None:
    stored(valkey, awaiting(), WORKER_KEY)
    valkey.hset(keys.operation(1042), "plan", "made up")
    entry, own = revoked(WORKER_KEY)
    done = execute(valkey, entry, own)
    assert done.ended == []
    assert done.left[0].startswith("#1042: ")


def report_about(digest: Digest) -> ScanReport:
    return ScanReport(WEB, digest, ScannerDatabase("v1", NOW), NOW, ())


def test_reports_of_a_stolen_scanner_are_deleted_and_those_of_others_kept(
    valkey: redis.Redis,
) -> None:
    theirs, ours = report_about(DIGEST), report_about(OTHER_DIGEST)
    perform(valkey, reports.keep(theirs, SCANNER_KEY))
    entry, own = revoked(SCANNER_KEY)
    perform(valkey, reports.keep(ours, own.private))
    assert execute(valkey, entry, own).reports == 1
    assert ask(valkey, reports.kept(theirs.digest, theirs.database.version, own.ring)) is None
    assert ask(valkey, reports.kept(ours.digest, ours.database.version, own.ring)) == ours


def test_the_audit_holds_afterwards_and_says_what_was_ended(valkey: redis.Redis) -> None:
    stored(valkey, awaiting(), WORKER_KEY)
    audit.chain_journal(valkey, WORKER)
    entry, own = revoked(WORKER_KEY)
    execute(valkey, entry, own)
    audit.chain_journal(valkey, own)
    lines = tuple(stored_lines(valkey))
    assert verify(lines, own.ring).entries == 2
    assert "worker-1 was revoked" in lines[-1]
