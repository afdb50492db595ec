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
        found = _WORD.match(text, position)
        if found is None or (found.end() < len(text) and not text[found.end()].isspace()):
            rest = text[found.end() if found else position :]
            raise UsageError(
                f"A quote is opened and never closed: {shown(rest)}.",
                next_step="Close it, or leave it out.",
            )
        single = found["single"]
        words.append(found["plain"].replace('"', "") if single is None else single)
        position = _after_blanks(text, found.end())
    return tuple(words)


def _after_blanks(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position
