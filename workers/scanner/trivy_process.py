"""Runs Trivy as a program: started with an argument list, watched, ended when not needed."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from quaymaster import bounds
from quaymaster.errors import DiskFull, NotFound, OutsideFailure, ScannerBroken
from quaymaster.limits import REPORT_BYTES, SCANNER_LOG_BYTES
from workers.outside.best_effort import safe_words
from workers.outside.foreign_words import ForeignWords
from workers.outside.refusals import Cause, cause_of
from workers.outside.refusals import error_of as error_of_registry

REPORT = "report.json"
"""Where in its directory the program writes its answer."""
CACHE_IS_BUSY = "cache may be in use by another process"

_AGAIN = (
    "Try again; if it keeps happening, your Quaymaster administrator can run `quaymaster check`."
)
_KILLED = -signal.SIGKILL
_LOOK_SECONDS = 0.25
_LAST_BYTES = 64 * 1024
_WORDS = 400
_FATAL = re.compile(r"\tFATAL\t(?:Fatal error\t)?(.*)", re.DOTALL)
_LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\S+\t[A-Z]+\t", re.MULTILINE)
_WRAPPING = re.compile(
    r"^(?:(?:run|image scan|scan|init|DB|database) error: |unable to initialize "
    r"[a-z ]+: )+"
)

_WHERE_IT_LOOKED = re.compile(r"^unable to find the specified image .{0,600}? occurred: \* ")


@dataclass(frozen=True, slots=True)
class Failure:
    """How a run ended badly; ``said`` is Trivy's last word, without secrets."""

    status: int
    said: str


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    scratch: Path,
    timeout: timedelta,
    check: Callable[[], None],
    secrets: Sequence[str],
) -> Failure | None:
    """Run a program to its end in ``scratch``; None when it succeeded.

    ``check`` is called four times a second. When it raises, or after the timeout, or when too much
    is written (which raise ScannerBroken), the program and all it started are killed before this
    returns.
    """
    log = scratch / "log"
    with log.open("wb") as stderr:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=dict(environment),
                cwd=scratch,
                start_new_session=True,
            )
        except OSError as error:
            raise ScannerBroken(
                "The scanner cannot be started.",
                why=f"{command[0]}: {error.strerror}.",
                next_step="Your Quaymaster administrator has to install Trivy where its worker "
                "runs.",
            ) from None

        def look() -> None:
            check()
            _refuse_floods(log, scratch / REPORT)

        status = _watched(process, timeout, look)
    return None if status == 0 else Failure(status, _last_word(log, secrets))


def error_of(failure: Failure, name: str) -> OutsideFailure:
    """The error for a scan of ``name`` that failed."""
    output = failure.said
    if failure.status == _KILLED:
        return ScannerBroken(
            "The scanner was killed.",
            why=output,
            next_step="It may need more memory than its worker has.",
        )
    words = ForeignWords.of(output, (name,))
    if words.has("no space left", "no space left on device"):
        return DiskFull(
            "The worker that scans has no space left.",
            why=output,
            next_step="Make room where its temporary files and Trivy's cache are.",
        )
    if (own := _of_the_scanner(words)) is not None:
        return ScannerBroken(own[0], why=output, next_step=own[1])
    if words.has("no such image"):
        return NotFound(f"{name} does not exist.", why=output, next_step="Check its spelling.")
    if words.has("context deadline exceeded"):
        return _took_too_long(output)
    if words.has("remote error"):
        return _of_the_registry(words, name, output)
    return ScannerBroken("The scanner failed.", why=output, next_step=_AGAIN)


def _of_the_scanner(words: ForeignWords) -> tuple[str, str] | None:
    """What has nothing to do with the image: what is the matter, and the way out."""
    if words.has("panic", "invalid database"):
        return (
            "The scanner's vulnerability database is damaged.",
            "Your Quaymaster administrator has to delete it and download it again with "
            "`trivy image --download-db-only`.",
        )
    if words.has("on the first run", "old db schema"):
        return (
            "The scanner has no usable vulnerability database.",
            "Your Quaymaster administrator has to download it with `trivy image "
            "--download-db-only`.",
        )
    if words.has("failed to connect to the docker api"):
        return "The scanner cannot reach the Docker engine.", "Check that it runs."
    return None


def _of_the_registry(words: ForeignWords, name: str, output: str) -> OutsideFailure:
    """What the registry answered to the scanner, which gives its codes and statuses."""
    cause = cause_of(words)
    if cause is Cause.MISSING:
        return NotFound(f"{name} does not exist.", why=output, next_step="Check its spelling.")
    if cause in (Cause.LOGIN, Cause.DENIED):
        return ScannerBroken(
            "The registry does not let the scanner read the image.", why=output, next_step=_AGAIN
        )
    error = error_of_registry(cause, "the registry", name, "") if cause is not None else None
    if error is not None:
        problem = error.problem
        return ScannerBroken(problem.what, why=output, next_step=problem.next_step)
    return ScannerBroken("The scanner could not fetch the image.", why=output, next_step=_AGAIN)


def _watched(
    process: "subprocess.Popen[bytes]", timeout: timedelta, check: Callable[[], None]
) -> int:
    until = time.monotonic() + timeout.total_seconds()
    try:
        while True:
            try:
                return process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                check()
                if time.monotonic() > until:
                    raise _took_too_long(
                        f"It was given {timeout.total_seconds():.0f} seconds."
                    ) from None
    finally:
        _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the whole group: the program leads it, because it was started in a session of its own."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _refuse_floods(log: Path, report: Path) -> None:
    """What it says must not fill the disk, nor the memory of its reader."""
    for file, most in ((log, SCANNER_LOG_BYTES), (report, REPORT_BYTES)):
        if file.exists() and file.stat().st_size > most:
            raise too_long(most)


def too_long(most: int) -> ScannerBroken:
    """The error for a report, or other output, that is too large."""
    return ScannerBroken(
        "The scanner's output is too large.",
        why=f"It has more than {most:,} bytes.",
        next_step="Scan a smaller image.",
    )


def _took_too_long(why: str) -> ScannerBroken:
    return ScannerBroken(
        "The scanner did not end in time.",
        why=why,
        next_step="Try again: a large image is faster the second time. Another program may also "
        "hold the scanner's database.",
    )


def _last_word(log: Path, secrets: Sequence[str]) -> str:
    """The last FATAL line with what follows it, or the last lines: a panic has no FATAL."""
    with log.open("rb") as opened:
        opened.seek(max(0, log.stat().st_size - _LAST_BYTES))
        text = opened.read().decode(errors="replace")
    if log.stat().st_size > _LAST_BYTES:  # what the cut went through is no whole line
        text = text.partition("\n")[2]
    text = safe_words(text, secrets)
    at = text.rfind("\tFATAL\t")
    if at >= 0:
        match = _FATAL.search(text, at)
        words = match[1] if match else text[at:]
        words = _WRAPPING.sub("", _LOG_LINE.split(words)[0])
    else:
        panic = text.find("panic: ")
        words = text[panic:].partition("\n\n")[0] if panic >= 0 else text[-_WORDS:]
    words = _WHERE_IT_LOOKED.sub("", " ".join(words.split()))
    return bounds.text(words, _WORDS)
