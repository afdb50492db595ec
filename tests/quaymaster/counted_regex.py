"""A regular expression, carried out step by step as CPython does it, with the steps counted.

No clock tells whether an expression takes time in proportion to the text: this does. It reads the
expression from CPython's own parser, tries the same alternatives in the same order, and finds the
same places (which is asserted by who uses it), so the real one does not do more than is counted.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_NOT_SPACE: lambda letter: not letter.isspace(),
    sre.CATEGORY_DIGIT: str.isdigit,
    sre.CATEGORY_WORD: lambda letter: letter.isalnum() or letter == "_",
}

SIZES = (120, 240, 480)
"""Characters: the second and the third time twice as many as before."""
MOST_STEPS = 700
"""For one character; what is bounded by itself (names of options, hosts) is in it."""


class NotCounted(Exception):
    """The expression has an operation whose steps are not counted here."""


@dataclass
class CountedRegex:
    """A compiled expression whose ``steps`` grow with what it does. Case counts as it stands."""

    pattern: "re.Pattern[str]"
    steps: int = 0
    _text: str = ""
    _end: int = 0
    _taken: dict[tuple[Any, int], dict[str, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tree = list(parser.parse(self.pattern.pattern, self.pattern.flags & ~re.UNICODE))
        self._ignores_case = bool(self.pattern.flags & re.IGNORECASE)
        self._dot_is_all = bool(self.pattern.flags & re.DOTALL)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The places of every find, as ``finditer`` has them."""
        found, at = [], 0
        while at <= len(text):
            place = self.match(text, at)
            if place is None:
                at += 1
                continue
            found.append((at, place))
            at = max(place, at + 1)
        return found

    def match(self, text: str, at: int) -> int | None:
        """Where a match that begins there ends."""
        self._text, self._end = text, len(text)
        return next(self._sequence(self._tree, 0, at), None)

    def _sequence(self, items: list[Any], which: int, at: int) -> Iterator[int]:
        if which == len(items):
            yield at
            return
        for place in self._one(items[which], at):
            yield from self._sequence(items, which + 1, place)

    def _one(self, item: Any, at: int) -> Iterator[int]:  # noqa: C901 (a table of what there is)
        self.steps += 1
        kind, argument = item
        match kind:
            case sre.LITERAL | sre.NOT_LITERAL | sre.IN | sre.ANY:
                if at < self._end and self._takes(kind, argument, self._text[at]):
                    yield at + 1
            case sre.BRANCH:
                for branch in argument[1]:
                    yield from self._sequence(branch.data, 0, at)
            case sre.SUBPATTERN:
                yield from self._sequence(argument[3].data, 0, at)
            case sre.ATOMIC_GROUP:
                yield from self._first(argument.data, at)
            case sre.MAX_REPEAT | sre.MIN_REPEAT:
                low, high, inner = argument
                is_greedy = kind is sre.MAX_REPEAT
                yield from self._repeat(inner.data, low, int(high), at, is_greedy)
            case sre.POSSESSIVE_REPEAT:
                yield from self._possessive(argument, at)
            case sre.ASSERT | sre.ASSERT_NOT:
                if self._looks(argument, at) is (kind is sre.ASSERT):
                    yield at
            case sre.AT:
                if self._is_at(argument, at):
                    yield at
            case _:
                raise NotCounted(kind)

    def _first(self, items: list[Any], at: int) -> Iterator[int]:
        place = next(self._sequence(items, 0, at), None)
        if place is not None:
            yield place

    def _possessive(self, argument: Any, at: int) -> Iterator[int]:
        low, high, inner = argument
        items, count = inner.data, 0
        while count < int(high):
            place = next(self._sequence(items, 0, at), None)
            if place is None or (place == at and count >= low):
                break
            at, count = place, count + 1
        if count >= low:
            yield at

    def _repeat(
        self, items: list[Any], low: int, high: int, at: int, is_greedy: bool
    ) -> Iterator[int]:
        if low > 0:
            for place in self._sequence(items, 0, at):
                yield from self._repeat(items, low - 1, high - 1, place, is_greedy)
            return
        if not is_greedy:
            yield at
        if high > 0:
            for place in self._sequence(items, 0, at):
                if place > at:
                    yield from self._repeat(items, 0, high - 1, place, is_greedy)
        if is_greedy:
            yield at

    def _looks(self, argument: Any, at: int) -> bool:
        direction, inner = argument
        if direction < 0:
            at -= inner.getwidth()[0]
        return at >= 0 and next(self._sequence(inner.data, 0, at), None) is not None

    def _is_at(self, where: Any, at: int) -> bool:
        word = _CATEGORIES[sre.CATEGORY_WORD]
        match where:
            case sre.AT_BOUNDARY:
                before = at > 0 and word(self._text[at - 1])
                return before != (at < self._end and word(self._text[at]))
            case sre.AT_END:
                return at == self._end or (at == self._end - 1 and self._text[at] == "\n")
            case _:
                raise NotCounted(where)

    def _takes(self, kind: Any, argument: Any, letter: str) -> bool:
        # The tree keeps the argument, so no other has its id.
        known = self._taken.setdefault((kind, id(argument)), {})
        if letter not in known:
            known[letter] = self._takes_in_any_case(kind, argument, letter)
        return known[letter]

    def _takes_in_any_case(self, kind: Any, argument: Any, letter: str) -> bool:
        if self._ignores_case:
            forms = {letter, letter.lower(), letter.upper()}
            return any(self._takes_as_it_is(kind, argument, one) for one in forms)
        return self._takes_as_it_is(kind, argument, letter)

    def _takes_as_it_is(self, kind: Any, argument: Any, letter: str) -> bool:
        match kind:
            case sre.ANY:
                return self._dot_is_all or letter != "\n"
            case sre.LITERAL:
                return bool(ord(letter) == argument)
            case sre.NOT_LITERAL:
                return bool(ord(letter) != argument)
            case _:
                return _is_in(argument, letter)


def assert_finds_in_proportion(pattern: "re.Pattern[str]", piece: str, end: str = "") -> None:
    """To find all places in twice the text, made of this piece, takes twice the steps at most."""
    steps = []
    for size in SIZES:
        text = (piece * size)[:size] + end
        counted = CountedRegex(pattern)
        assert counted.spans(text) == [one.span() for one in pattern.finditer(text)], piece
        steps.append(counted.steps)
    assert steps[2] - steps[1] <= 2.2 * (steps[1] - steps[0]) + SIZES[0], (piece, steps)
    assert steps[2] <= MOST_STEPS * SIZES[2], (piece, steps)


def assert_fits_in_proportion(pattern: "re.Pattern[str]", piece: str, end: str) -> None:
    """The same for the question whether the whole text fits."""
    whole = re.compile(f"(?:{pattern.pattern})$", pattern.flags)
    steps = []
    for size in SIZES:
        text = (piece * size)[:size] + end
        counted = CountedRegex(whole)
        assert (counted.match(text, 0) is None) == (pattern.fullmatch(text) is None), piece
        steps.append(counted.steps)
    assert steps[2] - steps[1] <= 2.2 * (steps[1] - steps[0]) + SIZES[0], (piece, steps)


def _is_in(options: Any, letter: str) -> bool:
    negated = options[0][0] is sre.NEGATE
    found = False
    for kind, argument in options[1:] if negated else options:
        match kind:
            case sre.LITERAL:
                found |= ord(letter) == argument
            case sre.RANGE:
                found |= argument[0] <= ord(letter) <= argument[1]
            case sre.CATEGORY:
                found |= _CATEGORIES[argument](letter)
            case _:
                raise NotCounted(kind)
    return found != negated
