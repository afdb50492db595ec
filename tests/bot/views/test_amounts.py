"""Sizes and times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views import amounts
from quaymaster.findings import Severity
from quaymaster.image_ref import Digest
from quaymaster.platforms import Member


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 KB"),
        (9_960, "10 KB"),
        (210_000_000, "210 MB"),
        (999_960_000, "1.0 GB"),
        (1_240_000_000, "1.2 GB"),
        (5 * 10**15, "5,000 TB"),
        (-1, "0 B"),
    ],
)
def test_sizes_are_decimal(count: int, said: str) -> None:
    assert amounts.size(count) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (198_000_000, 210_000_000, "12 MB larger"),
        (210_000_000, 198_000_000, "12 MB smaller"),
        (7, 7, "same size"),
    ],
)
def test_a_change_of_size_says_in_which_direction(before: int, after: int, said: str) -> None:
    assert amounts.size_change(before, after) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.113, "0.11 s"),
        (0.999, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3_600, "1 h"),
        (4_320, "1 h 12 min"),
        (273_600, "3 d 4 h"),
        (-5, "0.00 s"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, said: str) -> None:
    assert amounts.duration(seconds) == said


@given(st.floats(-1, 2))
def test_the_bar_always_has_twenty_cells(share: float) -> None:
    bar = amounts.bar(share)
    assert len(bar) == 20
    assert set(bar) <= {"█", "░"}


def test_the_bar_is_full_only_at_the_end() -> None:
    assert amounts.bar(0.999).count("░") == 1
    assert amounts.bar(1.0) == "█" * 20


def test_severities_are_worst_first_and_leave_out_what_is_not_there() -> None:
    counts = ((Severity.LOW, 12), (Severity.CRITICAL, 2), (Severity.HIGH, 0))
    assert amounts.severities(counts) == "🔴 2 critical · 🔵 12 low"
    assert amounts.severities(()) == ""


def test_of_an_index_the_platform_and_the_digest_that_people_know_are_told() -> None:
    own, index = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
    assert amounts.of_index(Member(own, index, "linux/arm64")) == f"linux/arm64 of {'b' * 12}"
    assert amounts.of_index(Member(own, index)) == f"one image of {'b' * 12}"
    assert amounts.of_index(Member(own)) == amounts.of_index(None) == ""


def test_the_platform_is_text_from_outside() -> None:
    own = Digest("sha256:" + "a" * 64)
    said = amounts.of_index(Member(own, own, "linux/\u202e" + "x" * 900))
    assert len(said) < 70
    assert "\u202e" not in said
