"""What is written to a terminal: lines above the prompt, and blocks that change in place."""

import math
import shutil
import unicodedata
from collections.abc import Callable, Hashable, Sequence
from typing import TextIO

from trial.rendering import printable


class Paper:
    """Writes blocks of lines. One that changes is redrawn where it stands while it is the last
    thing on a terminal; else only the lines that are new in it are written again.
    """

    def __init__(self, output: TextIO, *, is_terminal: bool) -> None:
        self._output = output
        self._is_terminal = is_terminal
        self._drawn: dict[Hashable, tuple[str, ...]] = {}
        self._last: Hashable | None = None
        self.prompt: Callable[[], str] = str
        """What stands in the line that a person is typing in, with what was typed so far."""

    def say(self, *lines: str) -> None:
        """Write lines that stay as they are."""
        self._write("", lines)
        self._last = None

    def draw(self, key: Hashable, title: str, lines: Sequence[str]) -> None:
        """Write a block, or its new form."""
        new = (title, *(f"│ {line}" for line in lines))
        old = self._drawn.get(key)
        if old is not None and new[1:] == old[1:]:
            return
        self._drawn[key] = new
        if old is None:
            self._write("", ("", *new))
        elif self._is_terminal and self._last == key and self._fits(old):
            # https://man7.org/linux/man-pages/man4/console_codes.4.html: CPL, ED
            self._write(f"\x1b[{self._height(old)}F\x1b[J", new)
        else:
            changed = [line for line in new[2:] if line not in old]
            what = new[1].removeprefix("│ ") if lines else ""
            self._write("", (f"{title}, changed: {what}", *changed))
        self._last = key

    def typed(self) -> None:
        """A person ended a line, so what was drawn is not the last thing any more."""
        self._last = None

    def _write(self, before: str, lines: Sequence[str]) -> None:
        text = before + "".join(f"{line}\n" for line in lines)
        if self._is_terminal:
            text = f"\r\x1b[K{text}{self.prompt()}"
        self._output.write(text)
        self._output.flush()

    def _fits(self, lines: Sequence[str]) -> bool:
        """Whether all of it is still on the screen."""
        return self._height(lines) < shutil.get_terminal_size().lines - 1

    def _height(self, lines: Sequence[str]) -> int:
        width = shutil.get_terminal_size().columns
        return sum(max(1, math.ceil(_cells(line) / width)) for line in lines)


def _cells(text: str) -> int:
    """How many columns a line takes: East Asian letters and most emoji take two."""
    return sum(
        0
        if unicodedata.combining(one) or one in "\u200d\ufe0f"
        else 2
        if unicodedata.east_asian_width(one) in "WF"
        else 1
        for one in printable(text)
    )
