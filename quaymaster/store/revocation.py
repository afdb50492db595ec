"""After a key was stolen: what it signed is signed again with its owner's new key, or ends.

Releases, bad-digest marks and the engines of hosts are signed again, so that deploys and rollbacks
keep working. Operations that are open and rest on it end: nobody can tell whether the holder or the
thief signed them. What is done is found out anew each time, so it can be broken off and done again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

import redis

from quaymaster.errors import Conflict, Forged, Problem, QuaymasterError, WrittenByNewer
from quaymaster.journal import event_of
from quaymaster.key_ring import ProgramRole, PublicKey
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Ended, Failed, Interrupted
from quaymaster.signed import Signed
from quaymaster.signing_key import Keys
from quaymaster.store import keys, records
from quaymaster.store.emptying import may_not, named
from quaymaster.store.envelopes import key_id_of
from quaymaster.store.formats import BAD_DIGEST, HOST_ENGINE, RELEASE, SUBMISSION
from quaymaster.store.transactions import (
    Command,
    Connection,
    FieldEquals,
    Guard,
    LastEquals,
    Query,
    Transaction,
    ask,
    perform,
    unavailable,
)
from quaymaster.target import ServiceRef

T = TypeVar("T")

_TRIES = 20
_REPORTS = (f"{keys.PREFIX}*report:*", f"{keys.PREFIX}scan-answer:*")
"""What a scan leaves behind; where it is gone, the image is scanned again."""


@dataclass(slots=True)
class Revocation:
    """What was done about a revoked key."""

    signed_anew: list[str] = field(default_factory=list)
    """Releases and marks, in words: the administrator should check that they are genuine."""
    ended: list[int] = field(default_factory=list)
    """Operations."""
    reports: int = 0
    """Scan reports that were deleted: the images are scanned again when they are needed."""
    left: list[str] = field(default_factory=list)
    """What could not be signed again, in words, each with the reason."""


def execute(connection: Connection, revoked: PublicKey, own: Keys) -> Revocation:
    """Do it all, with the key that came after and the ring that says that the other was revoked.

    Raises Unavailable, and ConfigurationError for a user of Redis who may not.
    """
    work = _Work(connection, revoked, own)
    try:
        if revoked.role is ProgramRole.WORKER:
            work.sign_releases_anew()
            work.sign_marks_anew()
            work.sign_engines_anew()
        if revoked.role is not ProgramRole.BOT:
            work.delete_reports()
        if revoked.role is not ProgramRole.SCANNER:
            work.end_operations()
    except redis.exceptions.NoPermissionError as error:
        raise may_not() from error
    except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
        raise unavailable() from error
    return work.done


@dataclass(slots=True)
class _Work:
    connection: Connection
    revoked: PublicKey
    own: Keys
    done: Revocation = field(default_factory=Revocation)

    @property
    def before(self) -> Keys:
        """The ring as it was, in which nothing counts that was signed with the key since."""
        ends = [at for at in (self.revoked.ends_at, self.revoked.revoked_at) if at is not None]
        was = replace(self.revoked, revoked_at=None, ends_at=min(ends))
        return replace(self.own, ring=self.own.ring.with_key(was))

    def sign_releases_anew(self) -> None:
        prefix = keys.releases(ServiceRef("", "")).removesuffix("/")
        for name in named(self.connection, f"{prefix}*"):
            place = _place(name, prefix)
            for _ in range(_TRIES):
                if self._signed_list(name, place):
                    break

    def sign_marks_anew(self) -> None:
        prefix = keys.bad_digests(ServiceRef("", "")).removesuffix("/")
        for name in named(self.connection, f"{prefix}*"):
            place = _place(name, prefix)
            for digest, text in ask(self.connection, _fields(name)).items():
                what = f"the mark on {digest} in {'/'.join(place)}"
                mark = self._anew(
                    text,
                    what,
                    lambda: BAD_DIGEST.read(text, (*place, digest), self.before.ring),  # noqa: B023
                    lambda value: BAD_DIGEST.signed(value, (*place, digest), self.own.private),  # noqa: B023
                )
                if mark is not None:
                    perform(self.connection, _put_mark(name, digest, text, mark.text))
                    self.done.signed_anew.append(what)

    def sign_engines_anew(self) -> None:
        for host, text in ask(self.connection, _fields(keys.HOST_ENGINES)).items():
            what = f"the engine of {host}"
            engine = self._anew(
                text,
                what,
                lambda: HOST_ENGINE.read(text, (host,), self.before.ring),  # noqa: B023
                lambda value: HOST_ENGINE.signed(value, (host,), self.own.private),  # noqa: B023
            )
            if engine is not None:
                perform(self.connection, _put_mark(keys.HOST_ENGINES, host, text, engine.text))
                self.done.signed_anew.append(f"{what}: {engine.value.engine_id}")

    def delete_reports(self) -> None:
        for pattern in _REPORTS:
            for name in named(self.connection, pattern):
                text = ask(self.connection, Query(("GET", name), _text))
                if key_id_of(text) == self.revoked.id:
                    self.connection.delete(name)
                    self.done.reports += 1

    def end_operations(self) -> None:
        for number in ask(self.connection, records.open_ids()):
            try:
                if self._rests_on_it(number):
                    self._end(number)
            except (Forged, WrittenByNewer) as error:
                self.done.left.append(f"#{number}: {error.problem.what}")

    def _signed_list(self, name: str, place: tuple[str, ...]) -> bool:
        """Whether the releases of a service are signed again: False if one was added meanwhile."""
        texts = ask(self.connection, Query(("LRANGE", name, 0, -1), _texts))
        left = len(self.done.left)
        words, after = [], []
        for text in texts:
            release = self._anew(
                text,
                f"a release of {'/'.join(place)}",
                lambda: RELEASE.read(text, place, self.before.ring),  # noqa: B023
                lambda value: RELEASE.signed(value, place, self.own.private),
            )
            after.append(release.text if release else text)
            if release is not None:
                words.append(
                    f"release #{release.value.id} of {'/'.join(place)}: {release.value.image}"
                )
        if after == texts:
            return True
        if not perform(self.connection, _put_list(name, texts[-1], after)):
            del self.done.left[left:]
            return False
        self.done.signed_anew += words
        return True

    def _anew(
        self,
        text: str,
        what: str,
        read: Callable[[], Signed[T]],
        sign: Callable[[T], Signed[T]],
    ) -> Signed[T] | None:
        """It, signed with the new key, where it was with the revoked one."""
        if key_id_of(text) != self.revoked.id:
            return None
        try:
            return sign(read().value)
        except QuaymasterError as error:
            self.done.left.append(f"{what}: {error.problem.what}")
            return None

    def _rests_on_it(self, number: int) -> bool:
        try:
            ask(self.connection, records.load(number, self.own.ring))
        except Forged:
            return True
        return False

    def _end(self, number: int) -> None:
        """Raises Forged for what was not genuine before either."""
        for _ in range(_TRIES):
            stored = ask(self.connection, records.load(number, self.before.ring))
            if stored is None or stored.operation.state.is_terminal:
                return
            before = stored.operation
            after = _ended(before, self.revoked, self.own)
            event = event_of(after, detail=f"{self.revoked.id} was revoked")
            try:
                perform(self.connection, records.move(before, after, event, self.own.private))
            except Conflict:
                continue
            self.done.ended.append(number)
            return


def _ended(before: Operation, revoked: PublicKey, own: Keys) -> Operation:
    """The operation at its end, without anything that the revoked key signed."""
    submission = before.submission
    if submission.key == revoked.id:
        submission = SUBMISSION.signed(submission.value, (str(before.id),), own.private)
    plan = _kept(before.signed_plan, revoked)
    votes = before.votes if plan and all(vote.key != revoked.id for vote in before.votes) else ()
    state, outcome = _end_of(before, revoked, own)
    return replace(
        before,
        submission=submission,
        signed_resolved=_kept(before.signed_resolved, revoked),
        signed_examined=_kept(before.signed_examined, revoked),
        signed_plan=plan,
        votes=votes,
        standings=tuple(one for one in before.standings if one.key != revoked.id),
        state=state,
        outcome=outcome,
        interim=None,
        verify_at=None,
        changed_at=datetime.now(UTC),
        version=before.version + 1,
    )


def _end_of(
    before: Operation, revoked: PublicKey, own: Keys
) -> tuple[State, Ended | Interrupted | Failed]:
    """A state that the holder of the new key may bring it to (quaymaster/movers.py)."""
    why = f"The key {revoked.id} was revoked, and this depended on it."
    if before.state in (State.RUNNING, State.BAKING):
        why += " It had already started."
        way = "Check what runs now: `/image status`. Then ask for it again."
        if own.entry.role is ProgramRole.BOT:
            return State.CANCELLED, Ended(why, next_step=way)
        return State.UNKNOWN, Interrupted(why, way)
    why += " Nothing was changed."
    way = "Ask for it again."
    if own.entry.role is ProgramRole.BOT:
        return State.CANCELLED, Ended(why, next_step=way)
    if own.entry.may_work_in(before.queue):
        return State.SUPERSEDED, Ended(why, next_step=way)
    return State.FAILED, Failed(Problem(why, next_step=way))


def _kept(part: Signed[T] | None, revoked: PublicKey) -> Signed[T] | None:
    return part if part is not None and part.key != revoked.id else None


def _put_list(name: str, last: str, texts: list[str]) -> Transaction[bool]:
    """Releases are only ever added at the end, so the same last one means the same list."""
    guard: Guard = LastEquals(name, last)
    commands: tuple[Command, ...] = (("DEL", name), ("RPUSH", name, *texts))
    return Transaction(commands, lambda _: True, lambda _: False, (guard,))


def _put_mark(name: str, digest: str, old: str, new: str) -> Transaction[None]:
    guards = (FieldEquals(name, digest, old),)
    return Transaction((("HSET", name, digest, new),), lambda _: None, lambda _: None, guards)


def _place(name: str, prefix: str) -> tuple[str, ...]:
    environment, _, service = name.removeprefix(prefix).partition("/")
    return environment, service


def _fields(name: str) -> Query[dict[str, str]]:
    def read(reply: "dict[bytes, bytes] | list[bytes]") -> dict[str, str]:
        pairs = (
            reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
        )
        return {_text(field_name): _text(value) for field_name, value in pairs}

    return Query(("HGETALL", name), read)


def _texts(reply: list[bytes]) -> list[str]:
    return [_text(one) for one in reply]


def _text(reply: bytes | None) -> str:
    return (reply or b"").decode(errors="replace")
