"""Ids of operations in lists: anything else that somebody put there is ignored."""

import re
from collections.abc import Iterable

_ID = re.compile(rb"0|[1-9][0-9]{0,14}")


def is_id(member: bytes) -> bool:
    """Whether this is an id in the form that Quaymaster writes."""
    return _ID.fullmatch(member) is not None


def ids_in(reply: Iterable[bytes]) -> tuple[int, ...]:
    """The members of a list that are ids, in their order."""
    return tuple(int(one) for one in reply if is_id(one))
