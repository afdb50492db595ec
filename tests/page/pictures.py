"""Pictures made here: a plain PNG of any size, https://www.w3.org/TR/png-3/"""

from __future__ import annotations

import struct
import zlib

_BLUE = bytes((11, 110, 138))


def picture(width: int = 64, height: int = 64) -> bytes:
    """A blue one."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + _BLUE * width) * height)
    parts = (_chunk(b"IHDR", head), _chunk(b"IDAT", rows), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
