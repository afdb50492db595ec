"""The questions tests ask the log of calls."""

from __future__ import annotations

from local_slack import Call, CallLog


def call(at: float, method: str = "chat.update", error: str | None = None) -> Call:
    return Call(method, at, 0.0, 200, error, "C1", None, connection=1, opened=at == 0)


def test_the_busiest_minute_is_any_sixty_seconds() -> None:
    log = CallLog(tuple(call(at) for at in (0, 30, 59, 61, 89, 200)))
    assert log.busiest_minute() == 4
    assert CallLog(()).busiest_minute() == 0


def test_the_log_is_narrowed_by_method_and_error() -> None:
    log = CallLog((call(0), call(1, error="ratelimited"), call(2, "chat.postMessage")))
    assert len(log.of("chat.update")) == 2
    assert len(log.accepted()) == 2
    assert len(log.refused("ratelimited")) == 1
    assert log.connections_per_call() == 1 / 3
