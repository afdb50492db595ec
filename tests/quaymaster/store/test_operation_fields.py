"""An operation as it is stored: every part is the one that belongs to it, signed by who may."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from quaymaster.approvals import Choice, Vote
from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.journal import event_of
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Operation, Origin, Stage, State
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Resolved
from quaymaster.progress import Progress
from quaymaster.requests import DeployRequest
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys, operation_fields, records
from quaymaster.store.formats import PLAN, RECORD, SUBMISSION, VOTE
from quaymaster.store.operation_fields import FIELDS, StoredOperation, cancellation_of
from quaymaster.store.record import Record
from quaymaster.store.transactions import Connection, ask, perform
from quaymaster.target import DockerHost
from testing.keys import BOT_KEY, OTHER_WORKER_KEY, RING, SCANNER_KEY, STRANGER_KEY, WORKER_KEY
from testing.planned import the_change
from testing.samples import (
    ALICE,
    DIGEST,
    NOW,
    awaiting,
    deploy,
    having,
    image,
    operation,
    pinned,
    plan,
    rule,
    vote,
)

PLACE = ("1042", "production", "web")
VOTES = (vote("U0BOB"), vote("U0CAROL"))

Fields = dict[str, bytes]


def waiting(**changes: Any) -> Operation:
    """A deploy that was examined and planned, and waits for people."""
    given = {
        "examined": the_change(plan()).examined,
        "resolved": Resolved(pinned(DIGEST), 2_000_000),
    }
    return awaiting(**{**given, **changes})


def approved(**changes: Any) -> Operation:
    """It, with both votes, about to be carried out."""
    given = {"state": State.QUEUED, "stage": Stage.APPLY, "attempt": 3, "votes": VOTES}
    return waiting(**{**given, **changes})


def fields_of(stored: Operation, key: SigningKey = BOT_KEY) -> Fields:
    """Its hash, where this key signed the latest move."""
    (_, _, *words), *_ = operation_fields.written(None, stored, key)
    pairs = zip(words[::2], words[1::2], strict=True)
    return {str(field): str(value).encode() for field, value in pairs}


def found(fields: Fields, ring: KeyRing = RING, number: int = 1042) -> StoredOperation | None:
    """What a program reads from such a hash."""
    return operation_fields.read(number, [fields.get(name) for name in FIELDS], ring)


def refused(fields: Fields, ring: KeyRing = RING, number: int = 1042) -> str:
    """Why a program does not act upon such a hash."""
    with pytest.raises(Forged) as raised:
        found(fields, ring, number)
    return str(raised.value)


def record_in(fields: Fields) -> Record:
    """The record of the latest move."""
    return RECORD.read(fields["record"], ("1042",), RING).value


def moved(fields: Fields, key: SigningKey = BOT_KEY, **changes: Any) -> Fields:
    """The hash with other things in its record, signed with this key."""
    record = replace(record_in(fields), **changes)
    return {**fields, "record": RECORD.signed(record, ("1042",), key).text.encode()}


def spelled(votes: Sequence[Signed[Vote]]) -> bytes:
    """Votes as they are stored."""
    return json.dumps([one.text for one in votes]).encode()


@pytest.mark.parametrize(
    ("stored", "key"),
    [
        (operation(), BOT_KEY),
        (waiting(), WORKER_KEY),
        (approved(), BOT_KEY),
        (waiting(votes=VOTES[:1]), BOT_KEY),
        (waiting(votes=(vote(ALICE.user, Choice.REJECT),), state=State.REJECTED), BOT_KEY),
    ],
)
def test_what_was_stored_is_read_as_it_was(stored: Operation, key: SigningKey) -> None:
    assert found(fields_of(stored, key)) == StoredOperation(stored, 0)
    assert found({}) is None


def test_a_move_writes_the_parts_that_are_new_and_no_others() -> None:
    def parts(before: Operation | None, after: Operation) -> set[str]:
        (_, _, *words), *_ = operation_fields.written(before, after, BOT_KEY)
        return {str(word) for word in words[::2]} - {"record", "version", "state"}

    asked = deploy()
    examined = replace(
        asked,
        signed_examined=operation_fields.examined_of(
            asked, the_change(plan()).examined, WORKER_KEY
        ),
    )
    planned = replace(examined, signed_plan=operation_fields.plan_of(examined, plan(), WORKER_KEY))
    assert parts(None, asked) == {"submission"}
    assert parts(asked, examined) == {"examined"}
    assert parts(examined, planned) == {"plan"}
    assert parts(planned, replace(planned, version=6)) == set()
    voted = having(planned, votes=VOTES[:1])
    assert "votes" in parts(planned, voted)
    assert parts(voted, replace(voted, version=7)) == set()


@pytest.mark.parametrize("part", ["submission", "resolved", "examined", "plan", "votes"])
def test_no_part_can_be_left_out(part: str) -> None:
    fields = fields_of(approved())
    del fields[part]
    text = refused(fields)
    assert "of #1042 does not belong to it, so it is ignored." in text
    assert "quaymaster audit verify" in text


@pytest.mark.parametrize("part", ["submission", "resolved", "examined", "plan"])
def test_a_part_of_another_operation_is_refused(part: str) -> None:
    other = fields_of(approved(id=1043))
    assert "its signature does not fit" in refused({**fields_of(approved()), part: other[part]})


@pytest.mark.parametrize("part", ["resolved", "examined", "plan"])
def test_a_part_of_another_service_is_refused(part: str) -> None:
    elsewhere = waiting(request=DeployRequest(image(), "production", "admin"))
    fields = {**fields_of(approved()), part: fields_of(elsewhere)[part]}
    assert "its signature does not fit" in refused(fields)


@pytest.mark.parametrize("part", ["resolved", "examined", "plan"])
def test_a_part_is_no_part_of_another_kind(part: str) -> None:
    fields = fields_of(approved())
    other = {"resolved": "examined", "examined": "plan", "plan": "resolved"}[part]
    assert "its signature does not fit" in refused({**fields, part: fields[other]})


def test_an_older_plan_of_the_same_operation_is_refused() -> None:
    """It is genuine, and was voted on never or earlier."""
    older = fields_of(waiting(plan=plan(turn=6)))
    text = refused({**fields_of(approved()), "plan": older["plan"]})
    assert "The plan of #1042 does not belong to it" in text


def test_an_older_request_or_image_of_the_same_operation_is_refused() -> None:
    other = waiting(
        examined=replace(the_change(plan()).examined, size=1),
        request=DeployRequest(image("9"), *PLACE[1:]),
    )
    for part, kind in (("examined", "examined image"), ("submission", "request")):
        text = refused({**fields_of(approved()), part: fields_of(other)[part]})
        assert f"The {kind} of #1042 does not belong to it" in text


def test_the_rule_of_an_approval_is_part_of_what_is_signed() -> None:
    stored = fields_of(waiting(votes=VOTES[:1]))
    altered = stored["plan"].replace(b'"needed":2', b'"needed":1')
    assert altered != stored["plan"]
    assert "its signature does not fit" in refused({**stored, "plan": altered})
    lenient = fields_of(waiting(plan=plan(rule=rule(needed=1))))
    text = refused({**stored, "plan": lenient["plan"]})
    assert "The plan of #1042 does not belong to it" in text


def test_votes_count_as_often_and_in_the_order_that_the_record_names() -> None:
    stored = approved()
    fields, (bob, carol) = fields_of(stored), stored.votes
    assert found({**fields, "votes": spelled((bob, carol))}) == StoredOperation(stored, 0)
    for votes in ((carol, bob), (bob,), (bob, bob), (bob, carol, bob), (bob, carol, carol), ()):
        text = refused({**fields, "votes": spelled(votes)})
        assert "The vote of #1042 does not belong to it" in text


def test_a_vote_about_another_plan_is_refused() -> None:
    other = fields_of(approved(plan=plan(turn=6)))
    assert "its signature does not fit" in refused(
        {**fields_of(approved()), "votes": other["votes"]}
    )


def test_a_vote_that_was_altered_is_refused() -> None:
    fields = fields_of(approved())
    altered = fields["votes"].replace(b"U0CAROL", b"U0DAVE")
    assert "its signature does not fit" in refused({**fields, "votes": altered})


def test_nobody_is_counted_twice() -> None:
    """Also where the bot's own key signed the second one."""
    stored = waiting()
    assert stored.signed_plan is not None
    digest = stored.signed_plan.digest
    twice = tuple(
        VOTE.signed(Vote(1042, digest, "U0BOB", Choice.APPROVE, at), ("1042", digest), BOT_KEY)
        for at in (NOW, NOW + timedelta(minutes=1))
    )
    fields = fields_of(replace(stored, votes=twice, state=State.QUEUED, stage=Stage.APPLY))
    assert "One voter is counted twice in #1042" in refused(fields)


