"""How each stored type is written and read: its version, and how an older one is lifted.

A type that changes gets the next version and a function that lifts the one before: see
``tests/stored/``. What a later program wrote is left alone: it reads ``WrittenByNewer``.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from quaymaster.errors import Forged, UsageError
from quaymaster.key_ring import KeyRing, Role
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.store.envelopes import Claimed, Opened, Place, enclosed, opened

T = TypeVar("T")

Upgrade = Callable[[Any], Any]
"""From the JSON of one version to that of the next."""


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """One stored type."""

    kind: str
    adapter: TypeAdapter[T]
    signers: frozenset[Role]
    """The roles whose signature counts for it."""
    version: int = 1
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)
    """By the version that they lift to the next."""

    def signed(self, value: T, place: tuple[str, ...], key: SigningKey) -> Signed[T]:
        """The value as it is stored at a place, signed now."""
        body = self.adapter.dump_json(value).decode()
        where = Place(self.kind, place)
        text = enclosed(body, self.version, where, key, datetime.now(UTC))
        return Signed(value, text, key.id)

    def read(
        self, text: str | bytes, place: tuple[str, ...], ring: KeyRing, *, in_audit: bool = False
    ) -> Signed[T]:
        """What stands there. Raises Forged with the reason, or WrittenByNewer."""
        where = Place(self.kind, place)
        written = text.decode(errors="replace") if isinstance(text, bytes) else text
        found = opened(written, where, self.version, ring, self.signers, in_audit=in_audit)
        return Signed(self.lifted(found, where), written, found.key.id)

    def lifted(self, found: Opened | Claimed, place: Place) -> T:
        """What a body of any version says, as of today. Raises Forged for one that says nothing."""
        try:
            if found.version == self.version:
                return self.adapter.validate_json(found.body)
            data = json.loads(found.body)
            for version in range(found.version, self.version):
                data = self.upgrades[version](data)
            return self.adapter.validate_json(json.dumps(data))
        except (ValueError, KeyError, TypeError, UsageError) as error:
            raise Forged(
                f"The {place} is signed, and cannot be read.",
                why=f"It is of version {found.version}, and does not look like one.",
                next_step="Tell your Quaymaster administrator: this is a fault of Quaymaster.",
            ) from error
