"""The last lines of a container's output, without secrets, as far as there is room for them."""

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import urllib3.exceptions
from docker import APIClient

from quaymaster.errors import NotFound
from quaymaster.limits import ENGINE_SECONDS, HEAD_BYTES, LOG_KEPT_BYTES, LOG_READ_BYTES
from quaymaster.redaction.redaction import redacted_tail
from workers.docker.engine import Engine
from workers.outside.exchange import Exchange, ExchangeTooLarge

_LINES_BEFORE = 400
"""Read besides what is shown: a private key that began before is known by its beginning."""


def log_tail(
    engine: Engine,
    container: str,
    lines: int,
    secrets: Iterable[str] = (),
    *,
    since: datetime | None = None,
) -> tuple[str, ...]:
    """Its last lines of output, without the given secrets; none where the engine keeps none.

    At most ``LOG_KEPT_BYTES`` of it are looked at; what they cut in two is not shown.
    """
    try:
        with engine.calling("The container") as api:
            end = _end_of_output(api, container, lines + _LINES_BEFORE, since)
    except NotFound:
        return ()
    text = end.content().decode(errors="replace")
    return redacted_tail(text, secrets, lines, is_cut=end.is_cut)


@dataclass(slots=True)
class LogTail:
    """Keeps the last bytes of a stream."""

    most: int = LOG_KEPT_BYTES
    is_cut: bool = False
    """Whether there was more before them."""
    _pieces: deque[bytes] = field(default_factory=deque)
    _held: int = 0

    @property
    def held(self) -> int:
        """Bytes that are kept now."""
        return self._held

    def add(self, piece: bytes) -> None:
        """Take the next piece; the oldest make room for it."""
        if len(piece) > self.most:
            self.is_cut = True
            piece = piece[-self.most :]
        self._pieces.append(piece)
        self._held += len(piece)
        while self._held > self.most:
            self.is_cut = True
            first = self._pieces.popleft()
            self._held -= len(first)
            if kept := first[len(first) - max(0, self.most - self._held) :]:
                self._pieces.appendleft(kept)
                self._held += len(kept)

    def content(self) -> bytes:
        """The bytes; where they are cut, they may begin in the middle of a secret."""
        return b"".join(self._pieces)


def _end_of_output(api: APIClient, container: str, lines: int, since: datetime | None) -> LogTail:
    """What a container wrote last, within limits of time and bytes. Raises what the SDK raises."""
    tail = LogTail()
    with Exchange(LOG_READ_BYTES + HEAD_BYTES, ENGINE_SECONDS).current():
        stream = api.logs(
            container,
            stdout=True,
            stderr=True,
            tail=lines,
            stream=True,
            follow=False,
            since=since.timestamp() if since is not None else None,
        )
        try:
            for piece in stream:
                tail.add(piece)
        except (ExchangeTooLarge, TimeoutError, urllib3.exceptions.TimeoutError):
            # So much, or so slowly, for a few lines: what came is what is shown.
            with suppress(OSError, AttributeError):
                stream.close()
    return tail
