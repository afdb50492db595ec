"""Fields of Slack's deliveries: null counts as absent; errors name fields of a wrong type."""

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]

_NOTHING: Payload = {}


class NotAsSlackSends(Exception):
    """A delivery that is signed, and still none that Slack sends. Its text repeats no value."""


def text(part: Payload, name: str) -> str:
    """A text that is always there. Raises NotAsSlackSends."""
    value = optional_text(part, name)
    if not value:
        raise NotAsSlackSends(f"{name} is missing")
    return value


def optional_text(part: Payload, name: str) -> str:
    """A text, or an empty one. Raises NotAsSlackSends for what is none."""
    value = part.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not _can_be_written(value):
        raise NotAsSlackSends(f"{name} is no text")
    return value


def inside(part: Payload, name: str) -> Payload:
    """The fields of a field, or none. Raises NotAsSlackSends for what has none."""
    value = part.get(name)
    if value is None:
        return _NOTHING
    if not isinstance(value, Mapping):
        raise NotAsSlackSends(f"{name} has no fields")
    return value


def first_of(part: Payload, name: str) -> Payload:
    """The fields of the first in a list, or none. Raises NotAsSlackSends for what is no list."""
    value = part.get(name)
    if not value and (value is None or isinstance(value, list)):
        return _NOTHING
    if not isinstance(value, list) or not isinstance(value[0], Mapping):
        raise NotAsSlackSends(f"{name} is no list of fields")
    return value[0]


def _can_be_written(text: str) -> bool:
    """JSON can name halves of a character, which nothing can store."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
