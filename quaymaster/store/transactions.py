"""The only way to change Redis: guards that must hold, and commands that then run together.

A transaction is a value. One script performs it in one round trip, so if a process dies, either
nothing or everything of it has happened. The bot uses an asyncio client, the workers a synchronous
one; both write the same.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import redis
import redis.asyncio
from pydantic_core import to_json
from redis.exceptions import (
    ClusterDownError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from quaymaster.errors import NoRoom, Unavailable

T = TypeVar("T")
Command = tuple[str | int | float, ...]
"""A Redis command with its arguments, such as ``("SET", "key", "value")``."""

_SCRIPT = """
local guards = cjson.decode(ARGV[1])
for i, guard in ipairs(guards) do
  local kind, key = guard[1], guard[2]
  local found, holds
  if kind == 'absent' then
    found = redis.call('GET', key)
    holds = not found
  elseif kind == 'equals' then
    found = redis.call('GET', key)
    holds = found == guard[3]
  elseif kind == 'field' then
    found = redis.call('HGET', key, guard[3]) or ''
    holds = found == guard[4]
  elseif kind == 'has_field' then
    holds = redis.call('HGET', key, guard[3])
  elseif kind == 'last' then
    found = redis.call('LINDEX', key, -1)
    holds = (found or '') == guard[3]
  elseif kind == 'not_after' then
    local clock = redis.call('TIME')
    found = string.format('%d%06d', clock[1], clock[2])
    holds = tonumber(found) <= tonumber(key)
  end
  if not holds then return {0, i - 1, found or ''} end
