"""The worst text that could come from outside, put into every text of a value at once.

Cheaper than a strategy for each of some sixty types, and worse: every list is long and every text
hostile at the same time.
"""

import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import cycle, islice
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from quaymaster.image_ref import Digest, ImageRef, Repository
from quaymaster.plans import Change, Plan
from quaymaster.signed import Signed

Value = TypeVar("Value")

NASTY = (
    "",
    " ",
    "<!channel>",
    "<!here|here> <!everyone> <!subteam^S123|team>",
    "@here @channel @everyone @U024BE7LH",
    "<@U0EVIL> <#C0EVIL> <https://evil.example|click>",
    "&lt;!channel&gt; &amp;lt;!channel&amp;gt;",
    "*bold* _italic_ ~strike~ `code` ```block``` > quote",
    "a`b`` ``` `/image help` `/image",
    "line one\nline two\r\n\tline three\x0b\x0c\x85\u2028\u2029",
    "\x00\x07\x1b[31mred\x1b[0m\x9b31m",
    "\u202egnp.exe\u2066\u200f\u061c\ufeff",
    "\ud800 lone surrogate",
    "👩‍👩‍👧‍👦🏳️‍🌈 e\u0301" + "\u0301" * 30,
    "שלום مرحبا",
    ":tada: :+1:",
    "A" * 5_000,
    "&" * 5_000,
    "<!channel>" * 500,
    "`*_~" * 1_250,
    "word " * 1_000,
    "\n" * 5_000,
    "💥" * 5_000,
    '"}],"blocks":[',
    "{date}|^",
)
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=60))

_LONG = Repository("registry.of-somebody-else.example.com:5000", "/".join(["a" * 60] * 3))
_KEPT = frozenset({"channel", "thread", "counts"})
"""Ids that Slack gave, and counts by severity, of which there are at most five."""

_NEVER_LONG = frozenset({"alerts", "changes"})
"""One for each of at most two channels, or of the services of a plan."""


def poisoned(value: Value, words: tuple[str, ...], rows: int) -> Value:
    """The value with every free text replaced and every list that holds something ``rows`` long."""
    return _Poison(words, rows).taken(value)


class _Poison:
    def __init__(self, words: tuple[str, ...], rows: int) -> None:
        self._words: Iterator[str] = cycle(words)
        self._rows = rows

    def taken(self, value: Value) -> Value:
        """Any dataclass; what is no text and holds none stays."""
        if isinstance(value, Signed):
            return replace(value, value=self.taken(value.value))
        if isinstance(value, ImageRef):
            return replace(value, repository=_LONG, tag="T" * 128 if value.tag else None)
        if isinstance(value, Repository):
            return replace(value, registry=_LONG.registry, path=_LONG.path)
        if isinstance(value, Digest) or not is_dataclass(value):
            return value
        changed = {
            name: self._field(hint, getattr(value, name), name not in _NEVER_LONG)
            for name, hint in _hints(value.__class__).items()
            if name not in _KEPT
        }
        if isinstance(value, Plan):
            changed["changes"] = tuple(self._changes(value.changes))
        return replace(value, **changed)  # type: ignore[type-var]

    def _changes(self, changes: tuple[Change, ...]) -> Iterator[Change]:
        """As many, of services that differ, in one environment: others are no plan."""
        for number, change in enumerate(changes):
            name = f"{next(self._words)}{number}"
            yield replace(self.taken(change), environment="production", service=name)

    def _field(self, hint: Any, old: Any, is_repeated: bool = True) -> Any:
        if old is None:
            return None
        choices = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
        if str in choices:
            return next(self._words)
        if isinstance(old, tuple):
            return self._row(choices, old, self._rows if old and is_repeated else len(old))
        return self.taken(old)

    def _row(self, choices: tuple[Any, ...], old: tuple[Any, ...], rows: int) -> tuple[Any, ...]:
        inner = next(get_args(one)[0] for one in choices if get_origin(one) is tuple)
        repeated = islice(cycle(old), rows)
        if get_origin(inner) is tuple:
            return tuple(tuple(next(self._words) for _ in row) for row in repeated)
        return tuple(self._field(inner, item) for item in repeated)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The fields that can be given, with their types as objects."""
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind) if one.init}
