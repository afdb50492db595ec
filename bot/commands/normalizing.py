"""Undo what Slack and phones do to typed text, so that the words are those the person meant."""

import re
from collections.abc import Iterable

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

_MARKS = "*_~"
"""Bold, italic, struck: https://docs.slack.dev/messaging/formatting-message-text/#basic-formatting"""
_BEFORE_A_MARK = re.compile(r"[\s\"'(]")
_INSIDE_A_NAME = frozenset("/:@=")
"""Behind these * and ~ are marks as well: no name has them. A tag may begin with _."""
_BEHIND_A_MARK = re.compile(r"[\s\"').,;:!?/@*_~]")

_EN_DASH_BEFORE_WORD = re.compile(r"(?<!\S)–(?=\S)")
_MENTION = re.compile(r"<@(?P<user>[UW][A-Z0-9]+)(?:\|[^<>]*)?>[\s:,]*")


def normalized(text: str) -> str:
    """The text as it was meant, on one line, without blanks around it.

    Mentions stay as ``<@U123>``, ``<#C123>`` and ``<!here>``, without the name that Slack adds.
    Control characters stay; the parser reports them.
    """
    text = _MARKUP.sub(_meant, text)
    return plain(_ENTITY.sub(lambda match: _ENTITIES[match[0]], text))


def plain(text: str) -> str:
    """The text in characters of a keyboard, without blanks around it."""
    text = text.translate(_TYPED)
    return _EN_DASH_BEFORE_WORD.sub("--", text).replace("–", "-").strip()


def unformatted(text: str) -> str:
    """The text without pairs of ``*``, ``_`` and ``~`` around words: bold, italic, struck.

    A sign without its partner stays, and so does one between letters (``my_app``, ``1.*``). A name
    that really begins and ends with such signs loses them: read the text as it stands first.
    """
    return _without(text, (at for pair in _pairs(text) for at in pair))


def _pairs(text: str) -> list[tuple[int, int]]:
    """Where pairs of signs begin and end."""
    pairs: list[tuple[int, int]] = []
    opened: dict[str, list[int]] = {mark: [] for mark in _MARKS}
    for at, letter in enumerate(text):
        if letter not in opened:
            continue
        before, behind = text[at - 1 : at], text[at + 1 : at + 2]
        ends = not behind or _BEHIND_A_MARK.match(behind)
        if opened[letter] and before.strip() and ends and opened[letter][-1] != at - 1:
            pairs.append((opened[letter].pop(), at))
            continue
        follows_another = before in opened and opened[before][-1:] == [at - 1]
        if behind.strip() and (follows_another or _may_open(letter, before)):
            opened[letter].append(at)
    return pairs


def _may_open(mark: str, before: str) -> bool:
    if not before or _BEFORE_A_MARK.match(before):
        return True
    return mark != "_" and before in _INSIDE_A_NAME


def _without(text: str, dropped: Iterable[int]) -> str:
    places = {*dropped}
    return "".join(letter for at, letter in enumerate(text) if at not in places)


def words_for(user: str, text: str) -> str | None:
    """The words of a message that begins with a mention of this user, bold or not; other mentions
    may stand beside it. None for a message that begins with anything else.
    """
    if text.lstrip().startswith(tuple(_MARKS)):
        first = text.find("<@")
        text = _without(text, (at for pair in _pairs(text) if pair[0] < first for at in pair))
    at, is_spoken_to = len(text) - len(text.lstrip()), False
    while match := _MENTION.match(text, at):
        is_spoken_to = is_spoken_to or match["user"] == user
        at = match.end()
    return text[at:] if is_spoken_to else None


def words_after(user: str, text: str) -> str:
    """What follows the first mention of this user in the middle of a message."""
    match = next((one for one in _MENTION.finditer(text) if one["user"] == user), None)
    return text[match.end() :] if match else ""


def without_mentions(user: str, text: str) -> str:
    """The text without any mentions of this user. The words on both sides of one stay separate."""

    def left(mention: re.Match[str]) -> str:
        if mention["user"] != user:
            return mention[0]
        before = text[max(mention.start() - 1, 0) : mention.start()].strip()
        return " " if before and before not in _MARKS else ""

    return _MENTION.sub(left, text).strip()


def _meant(markup: re.Match[str]) -> str:
    target, bar, label = markup[1].partition("|")
    if target[:1] in ("@", "#", "!"):
        return f"<{target}>"
    return label if bar and label else target
