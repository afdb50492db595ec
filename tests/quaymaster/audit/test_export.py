"""The oldest part of the audit moves into a file: all of it or nothing, whenever it is killed."""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from quaymaster.audit.auditor import Auditor, Tail, chain_journal
from quaymaster.audit.check import Verified
from quaymaster.audit.export import Exported, export
from quaymaster.audit.store import ends
from quaymaster.audit.whole import verify_whole
from quaymaster.audit_entries import hash_of
from quaymaster.errors import Conflict, Forged, OutsideFailure, UsageError
from quaymaster.store import keys
from quaymaster.store.transactions import ask
from testing.engines.valkey import ValkeyServer
from testing.keys import RING, WORKER
from testing.samples import NOW
from tests.quaymaster.audit.audits import chain_at, entry_in, event, push, stored

pytestmark = pytest.mark.engine

KEEP = timedelta(hours=24)
LONG_AGO = datetime(2025, 3, 1, 12, tzinfo=UTC)
DAYS = tuple(LONG_AGO + timedelta(days=number) for number in range(4))
BEFORE = datetime(2025, 3, 3, tzinfo=UTC)
"""Two of the four days are before it."""


def fill(connection: redis.Redis) -> str:
    """An audit of four days, a day's operations numbered by it; its head."""
    tail = Tail()
    for day, at in enumerate(DAYS, 1):
        events = [
            event(operation, version, what, at=at, signed_at=at)
            for operation in (day * 10, day * 10 + 1)
            for version, what in enumerate(("queued", "running", "succeeded"), 1)
        ]
        lines = chain_at(at, events, tail)
        connection.rpush(keys.AUDIT, *lines)
        for operation in (day * 10, day * 10 + 1):
            connection.hset(keys.AUDIT_LATEST, str(operation), "3 succeeded")
        tail = Tail(tail.number + len(lines), hash_of(lines[-1]))
    return tail.hash


def exported(connection: redis.Redis, path: Path, before: datetime = BEFORE) -> Exported:
    return export(connection, WORKER, before, path, KEEP)


def whole(connection: redis.Redis, *paths: Path, head: str | None = None) -> Verified:
    return verify_whole(connection, RING, paths, head)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit-2025.jsonl"


def test_what_is_older_moves_into_the_file_and_the_chain_holds(
    valkey: redis.Redis, path: Path
) -> None:
    head = fill(valkey)
    done = exported(valkey, path)
    assert done.entries == 12
    assert valkey.llen(keys.AUDIT) == 12
    assert entry_in(stored(valkey)[0]).number == 13
    verified = whole(valkey, path, head=head)
    assert (verified.entries, verified.head, verified.refused) == (24, head, 0)
    assert whole(valkey, path, head=done.head).entries == 24
    since = verify_whole(valkey, RING, since_anchor=True)
    assert (since.entries, since.head) == (12, head)


