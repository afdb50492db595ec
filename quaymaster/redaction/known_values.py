"""Values that are known to be secret are found in text, in every spelling in which they travel.

Two searches. One is for the values as they are. The other is for values and text that are both
*folded*: escapes of URLs, JSON, HTML and shells are undone, and quotes, backslashes, plus signs,
white space, and what nobody sees (a terminal's colours too) are left out. So one search finds a
value that was quoted once or several times, wrapped, or joined from its lines. Both search for all
values at once (Aho and Corasick's algorithm), so that their number costs no time.
"""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import normalize
from urllib.parse import quote, unquote

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick

from quaymaster.redaction.decoded_text import COLOURS, INVISIBLE, without_unseen
from quaymaster.redaction.secret_names import is_secret_name
from quaymaster.redaction.secret_shapes import Span, shapes

SHORTEST_VALUE = 4
"""A shorter value would be found inside ordinary words everywhere."""

_SHORTEST_APART = 8
"""Folded, a shorter value is not looked for across white space: 1234 is not meant by “12 34”."""

_SPACE = re.compile(r"\s", re.ASCII)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(
    rf"{COLOURS}"
    r"|(?P<pair>\\++u[dD][89abAB][0-9a-fA-F]{2}\\++u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\++(?:u|U00)(?P<code>(?<=u)[0-9a-fA-F]{4}|(?<=U00)(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})"
    r"|(?P<percent>%(?:25)++)(?![0-9a-fA-F]{2})"
    r"|(?:%(?:25)*+(?=[0-9a-fA-F]{2})|%|\\++x)(?P<byte>[0-9a-fA-F]{2})"
    r"|(?P<entity>&\#?\w{1,8};)"
    rf"|\\++(?P<letter>[nrtbfv])|[\s'\"+{INVISIBLE}]++|\\++",
    re.ASCII,
)
_LEFT_OUT = re.compile(rf"{COLOURS}|[\s'\"+\\{INVISIBLE}]++", re.ASCII)
_LEFT_OUT_BYTES = re.compile(rb"[\s'\"+\\\x00-\x08\x0e-\x1e\x7f]++")
_OF_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")


