from datetime import UTC, datetime

import pytest

from quaymaster.errors import UsageError
from quaymaster.windows import Freeze, Window


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OFFICE = Window.parse("Mon-Thu 09:00-17:00 Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        # 2026-11-23 is a Monday; Berlin is one hour ahead of UTC in winter.
        ("2026-11-23T07:59:59", False),
        ("2026-11-23T08:00:00", True),
        ("2026-11-23T15:59:59", True),
        ("2026-11-23T16:00:00", False),
        ("2026-11-26T12:00:00", True),
        ("2026-11-27T12:00:00", False),
        ("2026-11-29T12:00:00", False),
        # Two hours ahead in summer.
        ("2026-07-06T06:59:59", False),
        ("2026-07-06T07:00:00", True),
        ("2026-07-06T15:00:00", False),
        # The Mondays after the clocks changed, 2026-03-29 and 2026-10-25.
        ("2026-03-30T07:00:00", True),
        ("2026-03-30T06:59:59", False),
        ("2026-10-26T08:00:00", True),
        ("2026-10-26T07:59:59", False),
    ],
)
def test_a_window_follows_the_clock_on_the_wall(now: str, is_open: bool) -> None:
    assert OFFICE.holds(utc(now)) is is_open


def test_an_hour_that_comes_twice_counts_twice() -> None:
    night = Window.parse("Sun 02:00-03:00 Europe/Berlin")
    # 02:30 in summer time, and 02:30 again in winter time.
    assert night.holds(utc("2026-10-25T00:30:00"))
    assert night.holds(utc("2026-10-25T01:30:00"))
    assert not night.holds(utc("2026-10-25T02:00:00"))


def test_an_hour_that_is_skipped_opens_nothing() -> None:
    night = Window.parse("Sun 02:00-03:00 Europe/Berlin")
    assert not any(night.holds(utc(f"2026-03-29T{hour:02}:30:00")) for hour in range(3))


def test_a_window_across_midnight_belongs_to_the_day_it_opens_on() -> None:
    night = Window.parse("Fri 22:00-02:00 UTC")
    assert night.holds(utc("2026-11-27T22:00:00"))
    assert night.holds(utc("2026-11-28T01:59:59"))
    assert not night.holds(utc("2026-11-28T02:00:00"))
    assert not night.holds(utc("2026-11-27T01:00:00"))
    assert not night.holds(utc("2026-11-28T22:00:00"))


def test_days_can_be_listed_and_go_around_the_week() -> None:
    assert Window.parse("Fri-Mon,wed 00:00-24:00 UTC").days == {4, 5, 6, 0, 2}


def test_a_whole_day_ends_at_midnight() -> None:
    day = Window.parse("Mon 00:00-24:00 UTC")
    assert day.holds(utc("2026-11-23T00:00:00"))
    assert day.holds(utc("2026-11-23T23:59:59"))
    assert not day.holds(utc("2026-11-24T00:00:00"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon-Thu 09:00-17:00",
        "Mon 9:00-17:00 UTC",
        "Mon 09:00-25:00 UTC",
        "Mo 09:00-17:00 UTC",
        "Mon-Thu 09:00-17:00 Europe/Berlim",
        "Mon 09:00-17:00 ../../etc/passwd",
        "Mon,, 09:00",
    ],
)
def test_anything_else_is_no_window(text: str) -> None:
    with pytest.raises(UsageError):
        Window.parse(text)


def test_both_days_of_a_freeze_are_frozen() -> None:
    freeze = Freeze.parse("2026-12-20/2027-01-03")
    assert not freeze.holds(utc("2026-12-19T23:59:59"))
    assert freeze.holds(utc("2026-12-20T00:00:00"))
    assert freeze.holds(utc("2027-01-03T23:59:59"))
    assert not freeze.holds(utc("2027-01-04T00:00:00"))
    assert str(freeze.ends) == "2027-01-04"


def test_a_freeze_can_have_a_time_zone_and_one_day() -> None:
    freeze = Freeze.parse("2026-12-24 Europe/Berlin")
    assert freeze.holds(utc("2026-12-23T23:00:00"))
    assert not freeze.holds(utc("2026-12-24T23:00:00"))


@pytest.mark.parametrize("text", ["", "2026-13-01", "2027-01-03/2026-12-20", "tomorrow"])
def test_anything_else_is_no_freeze(text: str) -> None:
    with pytest.raises(UsageError):
        Freeze.parse(text)
