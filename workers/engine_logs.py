"""The end of a container's log, read as a stream: a line of it may have any length."""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

import urllib3.exceptions
from docker import APIClient

from quaymaster.limits import ENGINE_SECONDS, HEAD_BYTES, LOG_KEPT_BYTES, LOG_READ_BYTES
from workers.exchange import Exchange, TooMuch


@dataclass(slots=True)
class Tail:
    """Keeps the last bytes of what it is given, from the beginning of a line on."""

    most: int = LOG_KEPT_BYTES
    _pieces: deque[bytes] = field(default_factory=deque)
    _held: int = 0
    _is_cut: bool = False

    @property
    def held(self) -> int:
        """Bytes that are kept now."""
        return self._held

    def add(self, piece: bytes) -> None:
        """Take the next piece; the oldest make room for it."""
        if len(piece) > self.most:
            self._is_cut = True
            piece = piece[-self.most :]
        self._pieces.append(piece)
        self._held += len(piece)
        while self._held > self.most:
            self._is_cut = True
            first = self._pieces.popleft()
            self._held -= len(first)
            if kept := first[len(first) - max(0, self.most - self._held) :]:
                self._pieces.appendleft(kept)
                self._held += len(kept)

    def content(self) -> bytes:
        """The bytes. A line whose beginning is gone is left out: it may be half a secret."""
        whole = b"".join(self._pieces)
        return whole.partition(b"\n")[2] if self._is_cut else whole


def last_output(api: APIClient, container: str, lines: int) -> bytes:
    """What a container wrote last, within limits of time and bytes. Raises what the SDK raises."""
    tail = Tail()
    with Exchange(LOG_READ_BYTES + HEAD_BYTES, ENGINE_SECONDS).current():
        stream = api.logs(
            container, stdout=True, stderr=True, tail=lines, stream=True, follow=False
        )
        try:
            for piece in stream:
                tail.add(piece)
        except (TooMuch, TimeoutError, urllib3.exceptions.TimeoutError):
            # So much, or so slowly, for a few lines: what came is what is shown.
            with suppress(OSError, AttributeError):
                stream.close()
    return tail.content()
