"""Undo what Slack and phones do to typed text, so that the words are those the person meant."""

import re

# How Slack writes links, mentions and escapes:
# https://docs.slack.dev/messaging/formatting-message-text/#escaping
_MARKUP = re.compile(r"<([^<>]*)>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))

_DOUBLE_QUOTES = "“”„‟«»＂"
_SINGLE_QUOTES = "‘’‚‛"
_HYPHENS = "‐‑‒−"
_SPACES = "\t\n\x0b\x0c\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_INVISIBLE = "\xad\u034f\u061c\u180e\u2060\ufeff" + "".join(
    map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2061, 0x2070)))
)
"""Zero-width characters, and those that turn the direction of text."""

_TYPED = str.maketrans(
    {
        **dict.fromkeys(_DOUBLE_QUOTES, '"'),
        **dict.fromkeys(_SINGLE_QUOTES, "'"),
        **dict.fromkeys(_HYPHENS, "-"),
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys(_INVISIBLE, None),
        "—": "--",
        "―": "--",
        "`": None,
    }
)

_EN_DASH_BEFORE_WORD = re.compile(r"(?<!\S)–(?=\S)")
_MENTION = re.compile(r"<@(?P<user>[UW][A-Z0-9]+)(?:\|[^<>]*)?>[\s:,]*")


def tidied(text: str) -> str:
    """The text as it was meant, on one line, without blanks around it.

    Mentions stay as ``<@U123>``, ``<#C123>`` and ``<!here>``, without the name that Slack adds.
    Control characters stay: whoever reads the words complains about them.
    """
    text = _MARKUP.sub(_meant, text)
    text = _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)
    text = text.translate(_TYPED)
    return _EN_DASH_BEFORE_WORD.sub("--", text).replace("–", "-").strip()


def words_for(user: str, text: str) -> str | None:
    """The words of a message that begins with a mention of this user; other mentions may stand
    beside it. None for a message that begins with anything else.
    """
    at, is_spoken_to = len(text) - len(text.lstrip()), False
    while found := _MENTION.match(text, at):
        is_spoken_to = is_spoken_to or found["user"] == user
        at = found.end()
    return text[at:] if is_spoken_to else None


def words_after(user: str, text: str) -> str:
    """What follows the first mention of this user in the middle of a message."""
    found = next((one for one in _MENTION.finditer(text) if one["user"] == user), None)
    return text[found.end() :] if found else ""


def _meant(markup: re.Match[str]) -> str:
    target, bar, label = markup[1].partition("|")
    if target[:1] in ("@", "#", "!"):
        return f"<{target}>"
    return label if bar and label else target
