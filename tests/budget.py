"""How long each part of the suite took, beside what CONTRIBUTING.md gives it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

CONTRIBUTING = Path(__file__).parent.parent / "CONTRIBUTING.md"
_ROW = re.compile(r"^\| `(tests/[a-z_]*)`[^|]*\| ([\d,]+) \|", re.MULTILINE)
_WORTH_SAYING_SECONDS = 5.0


def budgets(text: str) -> dict[str, int]:
    """The folders of the table, and the seconds that all tests in each may take together."""
    return {folder: int(seconds.replace(",", "")) for folder, seconds in _ROW.findall(text)}


def spent(tests: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The seconds for each folder of ``tests``, from the id and the duration of each phase of a
    test; ``tests/`` for files that are in none.
    """
    seconds: defaultdict[str, float] = defaultdict(float)
    for test, duration in tests:
        parts = test.partition("::")[0].split("/")
        folder = "/".join(parts[:2]) if len(parts) > 2 else f"{parts[0]}/"
        seconds[folder] += duration
    return seconds


def told(seconds: Mapping[str, float], allowed: Mapping[str, int]) -> list[str]:
    """A line for each folder that took a while, those that took longest first."""
    lines: list[str] = []
    for folder, took in sorted(seconds.items(), key=lambda one: -one[1]):
        if took >= _WORTH_SAYING_SECONDS:
            most = allowed.get(folder)
            is_over = most is None or took > most
            budget = f"of {most}" if most is not None else "without a budget"
            lines.append(f"{took:6.0f} s {budget} {folder}{' (over)' if is_over else ''}")
    return lines
