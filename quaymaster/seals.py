"""Seals: who can write to Redis cannot write a vote, a plan, a verdict or an audit entry.

A seal is an HMAC-SHA256 (RFC 2104) with ``QUAYMASTER_SECRET_KEY`` over a purpose and the parts
that it covers. Each part is written with its length before it, so no two lists of parts read
the same.
"""

import hashlib
import hmac
from collections.abc import Iterable

from quaymaster.errors import Forged


class Sealer:
    """Makes and checks seals with one secret key, which it never prints."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def seal(self, purpose: str, *parts: str) -> str:
        """The seal of these parts, 64 hex digits. The purpose keeps kinds of seals apart."""
        return hmac.new(self._key, _framed((purpose, *parts)), hashlib.sha256).hexdigest()

    def check(self, seal: str, purpose: str, *parts: str) -> None:
        """Raise Forged unless the seal was made for exactly this."""
        if not hmac.compare_digest(seal, self.seal(purpose, *parts)):
            raise Forged(
                f"The {purpose} does not carry a valid seal, so it is not acted upon.",
                why="It was changed or written by something other than Quaymaster, "
                "or the bot and the worker have different QUAYMASTER_SECRET_KEYs.",
                next_step="Tell whoever runs Quaymaster; `quaymaster audit verify` shows more.",
            )


def fingerprint(*parts: str) -> str:
    """SHA-256 over the framed parts, 64 hex digits. Needs no key: for things that are public."""
    return hashlib.sha256(_framed(parts)).hexdigest()


def _framed(parts: Iterable[str]) -> bytes:
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
