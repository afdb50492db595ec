"""How the Web API says no."""

from __future__ import annotations

from collections.abc import Sequence


class SlackError(Exception):
    """An answer ``{"ok": false, "error": …}``.

    https://docs.slack.dev/apis/web-api/#evaluating-responses
    """

    def __init__(self, name: str, *, messages: Sequence[str] = (), **details: object) -> None:
        super().__init__(name)
        self.name = name
        self.messages = tuple(messages)
        self.details = details

    def __str__(self) -> str:
        """Its name, and behind it what Slack says about it."""
        return " ".join((self.name, *self.messages))


def missing(argument: str) -> SlackError:
    """A required argument is not there."""
    return SlackError(
        "invalid_arguments",
        messages=[f"[ERROR] missing required field: {argument} [json-pointer:/{argument}]"],
    )


class RateLimited(Exception):
    """HTTP 429 with Retry-After: https://docs.slack.dev/apis/web-api/rate-limits"""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"ratelimited for {retry_after} s")
        self.retry_after = retry_after
