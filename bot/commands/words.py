"""Split tidied text into words: blanks separate, quotes hold together."""

import re

from quaymaster.errors import UsageError
from quaymaster.image_ref import shown

# No alternative inside a repetition starts like another, so the time is linear in the text.
_WORD = re.compile(r"""'(?P<single>[^']*)'(?=\s|$)|(?P<plain>(?:"[^"]*"|[^\s"])+)""")
_BLANKS = re.compile(r"\s*")


def words_of(text: str) -> tuple[str, ...]:
    """The words, without their quotes. Raises UsageError for a quote that is not closed."""
    words = []
    position = _after_blanks(text, 0)
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None or (match.end() < len(text) and not text[match.end()].isspace()):
            rest = text[match.end() if match else position :]
            raise UsageError(
                f"A quote is opened and never closed: {shown(rest)}.",
                next_step="Close it, or leave it out.",
            )
        single = match["single"]
        words.append(match["plain"].replace('"', "") if single is None else single)
        position = _after_blanks(text, match.end())
    return tuple(words)


def _after_blanks(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position
