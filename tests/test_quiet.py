"""A test that measures a deadline runs alone, however many processes run tests."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from testing.engines.waiting import wait_until
from tests.quiet import turn


class Runner:
    """A test in a process of its own, as far as locks of files can tell."""

    def __init__(self, pool: ThreadPoolExecutor, folder: Path, *, alone: bool) -> None:
        self._may_end = threading.Event()
        self.runs = threading.Event()
        self._done: Future[None] = pool.submit(self._run, folder, alone)

    def _run(self, folder: Path, alone: bool) -> None:
        with turn(folder, alone=alone):
            self.runs.set()
            assert self._may_end.wait(30)
            self.runs.clear()

    def end(self) -> None:
        self._may_end.set()
        self._done.result(30)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def _are_waiting(folder: Path) -> int:
    """How many wait for a lock in this folder; "->" marks them.

    https://man7.org/linux/man-pages/man5/proc_locks.5.html
    """
    inodes = {str(one.stat().st_ino) for one in folder.glob("*.lock")}
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    waiting = [line for line in lines if line[1] == "->"]
    return sum(line[-3].rpartition(":")[2] in inodes for line in waiting)


def test_tests_run_beside_each_other(pool: ThreadPoolExecutor, tmp_path: Path) -> None:
    runners = [Runner(pool, tmp_path, alone=False) for _ in range(3)]
    assert all(one.runs.wait(30) for one in runners)
    for one in runners:
        one.end()


def test_one_that_runs_alone_waits_for_the_others_and_they_for_it(
    pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    before = Runner(pool, tmp_path, alone=False)
    assert before.runs.wait(30)
    alone = Runner(pool, tmp_path, alone=True)
    wait_until(lambda: _are_waiting(tmp_path) == 1, within=30, what="the one to wait")
    after = Runner(pool, tmp_path, alone=False)
    wait_until(lambda: _are_waiting(tmp_path) == 2, within=30, what="the next to wait")
    assert not alone.runs.is_set()
    assert not after.runs.is_set()
    before.end()
    assert alone.runs.wait(30)
    assert not after.runs.is_set()
    alone.end()
    assert after.runs.wait(30)
    after.end()
