"""The processes of a trial: started in sessions of their own, remembered, and ended by pid."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from quaymaster.errors import OutsideFailure

_LOG_LINES = 8


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A process in the ledger. The pid alone could later belong to another process."""

    name: str
    pid: int
    born: str


@dataclass(slots=True)
class Ledger:
    """The file that names every process that runs, for the run after one that was killed."""

    path: Path
    _entries: list[LedgerEntry] = field(default_factory=list)

    def add(self, name: str, pid: int) -> None:
        """Write a process down."""
        self._entries.append(LedgerEntry(name, pid, _born(pid)))
        self._write()

    def strike(self, pid: int) -> None:
        """Strike a process out that has ended."""
        self._entries = [entry for entry in self._entries if entry.pid != pid]
        self._write()

    def end_leftovers(self) -> tuple[str, ...]:
        """End the processes that an earlier run left; returns their names."""
        with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
            self._entries = [LedgerEntry(**one) for one in json.loads(self.path.read_text())]
        ended = tuple(one.name for one in self._entries if _is_alive(one))
        for entry in reversed(self._entries):
            if _is_alive(entry):
                _end_group(entry, within=5)
        self._entries = []
        self._write()
        return ended

    def _write(self) -> None:
        self.path.write_text(json.dumps([asdict(entry) for entry in self._entries]))


@dataclass(slots=True)
class Process:
    """One running part of a trial; its output goes to ``log``."""

    name: str
    log: Path
    popen: "subprocess.Popen[bytes]"
    ledger: Ledger
    _has_stopped: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None

    def wait_until(self, ready: Callable[[], bool], within: float) -> None:
        """Wait until ``ready`` says so. Raises OutsideFailure when it ends or takes too long."""
        deadline = time.monotonic() + within
        while not ready():
            if not self.is_running:
                raise self.failure()
            if time.monotonic() > deadline:
                raise OutsideFailure(
                    f"The {self.name} did not answer within {within:g} seconds.",
                    next_step=f"Its log is {self.log}.",
                    log_tail=self.log_tail(),
                )
            time.sleep(0.02)

    def failure(self) -> OutsideFailure:
        """What to say about a process that ended by itself."""
        return OutsideFailure(
            f"The {self.name} ended with status {self.popen.poll()}.",
            next_step=f"Its log is {self.log}.",
            log_tail=self.log_tail(),
        )

    def log_tail(self) -> tuple[str, ...]:
        """The last lines that it wrote."""
        with contextlib.suppress(FileNotFoundError):
            return tuple(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        return ()

    def ask_to_stop(self) -> None:
        """SIGTERM; `stop` waits."""
        if self.is_running:
            self.popen.terminate()

    def kill(self) -> None:
        """SIGKILL, to it and to what it started in its session."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)

    def stop(self, within: float) -> None:
        """End it, and what it started, at the latest after ``within`` seconds; once."""
        if self._has_stopped:
            return
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(within)
        self.kill()
        self.popen.wait()
        if self.popen.stdout is not None:
            self.popen.stdout.close()
        self.ledger.strike(self.popen.pid)
        self._has_stopped = True


def start_process(
    name: str,
    command: Sequence[str],
    folder: Path,
    log: Path,
    environment: Mapping[str, str],
    ledger: Ledger,
    *,
    stdout: int | None = None,
) -> Process:
    """Start a program in ``folder``. It has a session of its own, so a Ctrl-C in the terminal
    reaches this process alone, which then stops the others in the right order.

    Raises OutsideFailure when the program cannot be started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        try:
            popen = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output if stdout is None else stdout,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            raise OutsideFailure(f"The {name} cannot be started.", why=f"{error}.") from error
    ledger.add(name, popen.pid)
    return Process(name, log, popen, ledger)


def kill_and_wait(pid: int, number: signal.Signals = signal.SIGKILL, within: float = 10) -> bool:
    """Send a signal to a process (a child or not) and wait; returns whether it ended in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        signal.pidfd_send_signal(handle, number)
        ended, _, _ = select.select([handle], [], [], within)
        return bool(ended)
    except ProcessLookupError:
        return True
    finally:
        os.close(handle)


def command_line(pid: int) -> str:
    """What a process was started with; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _born(pid: int) -> str:
    """When a process started, in the kernel's own words; empty when it is gone."""
    with contextlib.suppress(OSError):
        # man 5 proc_pid_stat: field 22; the name in field 2 may hold blanks and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    with contextlib.suppress(OSError):
        listed = subprocess.run(
            ["/bin/ps", "-o", "lstart=", "-p", str(pid)],
            check=False,
            capture_output=True,
            text=True,
        )
        return listed.stdout.strip()
    return ""


def _is_alive(entry: LedgerEntry) -> bool:
    return entry.born != "" and _born(entry.pid) == entry.born


def _end_group(entry: LedgerEntry, within: float) -> None:
    deadline = time.monotonic() + within
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(entry.pid, number)
        while _is_alive(entry) and time.monotonic() < deadline:
            time.sleep(0.05)
