"""Small checks out of which the Block Kit rules are put together.

A check looks at one JSON value at one JSON pointer and yields what Slack would say about it, in
Slack's words (``must be less than 3001 characters [json-pointer:/blocks/0/text/text]``). How Slack
words schema errors: https://docs.slack.dev/reference/methods/blocks.validate

Pydantic models would take about as many lines, most of them to translate errors and locations into
Slack's form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Check: TypeAlias = Callable[[object, str], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Field:
    """One property of an object: how it is checked, and whether it must be there."""

    check: Check
    required: bool = False


def complaint(text: str, pointer: str) -> str:
    """One schema error in Slack's form."""
    return f"{text} [json-pointer:{pointer}]"


def string(least: int = 0, most: int | None = None) -> Check:
    """A string of ``least`` to ``most`` characters."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield complaint("must provide a string", pointer)
        elif len(value) < least:
            yield complaint(f"must be more than {least - 1} characters", pointer)
        elif most is not None and len(value) > most:
            yield complaint(f"must be less than {most + 1} characters", pointer)

    return check


def integer(least: int | None = None, most: int | None = None) -> Check:
    """A whole number between ``least`` and ``most``, both included."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield complaint("must provide an integer", pointer)
        elif least is not None and value < least:
            yield complaint(f"must be greater than or equal to {least}", pointer)
        elif most is not None and value > most:
            yield complaint(f"must be less than or equal to {most}", pointer)

    return check


def boolean(value: object, pointer: str) -> Iterator[str]:
    """True or false, nothing that merely looks like it."""
    if not isinstance(value, bool):
        yield complaint("must provide a boolean", pointer)


def anything(value: object, pointer: str) -> Iterator[str]:  # noqa: ARG001 - the shape of a Check
    """Any value; another rule checks it."""
    yield from ()


def one_of(*allowed: str) -> Check:
    """One of the words of an enumeration."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield complaint("must be a valid enum value", pointer)

    return check


def url(most: int = 3000) -> Check:
    """An absolute http or https address, as Slack asks for in images and link buttons."""
    length = string(1, most)

    def check(value: object, pointer: str) -> Iterator[str]:
        problems = list(length(value, pointer))
        yield from problems
        if not problems and not str(value).startswith(("http://", "https://")):
            yield complaint("invalid url", pointer)

    return check


def array(of: Check, least: int = 0, most: int | None = None) -> Check:
    """A list of ``least`` to ``most`` items that each pass ``of``."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield complaint("must provide an array", pointer)
            return
        if len(value) < least:
            yield complaint(f"must provide at least {least} items", pointer)
        if most is not None and len(value) > most:
            yield complaint(f"no more than {most} items allowed", pointer)
        for index, item in enumerate(value):
            yield from of(item, f"{pointer}/{index}")

    return check


def record(
    fields: Mapping[str, Field], *rules: Callable[[dict[str, object], str], Iterator[str]]
) -> Check:
    """An object with these properties and no others; ``rules`` look at it as a whole."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield complaint("must provide an object", pointer)
            return
        for name, field in fields.items():
            if name in value:
                yield from field.check(value[name], f"{pointer}/{name}")
            elif field.required:
                yield complaint(f"missing required field: {name}", pointer)
        for name in value:
            if name not in fields:
                yield complaint(f"invalid additional property: {name}", pointer)
        for rule in rules:
            yield from rule(value, pointer)

    return check


def block(
    kind: str,
    fields: Mapping[str, Field],
    *rules: Callable[[dict[str, object], str], Iterator[str]],
) -> Check:
    """A block of this kind: its own properties, and the id that every block can have."""
    own = {"type": Field(one_of(kind), required=True), "block_id": Field(string(1, 255))}
    return record({**own, **fields}, *rules)


def tagged(by_type: Mapping[str, Check], allowed: Sequence[str] | None = None) -> Check:
    """An object whose ``type`` says which check is its own."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield complaint("must provide an object", pointer)
            return
        kind = value.get("type")
        if kind is None:
            yield complaint("missing required field: type", pointer)
        elif (
            not isinstance(kind, str)
            or kind not in by_type
            or (allowed is not None and kind not in allowed)
        ):
            yield complaint(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            yield from by_type[kind](value, pointer)

    return check


def unique(name: str, values: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Complain about every use of a value but its first; ``values`` are (value, pointer)."""
    seen: set[str] = set()
    for value, pointer in values:
        if value in seen:
            yield complaint(f"`{name}` must be unique: {value}", pointer)
        seen.add(value)
