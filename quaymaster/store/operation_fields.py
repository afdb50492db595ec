"""An operation as the fields of its hash: the record of the latest move, and the signed parts.

A move writes the record and the parts that are new; the others stay as they were signed.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn, TypeVar

from pydantic import TypeAdapter

from quaymaster.approvals import Vote
from quaymaster.errors import Forged
from quaymaster.key_ring import KeyRing
from quaymaster.movers import may_have_moved
from quaymaster.operations import Cancellation, Operation, Stage, State, Submission
from quaymaster.plans import Examined, Plan, Resolved
from quaymaster.policy import Person
from quaymaster.progress import Progress
from quaymaster.queues import target_queue
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.standings import LookedUp
from quaymaster.store import keys
from quaymaster.store.codecs import Codec
from quaymaster.store.formats import (
    CANCELLATION,
    EXAMINED,
    PLAN,
    RECORD,
    RESOLVED,
    STANDING,
    SUBMISSION,
    VOTE,
)
from quaymaster.store.record import Record
from quaymaster.store.transactions import Command, Query

T = TypeVar("T")

PROGRESS = TypeAdapter(Progress)
_TEXTS = TypeAdapter(list[str])
_PARTS = ("submission", "resolved", "examined", "plan", "votes", "standings")
FIELDS = ("record", "version", "revision", "progress", "cancel", "page", "past_return", *_PARTS)
"""In the order in which ``read`` takes them."""


@dataclass(frozen=True, slots=True)
class StoredOperation:
    """An operation and the revision that its card should show."""

    operation: Operation
    revision: int


@dataclass(frozen=True, slots=True)
class NotGenuine:
    """What stands in the place of an operation, and is not signed as it should be."""

    why: Forged
    revision: str
    """As it stands there; empty where there is none."""


def written(before: Operation | None, after: Operation, key: SigningKey) -> tuple[Command, ...]:
    """The commands that store the next version, signed; the parts only where they are new."""
    where = keys.operation(after.id)
    record = RECORD.signed(_record_of(after), (str(after.id),), key)
    index = "SREM" if after.state.is_terminal else "SADD"
    fields = ("record", record.text, "version", after.version, "state", after.state)
    return (
        ("HSET", where, *fields, *_new_parts(before, after)),
        ("HINCRBY", where, "revision", 1),
        (index, keys.OPEN, after.id),
        *_returned(before, after),
    )


def _returned(before: Operation | None, after: Operation) -> tuple[Command, ...]:
    """Whoever answers what came back does not have to look at all that is open."""
    if after.state is State.RETURNED:
        return (("SADD", keys.RETURNED, after.id),)
    if before is not None and before.state is State.RETURNED:
        return (("SREM", keys.RETURNED, after.id),)
    return ()


def read(operation_id: int, reply: Sequence[bytes | None], ring: KeyRing) -> StoredOperation | None:
    """The operation, when every part of it is signed by who may and belongs to it.

    Raises Forged with the reason, and WrittenByNewer.
    """
    record_text, version, revision, progress, cancel, page, past_return, *parts = reply
    if record_text is None:
        return None
    signed = RECORD.read(record_text, (str(operation_id),), ring)
    if signed.value.id != operation_id or version != str(signed.value.version).encode():
        raise _does_not_belong(str(operation_id), "record")
    operation = _operation(signed.value, parts, ring)
    if not may_have_moved(ring.key(signed.key), operation):
        raise Forged(
            f"#{operation_id} is ignored: it was moved to its state with the key "
            f"{signed.key}, which may not do that.",
            why=f"It is {operation.state}, signed by the {ring.key(signed.key).role}.",
            next_step="Tell your Quaymaster administrator; `quaymaster audit verify` shows more.",
        )
    return StoredOperation(
        replace(
            operation,
            progress=_progress(progress),
            # What nobody can stop any more is not held up by what stands there.
            cancel_asked_by=None
            if operation.state.is_terminal or past_return is not None
            else canceller(operation, cancel, ring),
            page=_number(page),
            is_committed=past_return is not None,
        ),
        _number(revision),
    )


def read_if_genuine(
    operation_id: int, reply: Sequence[bytes | None], ring: KeyRing
) -> StoredOperation | NotGenuine | None:
    """The operation, or what keeps it from being one. Raises WrittenByNewer."""
    try:
        return read(operation_id, reply, ring)
    except Forged as error:
        revision = reply[FIELDS.index("revision")] or b""
        return NotGenuine(error, revision.decode(errors="replace"))


def remains(operation_id: int, ring: KeyRing) -> Query[Operation | None]:
    """What was asked for, where the rest of the record is forged, as an operation that was just
    accepted under the version that stands there. Raises Forged where even that is not genuine.
    """

    def read(reply: Sequence[bytes | None]) -> Operation | None:
        text, version = reply
        if text is None and version is None:
            return None
        submission = SUBMISSION.read(text or b"", (str(operation_id),), ring)
        return Operation(
            submission=submission,
            state=State.ACCEPTED,
            stage=Stage.WORK,
            queue=submission.value.queue,
            changed_at=submission.value.requested_at,
            version=_version(operation_id, version or b""),
        )

    return Query(
        ("HMGET", keys.operation(operation_id), "submission", "version"),
        read,
        otherwise=lambda: refuse_another_type(operation_id),
    )


def another_type(operation_id: int) -> Forged:
    """What stands in the place of an operation is not even a hash."""
    return _does_not_belong(str(operation_id), "record")


def refuse_another_type(operation_id: int) -> NoReturn:
    """Raise it."""
    raise another_type(operation_id)


def resolved_of(operation: Operation, value: Resolved, key: SigningKey) -> Signed[Resolved]:
    """What the name of the image meant, signed for this operation."""
    return RESOLVED.signed(value, _place(operation.submission.value), key)


def examined_of(operation: Operation, value: Examined, key: SigningKey) -> Signed[Examined]:
    """What is known about the image, signed for this operation."""
    return EXAMINED.signed(value, _place(operation.submission.value), key)


def plan_of(operation: Operation, value: Plan, key: SigningKey) -> Signed[Plan]:
    """The plan, signed for this operation."""
    return PLAN.signed(value, _place(operation.submission.value), key)


def standing_of(
    operation_id: int, person: Person, at: datetime, key: SigningKey
) -> Signed[LookedUp]:
    """Who somebody was at that moment, signed for this operation."""
    return STANDING.signed(LookedUp.of(operation_id, person, at), (str(operation_id),), key)


def cancellation_of(operation: Operation, by: str, at: datetime, key: SigningKey) -> str:
    """What is stored where somebody asks to stop an operation: it fits this request alone."""
    value = Cancellation(operation.id, by, at)
    return CANCELLATION.signed(value, _place_of_cancel(operation), key).text


def canceller(operation: Operation, text: bytes | None, ring: KeyRing) -> str | None:
    """Who asked to stop it, as the bot signed it; None where nobody did. Raises Forged: nothing is
    stopped in somebody's name, and WrittenByNewer.
    """
    if text is None:
        return None
    return CANCELLATION.read(text, _place_of_cancel(operation), ring).value.by


def _place_of_cancel(operation: Operation) -> tuple[str, ...]:
    return (str(operation.id), operation.submission.digest)


def _record_of(operation: Operation) -> Record:
    return Record(
        id=operation.id,
        version=operation.version,
        state=operation.state,
        stage=operation.stage,
        queue=operation.queue,
        changed_at=operation.changed_at,
        attempt=operation.attempt,
        deaths=operation.crashes,
        submission=operation.submission.digest,
        resolved=_digest(operation.signed_resolved),
        examined=_digest(operation.signed_examined),
        plan=_digest(operation.signed_plan),
        votes=tuple(vote.digest for vote in operation.votes),
        standings=tuple(one.digest for one in operation.standings),
        scan_order=operation.scan_order,
        look_at=operation.verify_at,
        started_at=operation.started_at,
        outcome=operation.outcome,
        interim=operation.interim,
    )


def _digest(part: Signed[T] | None) -> str | None:
    return part.digest if part else None


def _new_parts(before: Operation | None, after: Operation) -> tuple[str, ...]:
    """Field and text of each part that was not there before."""
    pairs = (
        ("submission", before and before.submission, after.submission),
        ("resolved", before and before.signed_resolved, after.signed_resolved),
        ("examined", before and before.signed_examined, after.signed_examined),
        ("plan", before and before.signed_plan, after.signed_plan),
    )
    new = [word for name, old, part in pairs if part and part != old for word in (name, part.text)]
    if after.votes and (before is None or before.votes != after.votes):
        new += ["votes", json.dumps([vote.text for vote in after.votes])]
    if after.standings and (before is None or before.standings != after.standings):
        new += ["standings", json.dumps([one.text for one in after.standings])]
    return tuple(new)


def _operation(record: Record, parts: Sequence[bytes | None], ring: KeyRing) -> Operation:
    submission_text, resolved, examined, plan, votes, standings = parts
    number = str(record.id)
    submission = _part(SUBMISSION, submission_text, (number,), record.submission, ring)
    if submission is None:
        raise _does_not_belong(number, "request")
    place = _place(submission.value)
    operation = Operation(
        submission=submission,
        state=record.state,
        stage=record.stage,
        queue=record.queue,
        changed_at=record.changed_at,
        version=record.version,
        attempt=record.attempt,
        crashes=record.deaths,
        signed_resolved=_part(RESOLVED, resolved, place, record.resolved, ring),
        signed_examined=_part(EXAMINED, examined, place, record.examined, ring),
        signed_plan=_part(PLAN, plan, place, record.plan, ring),
        scan_order=record.scan_order,
        verify_at=record.look_at,
        started_at=record.started_at,
        outcome=record.outcome,
        interim=record.interim,
    )
    _check_the_plan_belongs(operation)
    _check_the_scan_is_its_own(operation)
    _check_enrolment(operation, ring)
    return replace(
        operation,
        votes=_votes(operation, votes, record.votes, ring),
        standings=_standings(number, standings, record.standings, ring),
    )


def _part(
    codec: Codec[T],
    text: bytes | None,
    place: tuple[str, ...],
    digest: str | None,
    ring: KeyRing,
) -> Signed[T] | None:
    """A part, when it is the one that the record names."""
    if digest is None:
        return None
    if text is None:
        raise _does_not_belong(place[0], codec.kind)
    part = codec.read(text, place, ring)
    if part.digest != digest:
        raise _does_not_belong(place[0], codec.kind)
    return part


def _votes(
    operation: Operation, text: bytes | None, digests: tuple[str, ...], ring: KeyRing
) -> tuple[Signed[Vote], ...]:
    if not digests:
        return ()
    number, plan = str(operation.id), operation.signed_plan
    try:
        texts = _TEXTS.validate_json(text or b"[]")
    except ValueError as error:
        raise _does_not_belong(number, "vote") from error
    if plan is None or len(texts) != len(digests):
        raise _does_not_belong(number, "vote")
    votes = tuple(VOTE.read(one, (number, plan.digest), ring) for one in texts)
    if tuple(vote.digest for vote in votes) != digests:
        raise _does_not_belong(number, "vote")
    if len({vote.value.voter for vote in votes}) != len(votes):
        raise Forged(
            f"One voter is counted twice in #{number}, so it is ignored.",
            next_step="Tell your Quaymaster administrator.",
        )
    return votes


def _standings(
    number: str, text: bytes | None, digests: tuple[str, ...], ring: KeyRing
) -> tuple[Signed[LookedUp], ...]:
    if not digests:
        return ()
    try:
        texts = _TEXTS.validate_json(text or b"[]")
    except ValueError as error:
        raise _does_not_belong(number, "standing") from error
    standings = tuple(STANDING.read(one, (number,), ring) for one in texts)
    if tuple(one.digest for one in standings) != digests:
        raise _does_not_belong(number, "standing")
    return standings


def _place(submission: Submission) -> tuple[str, ...]:
    """Where the parts of an operation live: they fit no other one."""
    change = submission.request.facts.service_change
    if change is None:
        return (str(submission.id),)
    return (str(submission.id), *change.service.place)


def _check_the_plan_belongs(operation: Operation) -> None:
    plan = operation.plan
    if plan is None:
        return
    change = operation.request.facts.service_change
    if change is None or (plan.kind, plan.services) != (change.kind, (change.service,)):
        raise Forged("The plan does not match the request, so nothing was done.")


def _check_the_scan_is_its_own(operation: Operation) -> None:
    """Whoever may move it does not choose which scan is looked at: the answer to another order may
    be about an older database.
    """
    order = operation.scan_order
    if order is not None and not order.startswith(f"{operation.id}-"):
        raise _does_not_belong(str(operation.id), "order of a scan")


def _check_enrolment(operation: Operation, ring: KeyRing) -> None:
    """What a worker signed counts in the queues of its key alone."""
    plan = operation.plan
    if plan is not None and target_queue(plan.target) != operation.queue:
        raise _does_not_belong(str(operation.id), "plan")
    parts = (operation.signed_resolved, operation.signed_examined, operation.signed_plan)
    for part in parts:
        if part is not None and not ring.key(part.key).may_work_in(operation.queue):
            raise Forged(
                f"A part of #{operation.id} is ignored: the key {part.key} is not enrolled "
                f"for {operation.queue}.",
                next_step="Tell your Quaymaster administrator.",
            )


def _progress(text: bytes | None) -> Progress | None:
    """It is only shown and is not signed, so what cannot be read is as good as none."""
    try:
        return PROGRESS.validate_json(text) if text else None
    except ValueError:
        return None


def _number(text: bytes | None) -> int:
    return int(text) if text is not None and text.isdigit() and len(text) < 16 else 0


def _version(operation_id: int, version: bytes) -> int:
    """The version as every move compares it. It is not signed by itself."""
    if re.fullmatch(rb"0|[1-9][0-9]{0,14}", version) is None:
        raise _does_not_belong(str(operation_id), "version")
    return int(version)


def _does_not_belong(number: str, kind: str) -> Forged:
    return Forged(
        f"The {kind} of #{number} does not belong to it, so it is ignored.",
        why="Something other than Quaymaster wrote to its database.",
        next_step="Tell your Quaymaster administrator; `quaymaster audit verify` shows more.",
    )
