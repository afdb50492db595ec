"""Exported parts of the audit: a header, then one entry per line, each as a JSON string.

A file gets its name only once it is complete and on disk, and is never overwritten.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from quaymaster.audit_entries import hash_of
from quaymaster.errors import Conflict, Forged, OutsideFailure, UsageError, WrittenByNewer

_FORMAT = 1
_LONGEST_LINE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AuditFile:
    """A file and its header. Only the entries themselves prove what the header says."""

    path: Path
    first: int
    last: int
    previous: str
    """The hash of the entry before the first; empty if there is none."""
    head: str
    """The hash of the last entry."""
    before: datetime

    @classmethod
    def opened(cls, path: Path) -> "AuditFile":
        """Read the header. Raises UsageError, and WrittenByNewer."""
        with _reading(path) as lines:
            return _header_of(path, next(lines, ""))

    def lines(self) -> Iterator[str]:
        """The entries, in order. Raises UsageError if the file is cut off or not an export."""
        with _reading(self.path) as lines:
            next(lines)
            count = 0
            for count, line in enumerate(lines, 1):  # noqa: B007
                yield _entry_in(line, self.path)
        if count != self.last - self.first + 1:
            raise _no_export(
                self.path, f"it holds {count} entries, but its header gives another number"
            )

    def check_is_whole(self) -> None:
        """Raise Forged unless its last line has the hash that the header names."""
        last = ""
        for last in self.lines():  # noqa: B007
            pass
        if hash_of(last) != self.head:
            raise Forged(
                f"{self.path} does not hold what was written to it.",
                next_step="Remove it and export again; nothing was taken out of Redis.",
            )


def write(file: AuditFile, lines: Iterable[str]) -> None:
    """Write the file, then give it its name. Raises Conflict if it exists, and OutsideFailure."""
    partial = file.path.with_name(f".{file.path.name}.partial")
    try:
        # It may be a second name of a complete file, so it is never written to.
        partial.unlink(missing_ok=True)
        with partial.open("x", encoding="utf-8") as out:
            out.write(_header(file) + "\n")
            for line in lines:
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
            out.flush()
            os.fsync(out.fileno())
        # Unlike a rename, this never replaces another file.
        os.link(partial, file.path)
        partial.unlink()
        _sync_folder(file.path.parent)
    except FileExistsError as error:
        raise exists(file.path) from error
    except OSError as error:
        raise OutsideFailure(
            f"{file.path} cannot be written: {error.strerror or error}.",
            why="Nothing was taken out of Redis.",
            next_step="Name a file in a folder that you can write to and that has free space.",
        ) from error


def exists(path: Path) -> Conflict:
    """The error for a path that another file already has."""
    return Conflict(
        f"{path} already exists and holds something else.",
        why="An export never overwrites a file. Nothing was changed.",
        next_step="Name another file.",
    )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True)

    quaymaster_audit: int
    first: int
    last: int
    previous: str
    head: str
    before: AwareDatetime


def _header(file: AuditFile) -> str:
    return _Header(
        quaymaster_audit=_FORMAT,
        first=file.first,
        last=file.last,
        previous=file.previous,
        head=file.head,
        before=file.before,
    ).model_dump_json()


def _header_of(path: Path, line: str) -> AuditFile:
    try:
        document = _Header.model_validate_json(line)
    except ValidationError as error:
        raise _no_export(path, "its first line is not a header") from error
    if document.quaymaster_audit > _FORMAT:
        raise WrittenByNewer("export of the audit")
    if not 0 < document.first <= document.last:
        raise _no_export(path, "its header makes no sense")
    return AuditFile(
        path, document.first, document.last, document.previous, document.head, document.before
    )


def _entry_in(line: str, path: Path) -> str:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise _no_export(path, "it is cut off, or a line was changed") from error
    if not isinstance(document, str):
        raise _no_export(path, "a line is not an entry")
    return document


@contextmanager
def _reading(path: Path) -> Iterator[Iterator[str]]:
    """The lines of a file. An error in reading it becomes a UsageError."""
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            yield iter(lambda: file.readline(_LONGEST_LINE), "")
    except UnicodeDecodeError as error:
        raise _no_export(path, "it is not text in UTF-8") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error


def _no_export(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is not a complete export of the audit: {why}.",
        next_step="Name files exactly as `quaymaster audit export` wrote them.",
    )
