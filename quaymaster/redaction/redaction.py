"""Secrets are taken out of text from outside: by value where they are known, else by shape."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from quaymaster.redaction.decoded_text import decoded
from quaymaster.redaction.known_values import KnownValues, written
from quaymaster.redaction.secret_names import is_secret_name
from quaymaster.redaction.secret_shapes import Span, shapes

MARK = "•••"
"""The replacement for a secret."""

LONGEST_TEXT = 256 * 1024
"""The characters of a text that are searched; the rest is not shown either."""

MARGIN = 16 * 1024
"""Characters next to a cut that are searched but not shown, because a secret may cross the cut.
More where a known value is longer."""

_BETWEEN_WORDS = "\x1f"

_MORE_LOOKS = 3
"""A mark in the place of a quote or a word can show what stood behind it to be a value."""
_NOTHING_KNOWN = KnownValues(frozenset())


def redact(text: str, secrets: Iterable[str] = (), *, limit: int | None = None) -> str:
    """The text without the given secrets and without what looks like one.

    A value is also found in the spellings in which it travels (percent-encoded, JSON, HTML, shell,
    hexadecimal, base64), and so are its lines and the secrets inside of it. Values under four
    characters are left alone. Of a text that is too long only the beginning is kept. Cut to
    ``limit`` characters afterwards, so that a cut never hides half of a secret from the search.
    """
    values = _known(frozenset(secrets))
    window = written(text[:LONGEST_TEXT])
    shown = len(window) if len(text) <= LONGEST_TEXT else LONGEST_TEXT - _margin(values)
    safe = _without(window, _found(window, values), 0, shown)
    return _cut(safe if shown == len(text) else f"{safe}…", limit)


def redact_words(words: Sequence[str], secrets: Iterable[str] = ()) -> tuple[str, ...]:
    """The same for the words of a command: an option says what the next word is."""
    return tuple(redact(_BETWEEN_WORDS.join(words), secrets).split(_BETWEEN_WORDS)) if words else ()


def redacted_tail(
    text: str, secrets: Iterable[str], lines: int, *, is_cut: bool = False
) -> tuple[str, ...]:
    """The last lines of a log, cut out of the redacted text, which should be longer than they are.

    Where the text ``is_cut`` at its beginning, in the middle of a line, or is too long, what the
    cut went through is not shown.
    """
    values = _known(frozenset(secrets))
    window = written(text[-LONGEST_TEXT:])
    is_cut = is_cut or len(text) > LONGEST_TEXT
    first = _after_the_cut(window, _margin(values)) if is_cut else 0
    safe = _without(window, _found(window, values), first, len(window))
    return tuple(safe.splitlines()[-lines:])


def looks_secret(name: str, value: str) -> bool:
    """Whether a setting (``DB_PASSWORD``, a URL with credentials) should not be shown."""
    return bool(value) and (is_secret_name(name) or redact(value) != value)


@lru_cache(maxsize=32)
def _known(secrets: frozenset[str]) -> KnownValues:
    return KnownValues(secrets)


def _margin(values: KnownValues) -> int:
    return min(max(MARGIN, 8 * values.longest), LONGEST_TEXT // 2)


def _after_the_cut(window: str, margin: int) -> int:
    """Where a whole line begins again, or at least a whole word; else behind everything."""
    edge = re.compile(r"\n").search(window, margin) or re.compile(r"\s").search(window, margin)
    return edge.end() if edge else len(window)


def _found(text: str, values: KnownValues) -> Iterator[Span]:
    """Finds in order; those that overlap or touch are joined, so that no rest remains between."""
    start, stop = 0, -1
    for first, past in sorted((*values.spans(text), *_looks_like(text))):
        if first > stop:
            if stop > start:
                yield start, stop
            start, stop = first, past
        stop = max(stop, past)
    if stop > start:
        yield start, stop


def _looks_like(text: str) -> Iterator[Span]:
    """What looks like a secret, either as written or as a reader sees it: decoded and without
    colours.
    """
    yield from shapes(text)
    if (meant := decoded(text)) is not None:
        yield from (meant.place(span) for span in shapes(meant.text) if span[0] < span[1])


def _without(text: str, finds: Iterable[Span], first: int, past: int) -> str:
    """The part of the text from ``first`` to ``past``; a find that goes over an edge goes whole."""
    safe = _marked(text, finds, first, past)
    for _ in range(_MORE_LOOKS):
        if MARK not in safe:
            break
        again = _marked(safe, _found(safe, _NOTHING_KNOWN), 0, len(safe))
        if again == safe:
            break
        safe = again
    return safe


def _marked(text: str, finds: Iterable[Span], first: int, past: int) -> str:
    pieces: list[str] = []
    end = first
    for start, stop in finds:
        if stop <= first or start >= past:
            continue
        pieces += (text[end : max(start, end)], MARK)
        end = stop
    return "".join((*pieces, text[end:past]))


def _cut(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    return f"{text[: limit - 1]}…"
