"""Slack's error names, translated once into what they mean for a message.

The names are those of the methods' pages, https://docs.slack.dev/reference/methods/chat.postMessage
and https://docs.slack.dev/reference/methods/chat.update among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError

_DEFAULT_RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Gone:
    """The message is not there any more, or is not ours to change."""

    error: str


@dataclass(frozen=True, slots=True)
class TooOld:
    """The workspace does not let a message of this age be changed."""

    error: str


@dataclass(frozen=True, slots=True)
class CannotPost:
    """Nothing can be posted there: not a member, archived, unknown, restricted."""

    error: str


@dataclass(frozen=True, slots=True)
class NoThread:
    """The thread is not there, or cannot be answered in."""

    error: str


@dataclass(frozen=True, slots=True)
class Limited:
    """Too many calls; nothing was done."""

    retry_after: float


@dataclass(frozen=True, slots=True)
class SlackFailed:
    """Slack or the way to it is broken, or the token is not accepted; a later call may succeed."""

    error: str
    nothing_happened: bool
    """False when the work may be done although the answer did not come."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Slack does not take this content, and never will."""

    error: str


Refusal = Gone | TooOld | CannotPost | NoThread | Limited | SlackFailed | Rejected

_GONE = frozenset({"message_not_found", "cant_update_message"})
_TOO_OLD = frozenset({"edit_window_closed"})
_CANNOT_POST = frozenset(
    {
        "cannot_dm_bot",
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "messages_tab_disabled",
        "no_permission",
        "not_in_channel",
        "posting_to_channel_denied",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "team_not_found",
        "user_disabled",
        "user_not_found",
        "user_not_in_channel",
    }
)
_NO_THREAD = frozenset(
    {
        "cannot_reply_to_message",
        "restricted_action_non_threadable_channel",
        "thread_not_found",
    }
)
_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_BROKEN = frozenset(
    {
        "external_channel_migrating",
        "fatal_error",
        "internal_error",
        "org_login_required",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
        "update_failed",
    }
)
_DENIED = frozenset(
    {
        "access_denied",
        "accesslimited",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)


def read(error: SlackApiError) -> Refusal:
    """What a refused call means."""
    status = int(error.response.status_code)
    data = error.response.data
    name = str(data.get("error") or "") if isinstance(data, Mapping) else ""
    if status == 429 or name in _LIMITED:
        return Limited(_retry_after(error.response.headers))
    if status >= 500 or not name:
        return SlackFailed(name or f"http_{status}", nothing_happened=False)
    return _named(name)


def error_of(result: object) -> str | None:
    """Slack's name for a refusal that has one; None for a success."""
    return getattr(result, "error", None)


def _named(name: str) -> Refusal:
    if name in _GONE:
        return Gone(name)
    if name in _TOO_OLD:
        return TooOld(name)
    if name in _CANNOT_POST:
        return CannotPost(name)
    if name in _NO_THREAD:
        return NoThread(name)
    if name in _BROKEN:
        # “It's possible some aspect of the operation succeeded before the error was raised.”
        return SlackFailed(name, nothing_happened=False)
    if name in _DENIED:
        return SlackFailed(name, nothing_happened=True)
    return Rejected(name)


def _retry_after(headers: Mapping[str, Any]) -> float:
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), None)
    try:
        return max(float(value), 0.0) if value is not None else _DEFAULT_RETRY_SECONDS
    except (TypeError, ValueError):
        return _DEFAULT_RETRY_SECONDS
