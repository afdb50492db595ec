"""What a server's clock can be known to show, whatever the way there takes."""

from bot.database.server_clock import ServerClock

AHEAD = 1_000_000_000
"""So many microseconds the server's clock is ahead of ours in these tests."""


def seen(asked: float, told: float, answered: float, ahead: int = AHEAD) -> ServerClock:
    """A look: the server told its time at a moment between question and answer."""
    return ServerClock.seen(asked, int(told * 1e6) + ahead, answered)


def test_a_moment_is_never_taken_for_a_later_one() -> None:
    for told in (10.0, 10.7, 11.4):
        assert seen(10.0, told, 11.4).at(20.0) <= 20_000_000 + AHEAD


def test_a_slow_look_does_not_blur_what_a_quick_one_told() -> None:
    clock = seen(10.0, 10.0005, 10.001)
    for second in range(20, 30):
        clock = clock.refined(seen(second, second + 1.4, second + 1.5))
    assert 20_000_000 + AHEAD - clock.at(20.0) < 100_000


def test_a_quick_look_sharpens_what_a_slow_one_told() -> None:
    clock = seen(10.0, 10.0, 11.5).refined(seen(20.0, 20.0005, 20.001))
    assert 20_000_000 + AHEAD - clock.at(20.0) < 10_000


def test_a_clock_that_was_set_is_believed() -> None:
    for step in (-60_000_000, 60_000_000):
        clock = seen(10.0, 10.0005, 10.001).refined(seen(20.0, 20.1, 20.2, AHEAD + step))
        assert 0 <= 20_000_000 + AHEAD + step - clock.at(20.0) <= 200_000
