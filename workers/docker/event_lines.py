"""A stream of JSON objects, one a line, as engines send the events of a pull or push.

A line is given up when it gets too long, before it is collected; lines that are not JSON are left
out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from quaymaster.limits import LINE_BYTES
from workers.outside.exchange import ExchangeTooLarge


@dataclass(slots=True)
class EventLines:
    """Takes chunks as they arrive, and gives each whole event once."""

    most: int = LINE_BYTES
    _rest: list[bytes] = field(default_factory=list)
    _held: int = 0

    @property
    def held(self) -> int:
        """Bytes of a line whose end has not come."""
        return self._held

    def after(self, chunk: bytes) -> Iterator[object]:
        """The events that end in this chunk. Raises TooMuch for a line that is too long."""
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            self._hold(line)
            yield from _event(self._taken())
        self._hold(rest)

    def end(self) -> Iterator[object]:
        """The stream is over: what was left is an event, or nothing."""
        yield from _event(self._taken())

    def _hold(self, part: bytes) -> None:
        self._held += len(part)
        if self._held > self.most:
            raise ExchangeTooLarge
        if part:
            self._rest.append(part)

    def _taken(self) -> bytes:
        line = b"".join(self._rest)
        self._rest.clear()
        self._held = 0
        return line


def _event(line: bytes) -> Iterator[object]:
    if line.strip():
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            return
