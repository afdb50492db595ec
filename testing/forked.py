"""Programs of the product, forked from a process that has imported all of it: what takes each new
interpreter more than a second happens once in a test run.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

_IMPORTED = (
    "programs.cli",
    *("bot.listening.http", "bot.run", "bot.courier.courier"),
    *("workers.process.rota", "workers.run", "workers.process.serve", "workers.docker.own_engine"),
    *("workers.process.scan_order", "workers.process.scanner_upkeep"),
    "tests.end_to_end.frozen",  # last
)
"""What the programs import when they start."""
_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html


@dataclass(frozen=True, slots=True)
class ForkedProgram:
    """Such a program, told and waited for as one of ``subprocess``."""

    process: ForkServerProcess

    @classmethod
    def start(
        cls, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
    ) -> "ForkedProgram":
        """Start ``quaymaster`` with these arguments in this folder and with this environment."""
        log.touch()
        given = (tuple(arguments), dict(environment), folder, log)
        process = _context().Process(target=_run, args=given)
        process.start()
        return cls(process)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process.pid is not None
        return self.process.pid

    def poll(self) -> int | None:
        """Its exit status, less than 0 for a signal; None while it runs."""
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, when it has ended. Raises subprocess.TimeoutExpired."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired("quaymaster", timeout or 0)
        return self.process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        # That it has ended is heard of a moment later, from what it was forked from.
        if self.process.exitcode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_IMPORTED))
    return context


def _run(arguments: tuple[str, ...], environment: dict[str, str], folder: Path, log: Path) -> None:
    # What it was forked from ends with the tests.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    with log.open("wb") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    sys.argv = ["quaymaster", *arguments]
    from programs.cli import main

    main()
