from datetime import timedelta

import pytest

from quaymaster.errors import UsageError
from quaymaster.quantities import duration_in_words, memory_in_words, parse_duration, parse_memory


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0s", timedelta()),
        ("5s", timedelta(seconds=5)),
        ("30m", timedelta(minutes=30)),
        ("4h", timedelta(hours=4)),
        ("2d", timedelta(days=2)),
    ],
)
def test_durations_are_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("24h", "24 hours"),
        ("1d", "24 hours"),
        ("2d", "2 days"),
        ("1h", "1 hour"),
        ("90m", "90 minutes"),
        ("1m", "1 minute"),
        ("45s", "45 seconds"),
    ],
)
def test_durations_are_said_in_words(text: str, words: str) -> None:
    assert duration_in_words(parse_duration(text)) == words


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-5s", "1h30m", "5S", "٣s", "9" * 99 + "d"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("6m", 6 << 20),
        ("512m", 512 << 20),
        ("512M", 512 << 20),
        ("2g", 2 << 30),
        ("2gb", 2 << 30),
        ("8388608", 8 << 20),
    ],
)
def test_memory_is_written_as_for_docker(text: str, amount: int) -> None:
    assert parse_memory(text) == amount


@pytest.mark.parametrize("text", ["", "m", "1.5g", "512 m", "-1g", "5m", "1t"])
def test_anything_else_is_no_memory(text: str) -> None:
    with pytest.raises(UsageError):
        parse_memory(text)


def test_memory_is_binary() -> None:
    assert memory_in_words(512 << 20) == "512 MiB"
    assert memory_in_words(3 << 29) == "1.5 GiB"
