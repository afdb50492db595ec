"""Reading the configuration again while a program works. The program takes up all of it or nothing.

A program does so on SIGHUP. `quaymaster reload` runs beside it: it finds the program by the lock
that the program holds in its folder of signs of life, sends the signal, and waits for the answer
that the program leaves there. So only a user who may signal the program can make it reload, and
nobody can over Redis.
"""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import structlog

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError
from quaymaster.signs_of_life import (
    HEALTH_VARIABLE,
    REFUSED,
    TAKEN,
    Signs,
    answer_in,
    leave_answer,
)
from quaymaster.spelling import listed

log = structlog.get_logger(__name__)

SIGNAL = signal.SIGHUP
ANSWER_SECONDS = 30.0
_LOCK = "program.lock"
_POLL_SECONDS = 0.05
_LOCK_ATTEMPTS = 10
_HIGHEST_PROCESS = 1 << 22
"""https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html, ``pid_max``. 0 and less stand for
many processes.
"""

TakesUp = Callable[[Configuration], str]
"""Makes the program use a new configuration from now on. Returns remarks for the user in sentences;
raises ConfigurationError if the program cannot use it, and then changes nothing.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """The configuration in the file, or why it cannot be used."""

    began: float
    """On the clock that all processes of a machine share."""
    result: Configuration | ConfigurationError


def hold_signal() -> None:
    """Block the signal while a program starts: it would end the program, which has no handler yet.
    In a terminal it stays unblocked, because there it means that the terminal was closed.
    """
    if not os.isatty(2):
        signal.pthread_sigmask(signal.SIG_BLOCK, (SIGNAL,))


def let_signal_come() -> None:
    """Unblock the signal, once the program has a handler."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (SIGNAL,))


class Reloading:
    """How one program gets a new configuration."""

    def __init__(self, configuration: Configuration, signs: Signs) -> None:
        self._current = configuration
        self._folder = signs.folder
        self._lock: TextIO | None = None
        self._had_terminal = os.isatty(2)

    def begin(self) -> None:
        """Say that the program has a handler: from now on `quaymaster reload` finds it."""
        if self._folder is not None and self._lock is None:
            self._lock = _locked(self._folder / _LOCK)

    @property
    def is_hung_up(self) -> bool:
        """Whether the signal means that the program's terminal was closed."""
        return self._had_terminal and not os.isatty(2)

    def read(self) -> Reading:
        """Read the file again. Changes nothing, so another thread may call it."""
        began = time.monotonic()
        try:
            _refuse_replaced(self._current.path)
            return Reading(began, Configuration.load(self._current.path))
        except ConfigurationError as error:
            return Reading(began, error)
        except Exception as error:
            # An edge: whatever is in the file, the program continues.
            log.exception("configuration not read")
            what = f"{self._current.path.name} cannot be read ({type(error).__name__})."
            return Reading(began, ConfigurationError(what, why="This is a bug in Quaymaster."))

    def settle(self, reading: Reading, take_up: TakesUp) -> bool:
        """Take up the configuration if possible; log and leave the answer. True if it is in use."""
        match reading.result:
            case ConfigurationError() as error:
                return self._refuse(reading, error)
            case new:
                try:
                    notes = take_up(new)
                except ConfigurationError as error:
                    return self._refuse(reading, error)
        text = " ".join(part for part in (_summary(self._current, new), notes) if part)
        log.info("configuration read again", result=text)
        self._current = new
        self._answer(reading, TAKEN, text)
        return True

    def _refuse(self, reading: Reading, error: ConfigurationError) -> bool:
        log.error("configuration refused; the old one stays", why=str(error))
        self._answer(reading, REFUSED, f"{error}\nThe old configuration stays in use.")
        return False

    def _answer(self, reading: Reading, verdict: str, text: str) -> None:
        if self._folder is not None:
            leave_answer(self._folder, reading.began, verdict, text)


def ask_to_reload(environ: Mapping[str, str], within: float = ANSWER_SECONDS) -> tuple[str, int]:
    """Make the program of this environment read its configuration again. Returns its answer and the
    exit status: 0 if the configuration is in use, 1 if it was refused, 2 if no program answered.
    """
    name = environ.get(HEALTH_VARIABLE)
    if not name:
        return (
            f"{HEALTH_VARIABLE} is not set. Give the program and this command the same folder in "
            f"it, or send SIGHUP to the program yourself.",
            2,
        )
    folder = Path(name)
    try:
        program = _program_of(folder / _LOCK)
        began = time.monotonic()
        os.kill(program, SIGNAL)
    except PermissionError:
        return "The program belongs to another user. Run this as the user that it runs as.", 2
    except (OSError, ValueError):
        return f"No program of Quaymaster runs that uses the folder {folder}.", 2
    while time.monotonic() < began + within:
        answer = answer_in(folder)
        if answer is not None and answer[0] >= began:
            _, verdict, text = answer
            return _printable(text), 0 if verdict == TAKEN else 1
        time.sleep(_POLL_SECONDS)
    return f"The program did not answer within {within:g} seconds. Look at its log.", 2


def _refuse_replaced(path: Path) -> None:
    """Raise ConfigurationError if the file no longer has a name. A container that mounts a single
    file keeps the old one when an editor, or `git pull`, puts another file in its place.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_nlink == 0:
            raise ConfigurationError(
                f"{path.name} was replaced by another file, and this container still mounts the "
                "old one.",
                next_step="Restart the container; or mount the folder and not the file.",
            )


def _summary(old: Configuration, new: Configuration) -> str:
    if old.declaration == new.declaration:
        return f"{new.path.name} means the same as before."
    names = dict.fromkeys((*old.revisions, *new.revisions))
    changed = [name for name in names if old.revisions.get(name) != new.revisions.get(name)]
    if not changed:
        return f"{new.path.name} is in use now. No environment changed."
    return (
        f"{new.path.name} is in use now. Changed: {listed(changed)}. A plan that "
        "waits for approval there no longer counts."
    )


def _locked(path: Path) -> TextIO | None:
    """The file with this process's id in it, locked as long as the process lives. Processes that it
    forks do not hold the lock.
    """
    try:
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
        file = os.fdopen(opened, "a+", encoding="utf-8")
    except OSError as error:
        log.warning("cannot be reloaded by command", why=str(error))
        return None
    for _ in range(_LOCK_ATTEMPTS):
        with contextlib.suppress(BlockingIOError):
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            return file
        time.sleep(_POLL_SECONDS)
    log.warning("another program uses the same folder", variable=HEALTH_VARIABLE)
    file.close()
    return None


def _program_of(path: Path) -> int:
    """The process that holds the lock. Raises OSError and ValueError if none does."""
    with path.open("r+", encoding="utf-8") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            program = int(file.read())
            if 0 < program <= _HIGHEST_PROCESS:
                return program
    raise ProcessLookupError(f"nobody holds {path}")


def _printable(text: str) -> str:
    """The folder may be open to other users, and this text goes to a terminal."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)