end
local replies = {}
for i, command in ipairs(cjson.decode(ARGV[2])) do
  local name = command[1]
  local counts_in = name == 'HINCRBY' and 'HSET' or (name == 'INCR' or name == 'INCRBY') and 'SET'
  if counts_in then
    local reply = redis.pcall(unpack(command))
    if type(reply) == 'table' or reply > 999999999999999 then
      -- Somebody put there what is no number of ours: counted anew, or nothing could be written any
      -- more.
      if name == 'INCR' then command[3] = '1' end
      command[1] = counts_in
      redis.call(unpack(command))
      reply = tonumber(command[#command])
    end
    replies[i] = reply
  else
    replies[i] = redis.call(unpack(command))
  end
end
return {1, replies}
"""
# Redis identifies a script by this hash: https://redis.io/docs/latest/commands/evalsha/
_SCRIPT_HASH = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing is stored under the key."""

    key: str

    def encode(self) -> tuple[str, ...]:
        """In the form that the script reads."""
        return ("absent", self.key)


@dataclass(frozen=True, slots=True)
class Equals:
    """The key holds exactly this string."""

    key: str
    value: str

    def encode(self) -> tuple[str, ...]:
        """In the form that the script reads."""
        return ("equals", self.key, self.value)


@dataclass(frozen=True, slots=True)
class FieldEquals:
    """The field of the hash holds exactly this string; an empty string means no such field."""

    key: str
    field: str
    value: str

    def encode(self) -> tuple[str, ...]:
        """In the form that the script reads."""
        return ("field", self.key, self.field, self.value)


@dataclass(frozen=True, slots=True)
class HasField:
    """The hash has this field: the object it belongs to was not deleted meanwhile."""

    key: str
    field: str

    def encode(self) -> tuple[str, ...]:
        """In the form that the script reads."""
        return ("has_field", self.key, self.field)


@dataclass(frozen=True, slots=True)
class LastEquals:
    """The last entry of the list is exactly this string; an empty string means an empty list."""

    key: str
    value: str

    def encode(self) -> tuple[str, ...]:
        """In the form that the script reads."""
        return ("last", self.key, self.value)


@dataclass(frozen=True, slots=True)
class NotAfter:
    """Redis's own clock has not passed this moment. A frozen server must not perform later what the
    bot has already reported as not done.
    """

    microseconds: int
    """Since the epoch, by the clock of the Redis server (its ``TIME`` command)."""

    def encode(self) -> tuple[str, ...]:
        """In the form that the script reads."""
        return ("not_after", str(self.microseconds))


Guard = Absent | Equals | FieldEquals | HasField | LastEquals | NotAfter


@dataclass(frozen=True, slots=True)
class GuardFailure:
    """A guard did not hold, so nothing was changed."""

    guard: int
    actual: str


@dataclass(frozen=True, slots=True)
class Transaction(Generic[T]):
    """What to change, and how to read the answer."""

    commands: tuple[Command, ...]
    done: Callable[[list[Any]], T]
    """Reads the replies of the commands, in their order."""
    refused: Callable[[GuardFailure], T]
    guards: tuple[Guard, ...] = ()

    def arguments(self) -> tuple[bytes, bytes]:
        """The script's arguments."""
        return (
            to_json([guard.encode() for guard in self.guards]),
            to_json([[str(word) for word in command] for command in self.commands]),
        )

    def read(self, answer: Any) -> T:
        """The result of the script's answer."""
        if answer[0] == 1:
            return self.done(answer[1])
        return self.refused(GuardFailure(int(answer[1]), _text(answer[2])))


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """One command that only reads, and how to read its reply."""

    command: Command
    read: Callable[[Any], T]
    otherwise: Callable[[], T] | None = None
    """The result if the key holds another type, which this product never writes. Without
    it, that is an error.
    """

    def answered(self, reply: Any) -> T:
        """The result of a reply. If the reply is an error, raises it."""
        if not isinstance(reply, ResponseError):
            return self.read(reply)
        if self.otherwise is not None and str(reply).startswith("WRONGTYPE"):
            return self.otherwise()
        raise _translated(reply) from reply


def taught() -> Query[None]:
    """Load the script into Redis, which forgets it on restart, so that the next transaction also
    takes one round trip.
    """
    return Query(("SCRIPT LOAD", _SCRIPT), lambda _: None)


Connection = redis.Redis
AsyncConnection = redis.asyncio.Redis


def perform(connection: Connection, transaction: Transaction[T]) -> T:
    """Perform it in one round trip. Raises Unavailable if Redis does not answer in time or accepts
    no changes; then nothing of it was done.
    """
    try:
        return transaction.read(_evaluated(connection, transaction.arguments()))
    except _UNREACHABLE as error:
        raise unavailable() from error
    except ResponseError as error:
        raise _translated(error) from error


async def perform_async(connection: AsyncConnection, transaction: Transaction[T]) -> T:
    """Perform it in one round trip. Raises Unavailable if Redis does not answer in time or accepts
    no changes; then nothing of it was done.
    """
    try:
        return transaction.read(await _evaluated_async(connection, transaction.arguments()))
    except _UNREACHABLE as error:
        raise unavailable() from error
    except ResponseError as error:
        raise _translated(error) from error


def _evaluated(connection: Connection, arguments: tuple[bytes, bytes]) -> Any:
    """The script's answer. The script is called by its hash, which redis-py's own
    ``register_script`` would compute for each call, and sent in full to a Redis that does not know
    it yet.
    """
    try:
        return connection.evalsha(_SCRIPT_HASH, 0, *arguments)
    except NoScriptError:
        return connection.eval(_SCRIPT, 0, *arguments)


async def _evaluated_async(connection: AsyncConnection, arguments: tuple[bytes, bytes]) -> Any:
    try:
        return await cast("Any", connection).evalsha(_SCRIPT_HASH, 0, *arguments)
    except NoScriptError:
        return await cast("Any", connection).eval(_SCRIPT, 0, *arguments)


def ask(connection: Connection, query: Query[T]) -> T:
    """Run one query. Raises Unavailable if Redis does not answer in time."""
    try:
        reply = cast("Any", connection).execute_command(*query.command)
    except _UNREACHABLE as error:
        raise unavailable() from error
    except ResponseError as error:
        reply = error
    return query.answered(reply)


def ask_all(connection: Connection, queries: Sequence[Query[T]]) -> list[T]:
    """Run queries in one round trip. Raises Unavailable if Redis does not answer in time."""
    if not queries:
        return []
    try:
        with connection.pipeline(transaction=False) as pipeline:
            for query in queries:
                cast("Any", pipeline).execute_command(*query.command)
            replies = pipeline.execute(raise_on_error=False)
    except _UNREACHABLE as error:
        raise unavailable() from error
    except ResponseError as error:
        raise _translated(error) from error
    return [query.answered(reply) for query, reply in zip(queries, replies, strict=True)]


async def ask_async(connection: AsyncConnection, query: Query[T]) -> T:
    """Run one query. Raises Unavailable if Redis does not answer in time."""
    try:
        reply = await cast("Any", connection).execute_command(*query.command)
    except _UNREACHABLE as error:
        raise unavailable() from error
    except ResponseError as error:
        reply = error
    return query.answered(reply)


_UNREACHABLE = (redis.ConnectionError, redis.TimeoutError, OSError)
_PASSING = re.compile(
    r"(?:^|caused error: )(?:MISCONF|NOREPLICAS|BUSY|UNKILLABLE|MASTERDOWN|TRYAGAIN|CLUSTERDOWN) "
)
"""How errors begin if Redis answers but cannot do it now, also after redis-py has put the command
of a pipeline before them. For other errors redis-py has types and removes their first word
(redis/_parsers/base.py). LOADING and a refused password are among its ConnectionErrors.
"""
_PASSING_TYPES = (OutOfMemoryError, ReadOnlyError, ClusterDownError, TryAgainError)
_NOT_ALLOWED = re.compile(r"(?:^|caused error: )(?:ERR )?(?:ACL failure in script|NOPERM )")


def _translated(error: ResponseError) -> Exception:
    """Unavailable if Redis cannot do it now, or does not allow this user to do it (any more); any
    other error is a fault, and stays as it is.
    """
    if isinstance(error, NoPermissionError) or _NOT_ALLOWED.search(str(error)):
        return Unavailable(
            "Quaymaster's database denies this program access, so nothing was started.",
            why="Its user in Redis lacks the rights (ACL).",
            next_step="Your Quaymaster administrator can write the users with `quaymaster "
            "redis-users`.",
        )
    if not (isinstance(error, _PASSING_TYPES) or _PASSING.search(str(error))):
        return error
    is_full = isinstance(error, OutOfMemoryError)
    return (NoRoom if is_full else Unavailable)(
        "Quaymaster's database refuses changes, so nothing was started.",
        why="Redis has no memory left." if is_full else "Redis answers, but refuses to write.",
        next_step="Your Quaymaster administrator can find the reason in the log of Redis.",
    )


def unavailable() -> Unavailable:
    """The error for a Redis that does not answer."""
    return Unavailable(
        "Quaymaster cannot reach its database, so nothing was started.",
        why="Redis does not answer.",
        next_step="Try again in a minute; your Quaymaster administrator can run `quaymaster "
        "check`.",
    )


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
