"""The configuration of a worker or scanner, shared by all its processes.

The process that keeps the others running reads the file again, and puts the text that it accepted
into a file without a name, which all of them have had open since before they were forked. A worker
looks there before each job, so a job has one configuration from beginning to end, the next one has
the newest, and no process uses a text that another would refuse.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence

import structlog

from quaymaster.configuration import Configuration
from quaymaster.errors import ConfigurationError
from quaymaster.queues import refuse_unknown
from quaymaster.reloading import TakesUp
from quaymaster.spelling import listed

log = structlog.get_logger(__name__)

_HEADER = 128
"""Bytes, of which the text and its blanks need fewer."""
_ATTEMPTS = 100
_PAUSE_SECONDS = 0.01


class SharedConfiguration:
    """Made before the fork, replaced by the parent, looked at by its children."""

    def __init__(self, configuration: Configuration) -> None:
        self.now = configuration
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (open for as long as the program)
        self._seen = b""
        self._held = range(_HEADER, _HEADER)
        """Where the text stands."""

    def replace(self, configuration: Configuration) -> None:
        """From now on the next job of every child has this one. Raises OSError, and then the one
        before is still there for those that have not looked at it yet.
        """
        text = configuration.text.encode()
        fits_before = len(text) <= self._held.start - _HEADER
        start = _HEADER if fits_before else self._held.stop
        digest = hashlib.sha256(text).hexdigest()
        header = f"{time.monotonic_ns()} {start} {len(text)} {digest}".encode()
        self._write(text, start)
        self._write(header.ljust(_HEADER), 0)
        self.now, self._seen = configuration, header
        self._held = range(start, start + len(text))

    def close(self) -> None:
        """Where it is not used any more."""
        self._file.close()

    def refresh(self) -> None:
        """Have the newest, in a child. Cheap where there is no other."""
        for _ in range(_ATTEMPTS):
            header = os.pread(self._file.fileno(), _HEADER, 0).strip()
            if header == self._seen:
                return
            _, start, length, digest = header.decode().split()
            text = os.pread(self._file.fileno(), int(length), int(start))
            if hashlib.sha256(text).hexdigest() == digest:
                self.now = Configuration.parse(text.decode(), self.now.path)
                self._seen = header
                log.info("works with the new configuration")
                return
            time.sleep(_PAUSE_SECONDS)  # the parent is writing
        log.error("the new configuration cannot be read; the old one stays")

    def _write(self, data: bytes, start: int) -> None:
        """All of it: a disk that is nearly full takes a part without a complaint."""
        while data:
            written = os.pwrite(self._file.fileno(), data, start)
            data, start = data[written:], start + written


_shared: SharedConfiguration | None = None


def share(configuration: Configuration) -> SharedConfiguration:
    """Have this process, and those that it forks, work with this configuration and its
    successors.
    """
    global _shared
    _shared = SharedConfiguration(configuration)
    return _shared


def refresh() -> None:
    """Before a job: have the newest, where one is shared."""
    if _shared is not None:
        _shared.refresh()


def in_use() -> Configuration | None:
    """The one that a job begins with; None where none is shared."""
    return _shared.now if _shared is not None else None


def taking_up(
    shared: SharedConfiguration, queues: Sequence[str] = (), *, has_named_queues: bool = True
) -> TakesUp:
    """How a worker or scanner takes up another configuration. Its queues stay: one that is not
    there any more is refused as at the start, and a host that is new needs a worker.
    """

    def take_up(new: Configuration) -> str:
        refuse_unknown(queues, new.hosts)
        added = [host for host in new.hosts if host not in shared.now.hosts]
        try:
            shared.replace(new)
        except OSError as error:
            raise ConfigurationError(
                "The configuration cannot be handed to the processes of this program.",
                why=f"{error.strerror or error}.",
                next_step="Make room for temporary files, and reload again.",
            ) from error
        if added and not has_named_queues:
            return f"This worker does not serve {listed(added)} yet. Restart it if it should."
        return ""

    return take_up
