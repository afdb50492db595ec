"""Whether the processes of a program are healthy: each writes a sign of life to a folder at short
intervals.

`quaymaster healthy` reads them. It is run every few seconds beside each program, so this file and
what it imports are small, and nothing is asked of Redis or of Slack: whoever leaves a sign has just
heard from them.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

HEALTH_VARIABLE = "QUAYMASTER_HEALTH"
_OFTEN_ENOUGH_SECONDS = 2.0
_ENDING = ".sign"
ANSWER = "reload.answer"
TAKEN, REFUSED = "taken", "refused"
"""What became of a configuration that was read again (see ``reloading``)."""
_NOT_SET = (
    f"{HEALTH_VARIABLE} is not set. Give the program and this command the same folder in it, one "
    f"for each program, for example {HEALTH_VARIABLE}=/run/quaymaster.\n"
)
_NOT_YET = "has given no sign of life yet"


class Sign:
    """What one process says of itself. Writing it never fails: a sign that is missing says so."""

    def __init__(self, file: Path | None, lasts_seconds: float) -> None:
        self._file = file
        self._lasts_seconds = lasts_seconds
        self._given_at = float("-inf")

    def give(self) -> None:
        """It is well, for so long. Cheap: often enough is enough."""
        now = time.monotonic()
        if now - self._given_at >= _OFTEN_ENOUGH_SECONDS:
            self._given_at = now
            self._write(now, "")

    def withhold(self, why: str) -> None:
        """It is not well: the end of a sentence that begins with its name."""
        self._given_at = float("-inf")
        self._write(time.monotonic(), why)

    def _write(self, at: float, why: str) -> None:
        if self._file is None:
            return
        words = " ".join(why.split()).rstrip(".")
        _leave(self._file, f"{at}\n{self._lasts_seconds}\n{words}\n")


class Signs:
    """Those of one program, in a folder of its own; nowhere without one."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def begin(self) -> None:
        """The program starts: what an earlier one left says nothing. Raises OSError."""
        if self.folder is not None:
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            for file in self.folder.glob(f"*{_ENDING}"):
                file.unlink()
            (self.folder / ANSWER).unlink(missing_ok=True)
            trial = self.folder / "trial.unfinished"
            trial.unlink(missing_ok=True)
            trial.touch(exist_ok=False)
            trial.unlink()

    def expect(self, names: Iterable[str]) -> None:
        """These processes are to give signs; until they do, the program is not well."""
        for name in names:
            self.of(name, 0).withhold(_NOT_YET)

    def of(self, name: str, lasts_seconds: float) -> Sign:
        """The sign of a process, good for so many seconds each time."""
        return Sign(self.folder / f"{name}{_ENDING}" if self.folder else None, lasts_seconds)

    def complaints(self) -> list[str]:
        """What is not well, in words; nothing when all is."""
        files = sorted(self.folder.glob(f"*{_ENDING}")) if self.folder else []
        if not files:
            return ["The program has not started yet."]
        complaints = ((file.stem, _complaint(file)) for file in files)
        return [f"The {name} {why}." for name, why in complaints if why]


def leave_answer(folder: Path, began: float, verdict: str, text: str) -> None:
    """Say what became of the configuration that was read from this moment on. Never fails."""
    _leave(folder / ANSWER, f"{began}\n{verdict}\n{text}\n")


def answer_in(folder: Path) -> tuple[float, str, str] | None:
    """The latest answer: when its reading began, the verdict and the text; None if there is none
    that can be read.
    """
    try:
        began, verdict, text = (folder / ANSWER).read_text(encoding="utf-8").split("\n", 2)
        return float(began), verdict, text.rstrip("\n")
    except (OSError, ValueError):
        return None


def _leave(file: Path, text: str) -> None:
    """Replace a file at one moment. Never writes through a link that was put there."""
    unfinished = file.with_suffix(".unfinished")
    with contextlib.suppress(OSError):
        unfinished.unlink(missing_ok=True)
        with unfinished.open("x", encoding="utf-8") as out:
            out.write(text)
        unfinished.replace(file)


def _complaint(file: Path) -> str:
    try:
        at, lasts, why, *_ = file.read_text(encoding="utf-8").split("\n")
        age = time.monotonic() - float(at)  # one clock for all processes of a machine
        is_good = 0 <= age <= float(lasts)
    except (OSError, ValueError):
        return "left a sign that cannot be read"
    if why or is_good:
        return why
    if age < 0:  # that clock restarts with the machine
        return "has given no sign of life since this machine was started"
    return f"gave its last sign of life {age:.0f} seconds ago"


def _remark(folder: Path) -> str:
    """What an operator should know of a program that is well."""
    answer = answer_in(folder)
    if answer is None or answer[1] != REFUSED:
        return "well"
    return (
        "well, but with the old configuration: the new one was refused. `quaymaster reload` says "
        "why."
    )


def tell(environ: Mapping[str, str]) -> int:
    """Print what is not well with the program of this environment; the exit status."""
    name = environ.get(HEALTH_VARIABLE)
    if not name:
        os.write(1, _NOT_SET.encode())
        return 1
    folder = Path(name)
    complaints = Signs(folder).complaints()
    os.write(1, f"{' '.join(complaints) or _remark(folder)}\n".encode())
    return 1 if complaints else 0
