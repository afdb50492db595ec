"""What the next start finds again: messages, files, direct conversations, marks, in one file.

The file is SQLite's. Each change is written at once, in a transaction of its own, so a process that
is killed loses at most the one under way: https://sqlite.org/atomiccommit.html
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local_slack.message import File, Json, Message, StoredFile

VERSION = 1
# Distinguishes a history from other databases: https://sqlite.org/pragma.html#pragma_application_id
_APPLICATION = int.from_bytes(b"LSlk")
_TABLES = (
    "CREATE TABLE messages (channel TEXT, ts TEXT, body TEXT NOT NULL, PRIMARY KEY (channel, ts))",
    "CREATE TABLE files (id TEXT PRIMARY KEY, body TEXT NOT NULL, content BLOB)",
    "CREATE TABLE direct (channel TEXT PRIMARY KEY, person TEXT NOT NULL)",
    "CREATE TABLE marks (person TEXT, channel TEXT, ts TEXT NOT NULL, "
    "PRIMARY KEY (person, channel))",
    "CREATE TABLE reserved (name TEXT PRIMARY KEY, upto INTEGER NOT NULL)",
    "INSERT INTO reserved VALUES ('number', 0), ('timestamp', 0)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
_NUMBERS_AT_ONCE = 1_000
_MICROSECONDS_AT_ONCE = 1_000_000

_Statement = tuple[str, tuple[Any, ...]]


class HistoryError(Exception):
    """A history cannot be used; the text is a sentence that says why."""


class HistoryInUse(HistoryError):
    """Another process has the history open; starting over would not help."""


@dataclass(frozen=True, slots=True)
class StoredHistory:
    """What a history holds; messages lie oldest first."""

    messages: tuple[Message, ...] = ()
    files: tuple[StoredFile, ...] = ()
    direct: tuple[tuple[str, str], ...] = ()  # the channel's id, the person's
    marks: tuple[tuple[str, str, str], ...] = ()  # the person, the channel, the timestamp


class _Rising:
    """Numbers that never repeat: some are reserved ahead, and a new start begins behind those."""

    def __init__(self, reserved: int, at_once: int, reserve: Callable[[int], None]) -> None:
        self._last = self._reserved = reserved
        self._at_once = at_once
        self._reserve = reserve

    def next(self, wanted: int = 0) -> int:
        """``wanted``, or the lowest number after the last one."""
        number = max(wanted, self._last + 1)
        if number > self._reserved:
            self._reserve(number + self._at_once)
            self._reserved = number + self._at_once
        self._last = number
        return number


class History:
    """A file with the history of one workspace, or `nowhere`.

    One process at a time has it. What cannot be written raises `HistoryError`.
    """

    def __init__(self, database: sqlite3.Connection | None, path: Path) -> None:
        self._database = database
        self._path = path
        self._numbers = self._rising("number", _NUMBERS_AT_ONCE)
        self._timestamps = self._rising("timestamp", _MICROSECONDS_AT_ONCE)

    @staticmethod
    def nowhere() -> History:
        """A history that keeps nothing."""
        return History(None, Path())

    @staticmethod
    def at(path: Path) -> History:
        """The history in the file ``path``; a new one where there is no file.

        Raises `HistoryInUse` when another process has it, and `HistoryError` when it cannot be
        opened, is damaged, is of another version or is something else.
        """
        try:
            path.touch(mode=0o600)
        except OSError as error:
            raise HistoryError(f"{path} cannot be opened: {error.strerror}.") from None
        database = None
        try:
            database = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
            _prepare(database, path)
            return History(database, path)
        except (sqlite3.Error, HistoryError) as error:
            if database is not None:
                database.close()
            raise _explained(error, path) from None

    def load(self) -> StoredHistory:
        """Everything in it; raises `HistoryError` when it is damaged."""
        if self._database is None:
            return StoredHistory()
        rows = self._database.execute
        try:
            bodies = rows("SELECT body FROM messages ORDER BY ts").fetchall()
            files = rows("SELECT body, content FROM files ORDER BY id").fetchall()
            return StoredHistory(
                tuple(Message.from_json(json.loads(body)) for (body,) in bodies),
                tuple(_file(json.loads(body), content) for body, content in files),
                tuple(rows("SELECT channel, person FROM direct ORDER BY channel")),
                tuple(rows("SELECT person, channel, ts FROM marks")),
            )
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise HistoryError(f"{self._path} is damaged: {error}.") from error

    def number(self) -> int:
        """A number that is never given out twice."""
        return self._numbers.next()

    def timestamp(self, microseconds: int) -> int:
        """``microseconds`` since 1970, or the first that come after all that were given out.

        They keep rising across a restart, even when the clock was set back.
        """
        return self._timestamps.next(microseconds)

    def keep_message(self, message: Message, body: Json, files: Iterable[StoredFile] = ()) -> None:
        """Keep a message (``body`` is its `as_json`) and the files that are shared with it.

        Messages that only one person sees are left out: with Slack they do not outlive a session.
        https://docs.slack.dev/messaging/#ephemeral
        """
        if self._database is None or message.only_for is not None:
            return
        statement = (
            "INSERT OR REPLACE INTO messages VALUES (?, ?, ?)",
            (message.channel, message.ts, json.dumps(body)),
        )
        self._write(*map(_shared, files), statement)

    def forget_message(self, message: Message) -> None:
        """A message was deleted."""
        self._write(
            ("DELETE FROM messages WHERE channel = ? AND ts = ?", (message.channel, message.ts))
        )

    def keep_file(self, stored: StoredFile) -> None:
        """Keep a file and its content."""
        if self._database is not None:
            row = (stored.file.id, _file_body(stored), stored.content)
            self._write(("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", row))

    def keep_direct(self, channel: str, person: str) -> None:
        """Keep that there is a direct conversation with ``person``."""
        self._write(("INSERT OR REPLACE INTO direct VALUES (?, ?)", (channel, person)))

    def keep_mark(self, person: str, channel: str, ts: str) -> None:
        """Keep how far ``person`` has read."""
        self._write(("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", (person, channel, ts)))

    def close(self) -> None:
        """Let others open it. Whatever comes later raises `HistoryError`."""
        if self._database is not None:
            self._database.close()

    def _rising(self, name: str, at_once: int) -> _Rising:
        def reserve(upto: int) -> None:
            self._write(("UPDATE reserved SET upto = ? WHERE name = ?", (upto, name)))

        if self._database is None:
            return _Rising(0, at_once, reserve)
        found = self._database.execute("SELECT upto FROM reserved WHERE name = ?", (name,))
        row = found.fetchone()
        if row is None or not isinstance(row[0], int):
            raise HistoryError(f"{self._path} is damaged: it does not say which ids are taken.")
        return _Rising(row[0], at_once, reserve)

    def _write(self, *statements: _Statement) -> None:
        if self._database is None:
            return
        try:
            _together(self._database, statements)
        except sqlite3.Error as error:
            raise HistoryError(f"{self._path} cannot be written: {error}.") from error


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    """Lock it, see that it is what it should be, and make it where it is new."""
    # https://sqlite.org/pragma.html#pragma_locking_mode: the lock goes with the process
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if tables and application != _APPLICATION:
        raise HistoryError(f"{path} is not a history of the local Slack.")
    if tables and version != VERSION:
        raise HistoryError(
            f"{path} was written by another version of the local Slack "
            f"(format {version}; this one reads {VERSION})."
        )
    database.execute("PRAGMA journal_mode = WAL")
    # with WAL this is safe, and a commit does not wait for the disk:
    # https://sqlite.org/pragma.html#pragma_synchronous
    database.execute("PRAGMA synchronous = NORMAL")
    if not tables:
        _together(database, [(statement, ()) for statement in _TABLES])
    (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise HistoryError(f"{path} is damaged: {state}.")


def _together(database: sqlite3.Connection, statements: Iterable[_Statement]) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        for sql, values in statements:
            database.execute(sql, values)
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have done so itself
            database.execute("ROLLBACK")
        raise


def _explained(error: Exception, path: Path) -> HistoryError:
    if isinstance(error, HistoryError):
        return error
    # https://sqlite.org/rescode.html: the low byte is the primary result code
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return HistoryInUse(f"{path} is in use by another local Slack.")
        case sqlite3.SQLITE_NOTADB:
            return HistoryError(f"{path} is not a history of the local Slack.")
        case sqlite3.SQLITE_CORRUPT:
            return HistoryError(f"{path} is damaged: {error}.")
        case _:
            return HistoryError(f"{path} cannot be opened: {error}.")


def _shared(stored: StoredFile) -> _Statement:
    return "UPDATE files SET body = ? WHERE id = ?", (_file_body(stored), stored.file.id)


def _file_body(stored: StoredFile) -> str:
    return json.dumps(
        {"file": asdict(stored.file), "shared": stored.shared, "channels": stored.channels}
    )


def _file(body: Json, content: bytes | None) -> StoredFile:
    file = File(**body["file"])
    return StoredFile(file, file.size, content, body["shared"], body["channels"])
