"""Fingerprints: whether two things are the same, without saying what they are."""

import hashlib
import hmac
from collections.abc import Iterable
from enum import Enum, auto

_KEY_LETTERS = 8
_VALUE_LETTERS = 16


class Comparison(Enum):
    """What a fingerprint says about a value."""

    SAME = auto()
    CHANGED = auto()
    CANNOT_TELL = auto()
    """It was made with another key, which is gone."""


class FingerprintKey:
    """Makes and compares keyed fingerprints of secrets: only hosts' workers have the key.

    A fingerprint names its key by eight hex digits, so that after a new key it reads “cannot be
    compared” and not “changed”. HMAC-SHA256 (RFC 2104).
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._id = fingerprint("fingerprint key", key)[:_KEY_LETTERS]

    def of(self, *parts: str) -> str:
        """The fingerprint of these parts."""
        digest = hmac.new(self._key, _framed(parts), hashlib.sha256).hexdigest()
        return f"{self._id}:{digest[:_VALUE_LETTERS]}"

    def compare(self, made: str | None, *parts: str) -> Comparison:
        """Whether a fingerprint that was made earlier is of these parts."""
        if made is None or made.partition(":")[0] != self._id:
            return Comparison.CANNOT_TELL
        is_same = hmac.compare_digest(made, self.of(*parts))
        return Comparison.SAME if is_same else Comparison.CHANGED


def fingerprint(*parts: str) -> str:
    """SHA-256 over the parts, 64 hex digits. Needs no key: for things that are public."""
    return hashlib.sha256(_framed(parts)).hexdigest()


def _framed(parts: Iterable[str]) -> bytes:
    """Each part with its length before it, so no two lists of parts read the same."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
