"""A server process of a test run: started, watched while it starts, and ended by its pid."""

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from testing.engines.run_directory import EngineError, RunDirectory
from testing.engines.waiting import wait_until
from trial.installed import find_program
from trial.processes import kill_and_wait


class Daemon:
    """One running server process. Its output goes to `log`."""

    def __init__(self, run: RunDirectory, name: str, process: "subprocess.Popen[bytes]") -> None:
        self._run = run
        self._name = name
        self._process = process
        self.log = _log_of(run, name)

    @classmethod
    def start(
        cls,
        run: RunDirectory,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        dies_with_parent: signal.Signals = signal.SIGKILL,
    ) -> "Daemon":
        """Start `command`; when this process is killed, the kernel sends it a signal too.

        The command has to name the run directory, by which it is recognised when the run is
        cleaned up. Raises OutsideFailure when the program is not installed.
        """
        program = find_program(command[0], environment)
        # man 2 prctl, PR_SET_PDEATHSIG; setpriv is in Debian's essential util-linux.
        guard = ["setpriv", "--pdeathsig", dies_with_parent.name.removeprefix("SIG")]
        with _log_of(run, name).open("ab") as log:
            process = subprocess.Popen(
                [*guard, program, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment) if environment is not None else None,
                cwd=run.path,
                start_new_session=True,
            )
        run.record(process)
        return cls(run, name, process)

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the process exists (a frozen one does)."""
        return self._process.poll() is None

    def wait_until_ready(self, ready: Callable[[], bool], *, within: float = 30) -> None:
        """Wait until `ready` says so; raises EngineError with the end of the log otherwise."""

        def settled() -> bool:
            return ready() or not self.is_running()

        try:
            wait_until(settled, within=within, what=f"{self._name} to be ready")
        except TimeoutError as error:
            self.kill()
            raise EngineError(f"{error}\n{self.log_tail()}") from None
        if not self.is_running():
            self._run.forget(self.pid)
            raise EngineError(f"{self._name} ended while starting\n{self.log_tail()}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when the process ended."""
        self._process.send_signal(number)

    def stop(self, *, within: float = 15) -> None:
        """Ask the process to end (SIGTERM), and kill it when it has not after `within` s."""
        kill_and_wait(self.pid, signal.SIGTERM, within)
        self.kill()

    def kill(self) -> None:
        """End the process at once (SIGKILL) and wait for it; harmless when it ended."""
        self._process.kill()
        self._process.wait()
        self._run.forget(self.pid)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of what the process wrote."""
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join(text[-lines:])


def _log_of(run: RunDirectory, name: str) -> Path:
    return run.path / "logs" / f"{name}.log"
