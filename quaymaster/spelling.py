"""The nearest right spelling of a word, and lists of names inside a sentence."""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 80
"""A longer word is no misspelt name, and comparing it would take time."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that the word was probably meant to be, if there is one."""
    if len(word) > _LONGEST:
        return None
    by_fold = {name.casefold(): name for name in known}
    matches = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``Did you mean web?``, or nothing when no known name comes close."""
    name = nearest(word, known)
    return f"Did you mean {name}?" if name else ""


def listed(names: Iterable[str], last: str = "and") -> str:
    """``a, b and c``, in the order given; ``none`` when there are none."""
    *others, end = list(names) or ["none"]
    return f"{', '.join(others)} {last} {end}" if others else end
