"""The configuration of a worker or scanner, shared by all its processes.

The supervisor reads the file again and writes the text, once it has accepted it, to an unnamed file
that all processes have had open since before the fork. A worker looks there before each job. So a
job keeps its configuration to the end, the next job has the newest, and no process uses a text that
another would refuse.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence

import structlog

from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.reloading import TakesUp
from quaymaster.errors import ConfigurationError
from quaymaster.queues import refuse_unknown
from quaymaster.spelling import listed

log = structlog.get_logger(__name__)

_HEADER = 128
"""The size of the header in bytes, blanks included."""
_ATTEMPTS = 100
_PAUSE_SECONDS = 0.01


class SharedConfiguration:
    """Made before the fork; the parent replaces it, and its children read it."""

    def __init__(self, configuration: Configuration) -> None:
        self.now = configuration
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (open for as long as the program)
        self._seen = b""
        self._held = range(_HEADER, _HEADER)
        """Where the text is in the file."""

    def replace(self, configuration: Configuration) -> None:
        """Give the next job of every child this configuration. Raises OSError; children that have
        not read the previous one yet still can then.
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
        """Close the file, after its last use."""
        self._file.close()

    def refresh(self) -> None:
        """Load the newest, in a child. Cheap if there is no newer one."""
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
        """Write all of it: an almost full disk takes a part without an error."""
        while data:
            written = os.pwrite(self._file.fileno(), data, start)
            data, start = data[written:], start + written


_shared: SharedConfiguration | None = None


def share(configuration: Configuration) -> SharedConfiguration:
    """Make this process, and those that it forks, use this configuration and its successors."""
    global _shared
    _shared = SharedConfiguration(configuration)
    return _shared


def refresh() -> None:
    """Load the newest before a job, if a configuration is shared."""
    if _shared is not None:
        _shared.refresh()


def in_use() -> Configuration | None:
    """The configuration for a job that begins now; None if none is shared."""
    return _shared.now if _shared is not None else None


def taking_up(
    shared: SharedConfiguration, queues: Sequence[str] = (), *, has_named_queues: bool = True
) -> TakesUp:
    """How a worker or scanner takes up another configuration. Its queues stay the same: if one no
    longer exists, the configuration is refused as at start, and a new host needs a worker.
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