def test_what_is_known_of_exported_operations_is_dropped(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    tail = ask(valkey, ends()).last
    late = event(11, 4, "vote", at=DAYS[3], signed_at=DAYS[3])
    valkey.rpush(keys.AUDIT, *chain_at(DAYS[3], [late], Tail(24, hash_of(tail))))
    exported(valkey, path)
    left = {int(number) for number in valkey.hkeys(keys.AUDIT_LATEST)}
    assert left == {11, 30, 31, 40, 41}


def test_what_was_exported_is_refused_when_it_comes_again(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    again = [entry_in(line).event for line in stored(valkey)[:12]]
    exported(valkey, path)
    push(valkey, *again, event(99, at=datetime.now(UTC)))
    while chain_journal(valkey, WORKER):
        pass
    assert [bool(entry_in(line).refused) for line in stored(valkey)[12:]] == [True] * 12 + [False]
    assert whole(valkey, path).refused == 12


def test_a_chain_of_files_is_checked_in_any_order(valkey: redis.Redis, tmp_path: Path) -> None:
    head = fill(valkey)
    first, second = tmp_path / "first", tmp_path / "second"
    exported(valkey, first, DAYS[1])
    exported(valkey, second, DAYS[3])
    assert whole(valkey, second, first, head=head).entries == 24
    with pytest.raises(Forged, match="Entries 1 to 6 are missing"):
        whole(valkey, second)
    with pytest.raises(Forged, match="Entries 7 to 18 are missing"):
        whole(valkey, first)
    with pytest.raises(Forged, match="Entries 1 to 18 are missing"):
        whole(valkey)
    with pytest.raises(UsageError, match="another file also holds"):
        whole(valkey, first, second, second)


def test_the_newest_entry_stays(valkey: redis.Redis, path: Path) -> None:
    head = fill(valkey)
    assert exported(valkey, path, NOW - timedelta(days=100)).entries == 23
    assert whole(valkey, path).head == head
    push(valkey, event(99, at=datetime.now(UTC)))
    assert chain_journal(valkey, WORKER) == 1
    assert whole(valkey, path, head=head).entries == 25


def test_nothing_that_old_is_nothing_to_move(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    assert exported(valkey, path, DAYS[0] - timedelta(days=9)).entries == 0
    assert not path.exists()
    assert valkey.llen(keys.AUDIT) == 24


def test_what_may_still_be_asked_for_stays(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    with pytest.raises(UsageError, match="too recent"):
        exported(valkey, path, datetime.now(UTC) - timedelta(hours=23))
    assert not path.exists()


def test_a_file_is_never_overwritten(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    path.write_text("a letter\n")
    with pytest.raises((Conflict, UsageError)):
        exported(valkey, path)
    assert path.read_text() == "a letter\n"
    assert valkey.llen(keys.AUDIT) == 24


def test_an_export_of_something_else_is_not_overwritten(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    exported(valkey, path, DAYS[1])
    written = path.read_bytes()
    with pytest.raises(Conflict, match="holds something else"):
        exported(valkey, path.rename(path.with_name("moved")), DAYS[2].replace(hour=13))
    assert path.with_name("moved").read_bytes() == written
    assert valkey.llen(keys.AUDIT) == 18


def test_a_chain_that_does_not_hold_stays_where_it_is(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    valkey.lset(keys.AUDIT, 20, stored(valkey)[20].replace("U0ALICE", "U0EVE11"))
    with pytest.raises(Forged):
        exported(valkey, path)
    assert not path.exists()
    assert valkey.llen(keys.AUDIT) == 24


def test_a_folder_that_is_not_there_changes_nothing(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    with pytest.raises(OutsideFailure, match="cannot be written"):
        exported(valkey, path.parent / "nowhere" / "file")
    assert valkey.llen(keys.AUDIT) == 24


@pytest.mark.parametrize("line", [0, 1, 5, 12])
def test_a_file_that_was_changed_is_noticed(valkey: redis.Redis, path: Path, line: int) -> None:
    fill(valkey)
    exported(valkey, path)
    lines = path.read_text().splitlines(keepends=True)
    lines[line] = lines[line].replace("U0ALICE", "U0EVE11").replace('"first":1', '"first":2')
    path.write_text("".join(lines))
    with pytest.raises((Forged, UsageError)):
        whole(valkey, path)


@pytest.mark.parametrize("size", [0, 10, 400, -1, -200])
def test_a_file_that_is_cut_off_is_noticed(valkey: redis.Redis, path: Path, size: int) -> None:
    fill(valkey)
    exported(valkey, path)
    path.write_bytes(path.read_bytes()[:size])
    if size == -1:  # the last line break alone
        assert whole(valkey, path).entries == 24
        return
    with pytest.raises(UsageError, match="not a complete export"):
        whole(valkey, path)


def test_a_file_without_its_last_entry_is_noticed(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    exported(valkey, path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(UsageError, match="holds 11 entries"):
        whole(valkey, path)


@pytest.mark.parametrize("junk", [b"\xff\xfe\x00", b"{}\n", b'{"quaymaster_audit": "x"}\n'])
def test_what_is_no_export_is_said(valkey: redis.Redis, path: Path, junk: bytes) -> None:
    path.write_bytes(junk)
    with pytest.raises(UsageError, match="not a complete export"):
        whole(valkey, path)


def test_an_anchor_that_was_taken_away_is_noticed(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    exported(valkey, path)
    valkey.delete(keys.AUDIT_ANCHOR)
    with pytest.raises(Forged, match="anchor"):
        whole(valkey, path)


def test_an_older_anchor_that_was_put_back_is_noticed(valkey: redis.Redis, tmp_path: Path) -> None:
    fill(valkey)
    exported(valkey, tmp_path / "first", DAYS[1])
    older = valkey.get(keys.AUDIT_ANCHOR)
    assert older is not None
    exported(valkey, tmp_path / "second", DAYS[2])
    valkey.set(keys.AUDIT_ANCHOR, older)
    with pytest.raises(Forged, match="anchor"):
        verify_whole(valkey, RING, since_anchor=True)


def test_a_beginning_that_was_cut_off_is_noticed(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    exported(valkey, path)
    valkey.ltrim(keys.AUDIT, 1, -1)
    with pytest.raises(Forged, match="entry 13"):
        whole(valkey, path)
    with pytest.raises(Forged, match="entry 13"):
        verify_whole(valkey, RING, since_anchor=True)


def test_everything_that_is_left_taken_away_is_noticed(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    exported(valkey, path)
    valkey.delete(keys.AUDIT)
    with pytest.raises(Forged, match="entry 13"):
        whole(valkey, path)


def test_since_anchor_takes_no_files(valkey: redis.Redis, path: Path) -> None:
    with pytest.raises(UsageError, match="--since-anchor"):
        verify_whole(valkey, RING, [path], since_anchor=True)


def test_an_auditor_at_work_is_not_confused_by_an_export(valkey: redis.Redis, path: Path) -> None:
    fill(valkey)
    auditor = Auditor(valkey, WORKER)
    now = datetime.now(UTC)
    for number in range(100, 103):
        push(valkey, event(number, at=now))
        assert auditor.look() == 1
    exported(valkey, path)
    push(valkey, *(event(number, at=now) for number in range(200, 203)))
    assert auditor.look() == 3
    assert auditor.look() == 0
    verified = whole(valkey, path)
    assert (verified.entries, verified.refused) == (30, 0)


def killed_at(server: ValkeyServer, path: Path, moment: int, before: datetime = BEFORE) -> bool:
    """Export in a process of its own that dies when it has touched files so many times; whether it
    died.
    """
    child = os.fork()
    if child == 0:
        left = iter(range(moment))

        def die(name: str, given: tuple[object, ...]) -> None:
            touches = name in ("os.link", "os.remove") or (
                name == "open" and str(path.parent) in str(given[0])
            )
            if touches and next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(die)
        try:
            exported(server.client(), path, before)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("moment", range(7))
def test_killed_at_any_moment_the_same_command_completes_it(
    valkey: redis.Redis, valkey_server: ValkeyServer, path: Path, moment: int
) -> None:
    head = fill(valkey)
    was_killed = killed_at(valkey_server, path, moment)
    assert was_killed == (moment < 6)
    files = [path] if path.exists() else []
    assert whole(valkey, *files, head=head).entries == 24
    assert exported(valkey, path).entries == (12 if was_killed else 0)
    assert whole(valkey, path, head=head).entries == 24
    assert valkey.llen(keys.AUDIT) == 12
    assert exported(valkey, path).entries == 0
    assert whole(valkey, path, head=head).entries == 24
    assert [one.name for one in path.parent.iterdir() if one.name != path.name] in (
        [],
        [left(path)],
    )


def test_an_export_that_was_killed_is_completed_also_when_the_newest_entry_is_another_by_then(
    valkey: redis.Redis, valkey_server: ValkeyServer, path: Path
) -> None:
    """The newest entry stays; it was older than the day, and is not the newest any more."""
    fill(valkey)
    everything = DAYS[-1] + timedelta(days=1)
    assert killed_at(valkey_server, path, 3, everything)
    assert path.exists()
    push(valkey, event(200, at=datetime.now(UTC)))
    assert chain_journal(valkey, WORKER) == 1
    assert exported(valkey, path, everything).entries == 23
    assert whole(valkey, path).entries == 25
    assert exported(valkey, path, everything).entries == 0


def left(path: Path) -> str:
    """What an export that was killed may leave beside its file."""
    return f".{path.name}.partial"