def test_votes_are_signed_by_the_bot_alone() -> None:
    stored = waiting()
    assert stored.signed_plan is not None
    digest = stored.signed_plan.digest
    forged = VOTE.signed(replace(VOTES[0], plan=digest), ("1042", digest), WORKER_KEY)
    fields = fields_of(replace(stored, votes=(forged,)), BOT_KEY)
    assert "signed by the worker, which may not sign one" in refused(fields)


@pytest.mark.parametrize(("key", "role"), [(WORKER_KEY, "worker"), (SCANNER_KEY, "scanner")])
def test_requests_are_signed_by_the_bot_alone(key: SigningKey, role: str) -> None:
    before = operation()
    signed = SUBMISSION.signed(before.submission.value, ("1042",), key)
    fields = fields_of(replace(before, submission=signed))
    assert f"signed by the {role}, which may not sign one" in refused(fields)


@pytest.mark.parametrize(
    "votes", [b"", b"[", b"5", b"null", b"{}", b"[5, 6]", b'["", ""]', b"\xff", b'["\\ud800", ""]']
)
def test_what_is_no_list_of_votes_is_refused(votes: bytes) -> None:
    text = refused({**fields_of(approved()), "votes": votes})
    assert text.startswith(("The vote of #1042 does not belong to it", "The vote of 1042/"))


