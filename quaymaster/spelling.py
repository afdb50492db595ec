"""Suggests known names for misspelled words, and lists names inside a sentence. Mere similarity is
not enough: ``ps`` is no typo of ``push``, nor ``redis`` of ``nginx``.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable

_LONGEST = 80
"""A longer word is no misspelt name, and comparing it would take time."""
_SHORTEST_BEGINNING = 3
_MOST_SLIPS = 2
_LONG = 7
_SEPARATOR = re.compile("[._-]")
_VOWELS = frozenset("aeiou")


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The known name that the word probably means; None if there is none or more than one.

    In this order: the name in other capitals; the only one that begins so (``prod``); the only one
    of which this is an abbreviation (``stg``); the one that the fewest slips lead to.
    """
    typed = word.casefold()
    if len(word) > _LONGEST:
        return None
    by_fold = {name.casefold(): name for name in candidates}
    if typed in by_fold:
        return by_fold[typed]
    for candidate in (_beginning_so(typed, by_fold), _abbreviated_so(typed, by_fold)):
        if candidate:
            return by_fold[candidate[0]] if len(candidate) == 1 else None
    slips = {name: count for name in by_fold if (count := _slips(typed, name)) is not None}
    best = [name for name, count in slips.items() if count == min(slips.values())]
    return by_fold[best[0]] if len(best) == 1 else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """``Did you mean web?``, or nothing when no known name comes close."""
    name = nearest(word, candidates)
    return f"Did you mean {name}?" if name else ""


def listed(names: Iterable[str], last: str = "and") -> str:
    """``a, b and c``, in their order; ``none`` when there are none."""
    *others, end = list(names) or ["none"]
    return f"{', '.join(others)} {last} {end}" if others else end


def _beginning_so(typed: str, names: Collection[str]) -> list[str]:
    if len(typed) < _SHORTEST_BEGINNING:
        return []
    return [name for name in names if name.startswith(typed)]


def _abbreviated_so(typed: str, names: Collection[str]) -> list[str]:
    """Names with these letters in this order, of which only vowels may be the first."""
    if len(typed) < _SHORTEST_BEGINNING or _VOWELS & {*typed[1:]}:
        return []
    return [name for name in names if name[:1] == typed[0] and _is_in_order(typed, name)]


def _is_in_order(letters: str, name: str) -> bool:
    rest = iter(name)
    return all(letter in rest for letter in letters)


def _slips(one: str, other: str) -> int | None:
    """How many slips of typing lie between two names; None where they are different names.

    The parts of a path are compared each with its own, and so are those of a name: what they have
    in common brings the rest no nearer (staging-eu, staging-us). Other digits make another name,
    like build1 and build2.
    """
    parts, others = one.split("/"), other.split("/")
    if len(parts) != len(others) or _digits(one) != _digits(other):
        return None
    total = 0
    for part, its in zip(parts, others, strict=True):
        for word, its_word in _words_of(part, its):
            count = _distance(word, its_word, _allowed(word, its_word))
            if count is None:
                return None
            total += count
    return total if total <= _MOST_SLIPS else None


def _words_of(one: str, other: str) -> Iterable[tuple[str, str]]:
    """Where one has a separator that the other lacks, that is a slip in a single word."""
    words, others = _SEPARATOR.split(one), _SEPARATOR.split(other)
    return zip(words, others, strict=True) if len(words) == len(others) else ((one, other),)


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def _allowed(one: str, other: str) -> int:
    """Two only in long words that begin alike: undeploy is no deploy, and reset no reject."""
    if max(len(one), len(other)) < 3:
        return 0
    is_long = min(len(one), len(other)) >= _LONG
    return _MOST_SLIPS if is_long and one[0] == other[0] else 1


def _distance(one: str, other: str, most: int) -> int | None:
    """Letters that were added, left out, replaced or swapped with the next; None above ``most``.

    https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance#Optimal_string_alignment_distance
    """
    if one == other:
        return 0
    if (Counter(one) - Counter(other)).total() > most:
        return None
    if (Counter(other) - Counter(one)).total() > most:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, its in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != its))
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], its):
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1] if last[-1] <= most else None
