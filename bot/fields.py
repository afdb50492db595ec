"""Fields of Slack's deliveries: null counts as absent; errors name fields of a wrong type."""

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]

_NOTHING: Payload = {}


class NotAsSlackSends(Exception):
    """A delivery that is signed, and still none that Slack sends. Its text repeats no value."""


def text(part: Payload, name: str) -> str:
    """A text that is always there. Raises NotAsSlackSends."""
    found = optional_text(part, name)
    if not found:
        raise NotAsSlackSends(f"{name} is missing")
    return found


def optional_text(part: Payload, name: str) -> str:
    """A text, or an empty one. Raises NotAsSlackSends for what is none."""
    found = part.get(name)
    if found is None:
        return ""
    if not isinstance(found, str) or not _can_be_written(found):
        raise NotAsSlackSends(f"{name} is no text")
    return found


def inside(part: Payload, name: str) -> Payload:
    """The fields of a field, or none. Raises NotAsSlackSends for what has none."""
    found = part.get(name)
    if found is None:
        return _NOTHING
    if not isinstance(found, Mapping):
        raise NotAsSlackSends(f"{name} has no fields")
    return found


def first_of(part: Payload, name: str) -> Payload:
    """The fields of the first in a list, or none. Raises NotAsSlackSends for what is no list."""
    found = part.get(name)
    if not found and (found is None or isinstance(found, list)):
        return _NOTHING
    if not isinstance(found, list) or not isinstance(found[0], Mapping):
        raise NotAsSlackSends(f"{name} is no list of fields")
    return found[0]


def _can_be_written(found: str) -> bool:
    """JSON can name halves of a character, which nothing can store."""
    if found.isascii():
        return True
    try:
        found.encode()
    except UnicodeEncodeError:
        return False
    return True