def test_votes_without_a_plan_are_refused() -> None:
    fields = moved(fields_of(approved()), plan=None)
    assert "The vote of #1042 does not belong to it" in refused(fields)


def test_a_record_counts_under_its_own_id_alone() -> None:
    fields = fields_of(operation())
    assert "The record of 1043 is ignored: its signature does not fit." in refused(
        fields, number=1043
    )


def test_a_record_names_the_id_that_it_stands_under() -> None:
    """Also where a worker's own key put it elsewhere: else one job would run another operation."""
    fields = fields_of(approved())
    copied = RECORD.signed(record_in(fields), ("1043",), WORKER_KEY).text.encode()
    text = refused({**fields, "record": copied}, number=1043)
    assert "The record of #1043 does not belong to it" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"state": State.QUEUED},
        {"stage": Stage.RECOVER},
        {"queue": "host:db1"},
        {"attempt": 9},
        {"deaths": 3},
        {"version": 99},
        {"votes": ()},
        {"plan": None},
    ],
)
def test_all_of_a_record_is_signed(changes: dict[str, Any]) -> None:
    fields = moved(fields_of(waiting()), STRANGER_KEY, **changes)
    assert "its signature does not fit" in refused(fields)


def test_a_scanner_moves_no_operation() -> None:
    text = refused(fields_of(operation(), SCANNER_KEY))
    assert "it is signed by the scanner, which may not sign one" in text


def test_a_worker_that_is_not_enrolled_moves_no_operation() -> None:
    running = waiting(state=State.RUNNING)
    assert found(fields_of(running, WORKER_KEY)) is not None
    text = refused(fields_of(running, OTHER_WORKER_KEY))
    assert "#1042 is ignored: it was moved to its state with the key other-wor" in text
    assert "It is running, signed by the worker." in text


def test_a_worker_decides_nothing_for_people() -> None:
    rejected = waiting(state=State.REJECTED, votes=(vote("U0BOB", Choice.REJECT),))
    assert found(fields_of(rejected, BOT_KEY)) is not None
    assert "signed by the worker" in refused(fields_of(rejected, WORKER_KEY))


@pytest.mark.parametrize("codec", ["resolved", "examined", "plan"])
def test_the_parts_of_a_worker_that_is_not_enrolled_do_not_count(codec: str) -> None:
    make: dict[str, Any] = {
        "resolved": lambda of, key: operation_fields.resolved_of(of, of.resolved, key),
        "examined": lambda of, key: operation_fields.examined_of(of, of.examined, key),
        "plan": lambda of, key: operation_fields.plan_of(of, of.plan, key),
    }
    stored = waiting()
    foreign = replace(stored, **{f"signed_{codec}": make[codec](stored, OTHER_WORKER_KEY)})
    text = refused(fields_of(foreign, WORKER_KEY))
    assert "A part of #1042 is ignored: the key other-worker-1 is not enrolled" in text


def test_the_bot_makes_no_plan() -> None:
    stored = waiting()
    signed = operation_fields.plan_of(stored, plan(), BOT_KEY)
    fields = fields_of(replace(stored, signed_plan=signed), WORKER_KEY)
    assert "signed by the bot, which may not sign one" in refused(fields)


def test_a_plan_is_for_the_host_that_it_is_queued_for() -> None:
    text = refused(fields_of(waiting(plan=plan(target=DockerHost("build1"))), WORKER_KEY))
    assert "The plan of #1042 does not belong to it" in text


@pytest.mark.parametrize(
    "other",
    [
        plan(service="admin"),
        plan(environment="staging"),
        plan(kind=PlanKind.ROLLBACK),
    ],
)
def test_a_plan_is_about_what_was_asked_for(other: Any) -> None:
    """Also where a worker's own key signed it for this operation."""
    text = refused(fields_of(waiting(plan=other), WORKER_KEY))
    assert "The plan does not match the request" in text


