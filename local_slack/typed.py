"""What Slack makes of what somebody types.

https://docs.slack.dev/messaging/formatting-message-text#escaping and
https://docs.slack.dev/interactivity/implementing-slash-commands#creating_commands (escaping of
channels, users, links)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORD = re.compile(
    r"(?P<url>https?://[^\s<>|]+)|(?P<host>(?<![\w@./:-])(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev)(?:[:/][^\s<>|]*)?)|(?<!\w)@(?P<at>[a-z0-9._-]+)|(?<!\w)#(?P<hash>[a-z0-9_-]+)",
    re.I,
)

_LABELLED = re.compile(r"<@([UW]\w*)\|[^<>]*>")
_EVERYBODY = ("here", "channel", "everyone")


def as_sent(text: str, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """``text`` as it reaches the app: escaped; links, people and channels in angle brackets.

    ``users`` and ``channels`` give the id for a name; user groups are among the ``users``.
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def linked(match: re.Match[str]) -> str:
        if match["url"]:
            return f"<{match['url']}>"
        if match["host"]:
            return f"<http://{match['host']}|{match['host']}>"
        if match["at"]:
            return _mention(match["at"], users.get(match["at"])) or match[0]
        channel = channels.get(match["hash"])
        return f"<#{channel}|{match['hash']}>" if channel else match[0]

    return _WORD.sub(linked, escaped)


def as_said(text: str, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """`as_sent` for a message, where people are named by their ids alone.

    https://docs.slack.dev/messaging/formatting-message-text#mentioning-users
    """
    return _LABELLED.sub(r"<@\1>", as_sent(text, users, channels))


def _mention(name: str, who: str | None) -> str | None:
    """https://docs.slack.dev/messaging/formatting-message-text#mentioning-groups"""
    if name in _EVERYBODY:
        return f"<!{name}>"
    if who is None:
        return None
    return f"<!subteam^{who}|@{name}>" if who.startswith("S") else f"<@{who}|{name}>"
