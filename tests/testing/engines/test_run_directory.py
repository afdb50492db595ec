"""A run gives out each port and name once, and leaves nothing behind."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quaymaster.errors import OutsideFailure
from testing.engines.daemon import Daemon
from testing.engines.run_directory import EngineError, RunDirectory
from testing.engines.waiting import wait_until
from trial.processes import command_line


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunDirectory]:
    monkeypatch.delenv("QUAYMASTER_ENGINES_DIR", raising=False)
    run = RunDirectory.create()
    yield run
    run.end_processes()
    run.remove()


def test_no_port_is_given_out_twice(run: RunDirectory) -> None:
    ports = [run.reserve_port() for _ in range(50)]
    assert len(set(ports)) == 50


def test_a_path_too_long_for_sockets_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUAYMASTER_ENGINES_DIR", str(tmp_path / ("x" * 60)))
    with pytest.raises(EngineError, match="set QUAYMASTER_ENGINES_DIR to a shorter one"):
        RunDirectory.create()


def test_processes_of_the_run_are_ended_and_others_are_not(run: RunDirectory) -> None:
    wait = "import sys; sys.stdin.read()"
    ours = subprocess.Popen([sys.executable, "-c", wait, str(run.path)], stdin=subprocess.PIPE)
    other = subprocess.Popen([sys.executable, "-c", wait], stdin=subprocess.PIPE)
    with ours, other:
        run.record(ours)
        run.record(other)  # as if its pid had belonged to a process of ours before
        # For a moment after the start, the kernel knows no arguments of a program yet.
        wait_until(
            lambda: bool(command_line(ours.pid)), within=10, what="the command line of our process"
        )
        killed = run.end_processes()
        assert ours.wait(timeout=10) == -9
        assert other.poll() is None
        other.kill()
    assert len(killed) == 1


def test_a_program_that_is_not_installed_is_named(run: RunDirectory) -> None:
    with pytest.raises(OutsideFailure, match="no-such-program is not installed"):
        Daemon.start(run, "x", ["no-such-program"])


def test_a_server_that_ends_while_starting_shows_its_log(run: RunDirectory) -> None:
    complain = [sys.executable, "-c", "print('port is taken')", str(run.path)]
    daemon = Daemon.start(run, "x", complain)
    with pytest.raises(EngineError, match="port is taken"):
        daemon.wait_until_ready(lambda: False)
