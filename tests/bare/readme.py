"""The commands that the README tells a newcomer to type."""

import re
from dataclasses import dataclass

from tests.readme import README


@dataclass(frozen=True, slots=True)
class Commands:
    """Word for word."""

    try_it: str
    remove: str
    test: str


def commands() -> Commands:
    """Those of the section “Try it”. Raises ValueError when it has others."""
    section = README.read_text(encoding="utf-8").split("\n## Try it\n", 1)[1].split("\n## ", 1)[0]
    block = re.search(r"```\n(.*?)```", section, re.DOTALL)
    lines = block[1].splitlines() if block else []
    try_it, test = (re.split(r"\s{2,}", line, maxsplit=1)[0] for line in lines)
    (remove,) = re.findall(r"`(make try [^`]*--remove)`", section)
    return Commands(try_it, remove, test)