def test_what_a_newer_program_wrote_is_left_to_it() -> None:
    fields = fields_of(waiting(), WORKER_KEY)
    record = replace(RECORD, version=2).signed(record_in(fields), ("1042",), WORKER_KEY)
    with pytest.raises(WrittenByNewer, match="This record was written by a newer"):
        found({**fields, "record": record.text.encode()})
    stored = waiting()
    newer = replace(PLAN, version=PLAN.version + 1).signed(plan(), PLACE, WORKER_KEY)
    with pytest.raises(WrittenByNewer, match="This plan was written by a newer"):
        found(fields_of(replace(stored, signed_plan=newer), WORKER_KEY))


def test_what_is_stored_beside_the_record_is_filled_in() -> None:
    stored = operation()
    beside = {
        "revision": b"4",
        "progress": b'{"step":"pushing","done_bytes":1,"total_bytes":2}',
        "cancel": cancellation_of(stored, "U0BOB", NOW, BOT_KEY).encode(),
        "page": b"2",
    }
    shown = found({**fields_of(stored), **beside})
    expected = replace(
        stored,
        progress=Progress("pushing", 1, 2),
        cancel_asked_by="U0BOB",
        page=2,
    )
    assert shown == StoredOperation(expected, 4)


def test_the_scan_of_another_operation_is_not_looked_at() -> None:
    """Also where who moved it may do that."""
    stored = deploy(stage=Stage.PLAN, scan_order="1041-2")
    with pytest.raises(Forged, match="order of a scan of #1042 does not belong to it"):
        found(fields_of(stored))
    for order in ("1042-2", None):
        assert found(fields_of(replace(stored, scan_order=order))) is not None


def test_what_is_past_the_point_of_no_return_is_not_held_up_by_a_cancel() -> None:
    stored = operation(state=State.RUNNING)
    beside = {"past_return": b"1", "cancel": b"U0BOB"}
    expected = replace(stored, is_committed=True)
    assert found({**fields_of(stored, WORKER_KEY), **beside}) == StoredOperation(expected, 0)


def test_what_is_only_shown_stops_nothing_when_it_cannot_be_read() -> None:
    """It is not signed: whoever writes nonsense there shows nonsense at most."""
    stored = operation()
    for nonsense in (b"\xff", b"nonsense", b"9" * 5000, b"-1"):
        beside = dict.fromkeys(("revision", "progress", "page"), nonsense)
        assert found({**fields_of(stored), **beside}) == StoredOperation(stored, 0)


@pytest.mark.parametrize("how", ["no envelope", "a worker's", "of another", "earlier", "altered"])
def test_nobody_asked_to_cancel_unless_the_bot_signed_that(how: str) -> None:
    stored = operation()
    genuine = partial(cancellation_of, by="U0BOB", at=NOW)
    text = {
        "no envelope": "U0BOB",
        "a worker's": genuine(stored, key=WORKER_KEY),
        "of another": genuine(having(stored, id=1041), key=BOT_KEY),
        "earlier": genuine(having(stored, origin=Origin("C0SHOP", "another")), key=BOT_KEY),
        "altered": genuine(stored, key=BOT_KEY).replace("U0BOB", "U0EVE"),
    }[how]
    with pytest.raises(Forged, match="The cancellation of 1042"):
        found({**fields_of(stored), "cancel": text.encode()})
    ended = stored.moved(State.CANCELLED, NOW)
    shown = found({**fields_of(ended), "cancel": text.encode()})
    assert shown is not None
    assert shown.operation.cancel_asked_by is None


@pytest.mark.engine
def test_the_hash_of_another_operation_is_no_operation_of_this_id(valkey: Connection) -> None:
    before = operation()
    perform(valkey, records.accept(before, event_of(before), BOT_KEY))
    valkey.copy(keys.operation(1042), keys.operation(1043))
    stored = ask(valkey, records.load(1042, RING))
    assert stored is not None
    assert stored.operation == before
    with pytest.raises(Forged, match="record of 1043 is ignored"):
        ask(valkey, records.load(1043, RING))


@pytest.mark.engine
def test_what_was_asked_for_remains_where_the_record_is_forged(valkey: Connection) -> None:
    before = operation()
    perform(valkey, records.accept(before, event_of(before), BOT_KEY))
    valkey.hset(keys.operation(1042), "record", "forged")
    left = ask(valkey, operation_fields.remains(1042, RING))
    assert left is not None
    assert (left.request, left.version, left.state) == (before.request, 1, State.ACCEPTED)
    assert ask(valkey, operation_fields.remains(1043, RING)) is None
    valkey.hset(keys.operation(1042), "version", "9" * 5000)
    with pytest.raises(Forged, match="The version of #1042"):
        ask(valkey, operation_fields.remains(1042, RING))
    valkey.hset(keys.operation(1042), "submission", "forged")
    with pytest.raises(Forged, match="The request of 1042 is ignored"):
        ask(valkey, operation_fields.remains(1042, RING))
