"""Text as a reader finally sees it, with the position of each letter in the original text.

A terminal does not show colours, a browser shows ``&quot;`` as a quote, and a redirect carries
``access_token%3D``: what looks like a secret is looked for there too.
"""

import html
import re
from dataclasses import dataclass

from quaymaster.redaction.secret_shapes import Span

COLOURS = r"(?:\x1b|\\{1,8}(?:u001[bB]|x1[bB]|033))\[[0-9:;<=>?]{0,40}+[ -/]{0,4}+[@-~]|\x1b"
"""And whatever else a terminal is told by a control sequence (ECMA-48), also where it was escaped:
nobody sees it, and who shows a text leaves it out."""

INVISIBLE = (
    "\x00-\x08\x0e-\x1a\x1c-\x1e\x7f-\x84\x86-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f"
)
"""Other letters that nobody sees, as the inside of a class; but for those that are white space."""

_SPELLED = re.compile(
    rf"{COLOURS}|[{INVISIBLE}]"
    r"|%(?:25){0,4}+(?P<byte>[2-7][0-9a-fA-F])|\\{1,8}u00(?P<code>[2-7][0-9a-fA-F])"
    r"|(?P<entity>&\#?\w{1,8};)|\\{1,8}(?P<slash>/)",
    re.ASCII,
)
_UNSEEN = re.compile(rf"{COLOURS}|[{INVISIBLE}]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a text means, and for each letter where it came from."""

    text: str
    starts: list[int]
    stops: list[int]

    def place(self, span: Span) -> Span:
        """The corresponding position in the original text."""
        return self.starts[span[0]], self.stops[span[1] - 1]


def decoded(text: str) -> Decoded | None:
    """None for a text that is what it means."""
    return _replaced(text, _SPELLED)


def without_unseen(text: str) -> Decoded | None:
    """The text without colours and what else nobody sees; None if it has nothing of that kind."""
    return _replaced(text, _UNSEEN)


def _replaced(text: str, what: re.Pattern[str]) -> Decoded | None:
    pieces: list[str] = []
    starts: list[int] = []
    stops: list[int] = []
    end = 0
    for match in what.finditer(text):
        starts.extend(range(end, match.start()))
        stops.extend(range(end + 1, match.start() + 1))
        meaning = _meaning(match)
        pieces += (text[end : match.start()], meaning)
        starts.extend([match.start()] * len(meaning))
        stops.extend([match.end()] * len(meaning))
        end = match.end()
    if not end:
        return None
    starts.extend(range(end, len(text)))
    stops.extend(range(end + 1, len(text) + 1))
    return Decoded("".join((*pieces, text[end:])), starts, stops)


def _meaning(match: re.Match[str]) -> str:
    match match.lastgroup:
        case "byte" | "code" as group:
            return chr(int(match[group], 16))
        case "entity":
            return html.unescape(match["entity"])
        case "slash":
            return "/"
        case _:
            return ""
