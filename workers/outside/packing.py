"""Answers that come compressed without being asked for: proxies before registries do that.

https://www.rfc-editor.org/rfc/rfc9110#field.content-encoding
"""

import zlib
from collections.abc import Mapping

from quaymaster.limits import ERROR_BYTES
from workers.outside.exchange import ExchangeTooLarge

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_BARE = -zlib.MAX_WBITS
_MOST_TIMES = 3
"""So often an answer may be packed one over the other."""
_AS_IT_IS = frozenset(
    {
        *("", "identity"),
        # About how something was once sent to the storage, which keeps the header.
        "aws-chunked",
        # No encodings, and sent by servers that mean that it is not packed.
        *("none", "binary", "7bit", "8bit", "utf-8", "utf8"),
    }
)
_MEMBERS = 64
"""Of one answer: each costs a copy of what follows it."""


class NotPackedSo(Exception):
    """It is packed in a way that is not known here."""


class Unpacking:
    """Takes gzip or deflate apart, never to more than ``most`` bytes."""

    def __init__(self, most: int, wbits: int = _GZIP) -> None:
        self._left = most
        self._wbits = wbits
        self._inflate = zlib.decompressobj(wbits)
        self._members = 1
        self.made = 0
        """Bytes that were unpacked so far."""

    def unpacked(self, chunk: bytes) -> bytes:
        """What follows from one more chunk. Raises TooMuch, and ValueError for what is damaged.

        Gzip may have several members, one after the other: together they are the answer
        (https://www.rfc-editor.org/rfc/rfc1952#page-5).
        """
        whole = bytearray()
        while True:
            whole += self._inflated(chunk)
            chunk = self._inflate.unused_data
            if not chunk:
                return bytes(whole)
            if self._wbits != _GZIP or self._members == _MEMBERS:
                raise ValueError("something follows")
            self._members += 1
            self._inflate = zlib.decompressobj(self._wbits)

    def end(self) -> None:
        """The last chunk is through. Raises ValueError where something is missing."""
        if not self._inflate.eof:
            raise ValueError("cut short")

    def _inflated(self, chunk: bytes) -> bytes:
        try:
            # One byte more than allowed shows that there is more.
            content = self._inflate.decompress(chunk, self._left + 1)
        except zlib.error as error:
            raise ValueError("not packed") from error
        self.made += len(content)
        self._left -= len(content)
        if self._left < 0:
            raise ExchangeTooLarge
        return content


def packing_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """How an answer is packed, in the order in which that was done; nothing where it is not."""
    words = (word.strip().lower() for word in headers.get("content-encoding", "").split(","))
    return tuple(word for word in words if word not in _AS_IT_IS)


def unpacked(content: bytes, packing: tuple[str, ...], most: int) -> bytes:
    """What was packed. Raises TooMuch, ValueError for what is damaged, and NotPackedSo."""
    if len(packing) > _MOST_TIMES:
        raise NotPackedSo
    for left, way in reversed(tuple(enumerate(packing))):
        # What is packed still can be a little larger than what is in it.
        may = max(most, ERROR_BYTES) if left else most
        match way:
            case "gzip" | "x-gzip":
                content = _unpacked(content, _GZIP, may)
            case "deflate":
                content = _undeflated(content, may)
            case _:
                raise NotPackedSo
    return content


def _undeflated(content: bytes, most: int) -> bytes:
    """The word is for zlib's format; some leave out its frame."""
    try:
        return _unpacked(content, _ZLIB, most)
    except ValueError:
        return _unpacked(content, _BARE, most)


def _unpacked(content: bytes, wbits: int, most: int) -> bytes:
    unpacking = Unpacking(most, wbits)
    content_unpacked = unpacking.unpacked(content)
    unpacking.end()
    return content_unpacked
