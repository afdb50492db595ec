"""How Slack changes the text that a person types.

https://docs.slack.dev/messaging/formatting-message-text#escaping and
https://docs.slack.dev/interactivity/implementing-slash-commands#creating_commands (escaping of
channels, users, links)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_CODE = r"(?P<code>```.*?```|`[^`\n]+`)"
_WORD = (
    r"(?P<url>https?://[^\s<>|]+)"
    r"|(?P<host>(?<![\w@./:-])(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev)(?:[:/][^\s<>|]*)?)"
    r"|(?<!\w)#(?P<hash>[a-z0-9_-]+)"
)
_LABELLED = re.compile(r"<@([UW]\w*)\|[^<>]*>")
_EVERYBODY = ("here", "channel", "everyone")


def as_sent(text: str, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """``text`` as it reaches the app: escaped; links, people and channels in angle brackets.

    ``users`` and ``channels`` give the id for a name; user groups are among the ``users``. A person
    may have several names, the first of which is the handle. Names match in any case, and not
    inside code.
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    who_is = {name.casefold(): who for name, who in users.items()}
    handles = {who: name for name, who in reversed([*users.items()])}

    def linked(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        if match["url"]:
            return f"<{match['url']}>"
        if match["host"]:
            return f"<http://{match['host']}|{match['host']}>"
        if match["at"]:
            name = match["at"].casefold()
            return f"<!{name}>" if name in _EVERYBODY else _mention(who_is[name], handles)
        channel = channels.get(match["hash"])
        return f"<#{channel}|{match['hash']}>" if channel else match[0]

    names = sorted((*users, *_EVERYBODY), key=len, reverse=True)
    mention = rf"(?<!\w)@(?P<at>{'|'.join(map(re.escape, names))})(?![\w-]|\.\w)"
    return re.sub(f"{_CODE}|{_WORD}|{mention}", linked, escaped, flags=re.I | re.S)


def as_said(text: str, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """`as_sent` for a message, where people are named by their ids alone.

    https://docs.slack.dev/messaging/formatting-message-text#mentioning-users
    """
    return _LABELLED.sub(r"<@\1>", as_sent(text, users, channels))


def _mention(who: str, handles: Mapping[str, str]) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#mentioning-groups"""
    name = handles[who]
    return f"<!subteam^{who}|@{name}>" if who.startswith("S") else f"<@{who}|{name}>"
