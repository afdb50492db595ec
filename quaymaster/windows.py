"""When an environment takes changes: weekly windows (``allowed``) and dates without (``freeze``).

Windows are in the wall-clock time of their zone, as people read a clock there: an hour that a
change to summer time skips is in no window, and one that comes twice counts both times.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quaymaster.errors import UsageError
from quaymaster.image_ref import shown

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_WINDOW = re.compile(
    rf"(?P<days>[A-Za-z,-]{{3,40}}) +(?P<start>{_CLOCK})-(?P<end>{_CLOCK}|24:00)"
    r" +(?P<zone>[A-Za-z0-9_+/-]{1,60})"
)
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FREEZE = re.compile(
    rf"(?P<first>{_DATE})(?:/(?P<last>{_DATE}))?(?: +(?P<zone>[A-Za-z0-9_+/-]{{1,60}}))?"
)


@dataclass(frozen=True, slots=True)
class Window:
    """``Mon-Thu 09:00-17:00 Europe/Berlin``. An end at or before the start is on the next day."""

    text: str
    days: frozenset[int]
    """The weekdays on which it opens, Monday is 0."""
    start: time
    end: time
    """Not part of it any more; midnight is the end of the day."""
    zone: tzinfo

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a window. Raises UsageError."""
        match = _WINDOW.fullmatch(text)
        if not match:
            raise UsageError(
                f"{shown(text)} is not a window of time.",
                why="It is days, a start and an end, and a time zone.",
                next_step="Write it like Mon-Thu 09:00-17:00 Europe/Berlin.",
            )
        end = match["end"].replace("24:00", "00:00")
        return cls(
            text,
            _days(match["days"]),
            time.fromisoformat(match["start"]),
            time.fromisoformat(end),
            _zone(match["zone"]),
        )

    def holds(self, now: datetime) -> bool:
        """Whether it is open. ``now`` must carry a time zone."""
        local = now.astimezone(self.zone)
        clock = local.time().replace(tzinfo=None)
        if self.start < self.end:
            return local.weekday() in self.days and self.start <= clock < self.end
        opened_today = clock >= self.start and local.weekday() in self.days
        opened_yesterday = clock < self.end and (local.weekday() - 1) % 7 in self.days
        return opened_today or opened_yesterday

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Freeze:
    """``2026-12-20/2027-01-03``: both days included, in UTC unless a time zone follows."""

    text: str
    first: date
    last: date
    zone: tzinfo

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a day, or a first and a last one. Raises UsageError."""
        match = _FREEZE.fullmatch(text)
        if not match:
            raise UsageError(
                f"{shown(text)} is not a span of days.",
                next_step="Write it like 2026-12-20/2027-01-03, or with a time zone after it.",
            )
        first = _date(match["first"])
        last = _date(match["last"]) if match["last"] else first
        if last < first:
            raise UsageError(f"{shown(text)} ends before it starts.")
        return cls(text, first, last, _zone(match["zone"]) if match["zone"] else UTC)

    def holds(self, now: datetime) -> bool:
        """Whether it is one of these days. ``now`` must carry a time zone."""
        return self.first <= now.astimezone(self.zone).date() <= self.last

    @property
    def ends(self) -> date:
        """The first day after it."""
        return self.last + timedelta(days=1)

    def __str__(self) -> str:
        return self.text


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for span in text.split(","):
        first, dash, last = span.partition("-")
        start = _day(first)
        length = (_day(last) - start) % 7 if dash else 0
        days.update((start + offset) % 7 for offset in range(length + 1))
    return frozenset(days)


def _day(text: str) -> int:
    try:
        return _DAYS.index(text.capitalize())
    except ValueError as error:
        raise UsageError(
            f"{shown(text)} is not a day.",
            next_step="The days are Mon, Tue, Wed, Thu, Fri, Sat and Sun.",
        ) from error


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{shown(text)} is not a day of the calendar.") from error


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"{shown(name)} is not a time zone.",
            why="Its name comes from the IANA list: https://www.iana.org/time-zones.",
            next_step="Write it like Europe/Berlin or UTC.",
        ) from error
