"""Where lines come from: a person at a terminal, a script, or a pipe."""

import asyncio
import contextlib
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from quaymaster.errors import UsageError

_COMMANDS = (
    ":as ",
    ":in #",
    ":in @quaymaster",
    ":click ",
    ":show",
    ":people",
    ":channels",
    ":help",
    ":quit",
    "/image ",
)


class Lines:
    """Lines one after the other; None is the end."""

    def __init__(self, source: TextIO) -> None:
        self._source = source

    async def next(self, prompt: str) -> str | None:
        """The next line, without its end."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | None] = loop.create_future()

        def ask() -> None:
            line = self._read(prompt)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_settle, answer, line)

        # A daemon: nothing can wake a thread that waits for a key, and it must not hold up the end.
        threading.Thread(target=ask, daemon=True).start()
        return await answer

    def _read(self, _prompt: str) -> str | None:
        line = self._source.readline()
        return line.rstrip("\n") if line else None


class Terminal(Lines):
    """A person types: with history, and without losing what they typed when something is shown."""

    def __init__(self) -> None:
        import readline  # changes what input() does, so it is loaded where a person types

        super().__init__(sys.stdin)
        self._typed = readline.get_line_buffer
        self._waiting = ""
        readline.set_completer(_completer)
        readline.set_completer_delims("")
        readline.parse_and_bind("tab: complete")

    def prompt(self) -> str:
        """What is in the line now; nothing while nobody is asked."""
        return self._waiting + self._typed() if self._waiting else ""

    def _read(self, prompt: str) -> str | None:
        self._waiting = prompt
        try:
            return input(prompt)
        except EOFError:
            return None
        finally:
            self._waiting = ""


def _settle(answer: "asyncio.Future[str | None]", line: str | None) -> None:
    if not answer.done():
        answer.set_result(line)


def _completer(text: str, number: int) -> str | None:
    fitting = [one for one in _COMMANDS if one.startswith(text)]
    return fitting[number] if number < len(fitting) else None


@contextmanager
def lines_from(script: Path | None) -> Iterator[Lines]:
    """The script's lines, or the keyboard's, or those of a pipe.

    Raises UsageError for a script that cannot be read.
    """
    if script is not None:
        try:
            file = script.open()
        except OSError as error:
            raise UsageError(
                f"The script {script} cannot be read.",
                why=f"{error.strerror}.",
                next_step="Name a file with one line for each thing to type: --script FILE.",
            ) from error
        with file:
            yield Lines(file)
    elif sys.stdin.isatty():
        with _terminal_as_it_was():
            yield Terminal()
    else:
        yield Lines(sys.stdin)


@contextmanager
def _terminal_as_it_was() -> Iterator[None]:
    before = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
