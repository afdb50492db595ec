"""How durations (``5s``, ``30m``, ``4h``, ``2d``) and amounts of memory (``512m``) are written."""

import re
from datetime import timedelta

from quaymaster.errors import UsageError
from quaymaster.image_ref import shown

_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}

_MEMORY = re.compile(r"([0-9]{1,12})([bkmg]?)b?", re.IGNORECASE)
_BYTES = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_MEMORY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_LEAST_MEMORY = 6 << 20
"""Docker's minimum: https://docs.docker.com/engine/containers/resource_constraints/#memory."""


def parse_duration(text: str) -> timedelta:
    """Read a number and a unit. Raises UsageError."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise UsageError(
            f"{shown(text)} is not a duration.",
            why="A duration is a whole number and s, m, h or d.",
            next_step="Write it like 5s, 30m, 4h or 2d.",
        )
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def duration_in_words(duration: timedelta) -> str:
    """A duration as people say it: “24 hours”, “2 days”, “90 minutes”."""
    seconds = int(duration.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count, rest = divmod(seconds, length)
        if not rest and count and (unit, count) != ("day", 1):
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def parse_memory(text: str) -> int:
    """Read an amount of memory as ``docker run --memory`` does, in bytes. Raises UsageError."""
    match = _MEMORY.fullmatch(text)
    if not match:
        raise UsageError(
            f"{shown(text)} is not an amount of memory.",
            why="It is a whole number and k, m or g.",
            next_step="Write it like 512m or 2g.",
        )
    amount = int(match[1]) * _BYTES[match[2].lower()]
    if amount < _LEAST_MEMORY:
        raise UsageError(f"{shown(text)} is less than 6m, the least that Docker accepts.")
    return amount


def memory_in_words(count: float) -> str:
    """Bytes in binary units, as ``--memory`` counts: ``512 MiB``."""
    return in_units(count, 1024, _MEMORY_UNITS)


def in_units(count: float, step: int, units: tuple[str, ...]) -> str:
    """An amount in the largest unit that it reaches, each ``step`` times the one before it."""
    amount, power = float(max(0, count)), 0
    while amount >= step * 0.9995 and power < len(units) - 1:
        amount, power = amount / step, power + 1
    digits = 1 if power and amount < 9.95 else 0
    return f"{amount:,.{digits}f} {units[power]}"