def written(text: str) -> str:
    """The text as it can be written to a file: with � where a program read what is no text."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _as_read(secret: str) -> Iterator[str]:
    """A value as text, also where the environment holds bytes that are none; an ``ä`` is one
    letter or two, as its author typed it.
    """
    text = written(secret)
    yield from (text, *(normalize(form, text) for form in ("NFC", "NFD")))
    yield secret.encode(errors="surrogateescape" if _is_from_bytes(secret) else "replace").decode(
        errors="replace"
    )


def _is_from_bytes(secret: str) -> bool:
    return all("\udc80" <= one <= "\udcff" for one in _LONE_SURROGATE.findall(secret))


@dataclass(frozen=True, slots=True)
class _Folded:
    """Folded text in UTF-8, and for each byte where it came from."""

    content: bytes
    starts: list[int]
    stops: list[int]


class KnownValues:
    """A set of values, prepared for searching. Preparing takes time, so it is done once for each
    set.
    """

    def __init__(self, secrets: frozenset[str]) -> None:
        values = {part for one in secrets for read in _as_read(one) for part in parts(read)}
        plain = {spelled for value in values for spelled in (value, *_explicit(value))}
        folded = {one for value in values for one in _folded_spellings(value)}
        encoded = {one for value in values for one in _in_base64(value)} - folded
        apart = {
            one for value in values if _SPACE.search(value) for one in _folded_spellings(value)
        }
        self._first_encoded = len(folded)
        self._is_whole = [
            len(one) < _SHORTEST_APART and one not in apart for one in (*folded, *encoded)
        ]
        self.longest = max(map(len, plain), default=0)
        self._plain = AhoCorasick(plain) if plain else None
        self._folded = BytesAhoCorasick((*folded, *encoded)) if folded or encoded else None

    def spans(self, text: str) -> Iterator[Span]:
        """The spans of the values in a text; they may overlap. The text has no lone surrogates.

        What nobody sees may stand inside an escape too, so that only without it the escape is one.
        """
        yield from self._as_written(text)
        if (seen := without_unseen(text)) is not None:
            yield from map(seen.place, self._as_written(seen.text))

    def _as_written(self, text: str) -> Iterator[Span]:
        if self._plain is not None:
            for _, start, stop in self._plain.find_matches_as_indexes(text, overlapping=True):
                yield start, stop
        if self._folded is not None:
            yield from self._in_folded(text)

    def _in_folded(self, text: str) -> Iterator[Span]:
        assert self._folded is not None
        folded = _folded(text)
        matches = self._folded.find_matches_as_indexes(folded.content, overlapping=True)
        end = 0
        for which, first, past in sorted(matches, key=lambda one: one[1]):
            start, stop = folded.starts[first], folded.stops[past - 1]
            if self._is_whole[which] and _SPACE.search(text, start, stop):
                continue
            if which >= self._first_encoded:
                start, end = _whole_word(text, start, stop, end)
                stop = end
            yield start, stop


def parts(secret: str) -> frozenset[str]:
    """The parts of a value that are secret on their own, and the value itself.

    Each of its lines; what looks like a secret inside of it, such as the password in an address or
    in a connection string; what has the name of a secret in a JSON object.
    """
    values = {secret, *secret.splitlines(), *_leaves(secret)}
    values |= {secret[start:stop] for start, stop in shapes(secret)}
    for one in tuple(values):
        _, colon, password = one.partition(":")
        if colon and f"://{one}@" in secret:
            values.add(password)
    # White space at the ends is no secret, and a mark in its place would join two lines.
    stripped = {one.strip().strip("\"'") for one in values} | {one.strip() for one in values}
    return frozenset(
        spelled
        for one in stripped
        for spelled in (one, unquote(one))
        if len(spelled.strip()) >= SHORTEST_VALUE
    )


def _leaves(secret: str) -> Iterator[str]:
    """The values of a JSON object that are named like secrets, such as a key in a file of keys."""
    if not secret.lstrip().startswith("{"):
        return
    try:
        pending = [("", json.loads(secret))]
    except (ValueError, RecursionError):
        return
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending += [(str(key), one) for key, one in value.items()]
        elif isinstance(value, list):
            pending += [(name, one) for one in value]
        elif isinstance(value, str) and is_secret_name(name):
            yield from (value, *value.splitlines())


def _explicit(value: str) -> Iterator[str]:
    """Spellings of a value of which too little is left when it is folded."""
    if len(_LEFT_OUT.sub("", value)) < SHORTEST_VALUE:
        yield from (quote(value, safe=""), html.escape(value), shlex.quote(value))
        yield json.dumps(value)[1:-1]
    for core in _cores(value):
        if b"+" in core and len(core) < 2 * SHORTEST_VALUE:
            yield core.decode()


def _folded_spellings(value: str) -> Iterator[bytes]:
    """The value may have been escaped, or have what looks like an escape in it."""
    as_hex = value.encode().hex()
    # Also as bytes: invisible characters may have been escaped byte by byte.
    as_bytes = _LEFT_OUT_BYTES.sub(b"", value.encode())
    for one in (_folded(value).content, _LEFT_OUT.sub("", value).encode(), as_bytes):
        if len(one) >= SHORTEST_VALUE:
            yield one
    yield from (as_hex.encode(), as_hex.upper().encode())


def _in_base64(value: str) -> Iterator[bytes]:
    for core in _cores(value):
        for one in (core.replace(b"+", b""), core.translate(bytes.maketrans(b"+/", b"-_"))):
            if len(one) >= SHORTEST_VALUE:
                yield one


def _cores(value: str) -> Iterator[bytes]:
    """The part of its base64 form that is the same wherever the value is in the encoded text."""
    content = value.encode()
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + content)
        yield encoded[(offset * 8 + 5) // 6 : (offset + len(content)) * 8 // 6]


def _folded(text: str) -> _Folded:
    pieces: list[bytes] = []
    starts: list[int] = []
    stops: list[int] = []

    def keep(content: bytes, start: int, stop: int) -> None:
        pieces.append(content)
        starts.extend([start] * len(content))
        stops.extend([stop] * len(content))

    def keep_plain(start: int, stop: int) -> None:
        run = text[start:stop]
        if run.isascii():
            pieces.append(run.encode())
            starts.extend(range(start, stop))
            stops.extend(range(start + 1, stop + 1))
            return
        for at, letter in enumerate(run, start):
            keep(letter.encode(), at, at + 1)

    end = 0
    for escape in _ESCAPE.finditer(text):
        keep_plain(end, escape.start())
        end = escape.end()
        keep(_LEFT_OUT_BYTES.sub(b"", _meaning(escape)), escape.start(), end)
    keep_plain(end, len(text))
    return _Folded(b"".join(pieces), starts, stops)


def _meaning(escape: re.Match[str]) -> bytes:
    """What an escape means; empty for what is left out."""
    match escape.lastgroup:
        case "byte":
            return bytes.fromhex(escape["byte"])
        case "percent":
            return b"%"
        case "code":
            letter = chr(int(escape["code"], 16))
            return _LEFT_OUT.sub("", letter).encode(errors="replace")
        case "pair":
            high, low = (int(one[1:], 16) for one in escape["pair"].split("\\") if one)
            return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).encode()
        case "letter" if escape["letter"] == "b":
            return b"\b"
        case "entity":
            letters = html.unescape(escape["entity"])
            return _LEFT_OUT.sub("", letters).encode(errors="replace")
        case _:
            return b""


def _whole_word(text: str, start: int, stop: int, floor: int) -> Span:
    """The whole of what is encoded: its beginning and its end hold bits of the value too."""
    while start > floor and text[start - 1] in _OF_BASE64:
        start -= 1
    stop = max(stop, floor)
    while stop < len(text) and text[stop] in _OF_BASE64:
        stop += 1
    return start, stop
