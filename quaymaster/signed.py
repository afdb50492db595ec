"""Something that was stored with a signature: what it says, and the text that was signed."""

import hashlib
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Signed(Generic[T]):
    """A value together with the text that it was read from or will be stored as.

    Whoever refers to it (a vote to its plan, a record to its parts) names the digest of the text,
    so a later version that reads the text into more fields refers to the same thing.
    """

    value: T
    text: str = field(repr=False)
    """The envelope as it is stored."""
    key: str = field(compare=False)
    """The id of the key that signed it."""

    @property
    def digest(self) -> str:
        """SHA-256 of the stored text, 64 hex digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()
