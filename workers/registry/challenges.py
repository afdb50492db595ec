"""WWW-Authenticate by its grammar: which logins a server offers, in whatever order and form.

https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1

    WWW-Authenticate := #challenge
    challenge        := scheme [ 1*SP ( token68 / #auth-param ) ]
    auth-param       := token BWS "=" BWS ( token / quoted-string )

A comma parts parameters as well as challenges, and elements of a list may be empty. What is no
challenge is passed over up to the next comma, so that one server's mistake does not hide what
another part of the header offers.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from quaymaster.limits import HEADER_CHARACTERS

_HEADERS = 16
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?P<quoted>(?:[^"\\]|\\.)*+)"'
_SCHEME = re.compile(_WORD)
_TOKEN68 = re.compile(r"(?P<token68>[A-Za-z0-9._~+/-]+=*)(?=[ \t]*(?:,|$))")
# Some servers forget the quotes around an address, or a comma.
_PARAMETER = re.compile(
    rf'(?P<name>{_WORD})[ \t]*=[ \t]*(?:{_QUOTED}|(?P<bare>[^\s",]+))', re.DOTALL
)
_BETWEEN = re.compile(r"[ \t,]*")
_BLANKS = re.compile(r"[ \t]*")
# What is quoted without an end takes the rest along.
_TO_THE_NEXT_COMMA = re.compile(r'(?:"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^,"])*+', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HttpChallenge:
    """One login that is offered."""

    scheme: str
    """In lower case."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case; the first value of a repeated one."""
    token68: str = ""


def challenges_in(headers: Iterable[str]) -> tuple[HttpChallenge, ...]:
    """Every challenge of the headers of an answer, in their order."""
    few = list(headers)[:_HEADERS]
    return tuple(one for header in few for one in _of_one(header[:HEADER_CHARACTERS]))


def _of_one(header: str) -> Iterator[HttpChallenge]:
    position = _BETWEEN.match(header).end()  # type: ignore[union-attr]  # it matches nothing too
    while position < len(header):
        match = _SCHEME.match(header, position)
        if match is None:
            position = _after_the_next_comma(header, position)
            continue
        scheme = match[0].lower()
        position = _skipped(_BLANKS, header, match.end())
        is_apart = position > match.end()
        if position < len(header) and header[position] != "," and not is_apart:
            position = _after_the_next_comma(header, position)
            continue
        token68 = _TOKEN68.match(header, position)
        if token68 is not None:
            yield HttpChallenge(scheme, {}, token68["token68"])
            position = _skipped(_BETWEEN, header, token68.end())
            continue
        parameters, after = _parameters(header, position)
        yield HttpChallenge(scheme, parameters)
        is_lost = after == position and position < len(header) and header[position] != ","
        position = _after_the_next_comma(header, after) if is_lost else after
        position = _skipped(_BETWEEN, header, position)


def _parameters(header: str, position: int) -> tuple[dict[str, str], int]:
    """Those from here on, and where they end: a word that no ``=`` follows is the next scheme."""
    read: dict[str, str] = {}
    # The list may begin with elements that are empty, and only a parameter has a "=".
    first = _skipped(_BETWEEN, header, position)
    if _PARAMETER.match(header, first) is not None:
        position = first
    while (match := _PARAMETER.match(header, position)) is not None:
        quoted = match["quoted"]
        value = match["bare"] if quoted is None else _ESCAPED.sub(r"\1", quoted)
        read.setdefault(match["name"].lower(), value)
        position = _skipped(_BETWEEN, header, match.end())
    return read, position


def _after_the_next_comma(header: str, position: int) -> int:
    return _skipped(_BETWEEN, header, _skipped(_TO_THE_NEXT_COMMA, header, position))


def _skipped(what: re.Pattern[str], header: str, position: int) -> int:
    match = what.match(header, position)
    return match.end() if match is not None else position
