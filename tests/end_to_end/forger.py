"""What somebody can do who may write to Redis and has no key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import redis

from quaymaster.store import keys
from quaymaster.store.jobs import enqueued

Fields = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Forger:
    """Reads and writes Redis by hand."""

    database: redis.Redis

    def fields(self, number: int) -> dict[bytes, bytes]:
        """Everything that is stored of an operation."""
        return cast("dict[bytes, bytes]", self.database.hgetall(keys.operation(number)))

    def put_back(self, number: int, fields: Fields, queue: str, attempt: int) -> None:
        """Store an operation as it was at another time, and put that time's job into its queue."""
        where = keys.operation(number)
        self.database.delete(where)
        self.database.hset(where, mapping=cast("Any", dict(fields)))
        self.database.sadd(keys.OPEN, number)
        self.push(number, queue, attempt)

    def push(self, number: int, queue: str, attempt: int) -> None:
        """Put a job into a queue."""
        for command in enqueued(f"operation-{number}-{attempt}", number, queue):
            cast("Any", self.database).execute_command(*command)

    def alter(self, number: int, field: str, old: str, new: str) -> None:
        """Change the text of a part, its signature left as it is."""
        stored = self.database.hget(keys.operation(number), field)
        assert isinstance(stored, bytes)
        assert old.encode() in stored, stored
        self.database.hset(
            keys.operation(number), field, cast("Any", stored.replace(old.encode(), new.encode()))
        )

    def copy(self, field: str, *, of: int, to: int) -> None:
        """Put a part of one operation into another one."""
        stored = self.database.hget(keys.operation(of), field)
        assert isinstance(stored, bytes), field
        self.database.hset(keys.operation(to), field, cast("Any", stored))

    def say(self, number: int, **changes: str) -> None:
        """Change what the record says (``state="queued"``), its signature left as it is."""
        stored = self.database.hget(keys.operation(number), "record")
        assert isinstance(stored, bytes)
        text = stored.decode()
        for name, value in changes.items():
            text, count = re.subn(rf'"{name}":("[^"]*"|\d+)', f'"{name}":{value}', text, count=1)
            assert count == 1, (name, text)
        self.database.hset(keys.operation(number), "record", text)
