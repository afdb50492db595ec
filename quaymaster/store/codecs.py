"""How each stored type is written and read: its version, and how an older one is upgraded.

A changed type gets the next version and a function that upgrades the previous one: see
``tests/stored/``. Text from a later program stays untouched; reading it raises ``WrittenByNewer``.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from quaymaster.errors import Forged, UsageError
from quaymaster.key_ring import KeyRing, ProgramRole
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.store.envelopes import Claimed, Opened, StorageKey, enclosed, opened

T = TypeVar("T")

Upgrade = Callable[[Any], Any]
"""From the JSON of one version to the JSON of the next."""


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """One stored type."""

    kind: str
    adapter: TypeAdapter[T]
    signers: frozenset[ProgramRole]
    """The roles whose signature is accepted."""
    version: int = 1
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)
    """By the version that each upgrades to the next."""

    def signed(self, value: T, place: tuple[str, ...], key: SigningKey) -> Signed[T]:
        """The value in its stored form for this place, signed now."""
        body = self.adapter.dump_json(value).decode()
        where = StorageKey(self.kind, place)
        text = enclosed(body, self.version, where, key, datetime.now(UTC))
        return Signed(value, text, key.id)

    def read(
        self, text: str | bytes, place: tuple[str, ...], ring: KeyRing, *, in_audit: bool = False
    ) -> Signed[T]:
        """The value stored at a place. Raises Forged with the reason, or WrittenByNewer."""
        where = StorageKey(self.kind, place)
        written = text.decode(errors="replace") if isinstance(text, bytes) else text
        envelope = opened(written, where, self.version, ring, self.signers, in_audit=in_audit)
        return Signed(self.lifted(envelope, where), written, envelope.key.id)

    def lifted(self, envelope: Opened | Claimed, place: StorageKey) -> T:
        """A body of any version as today's type. Raises Forged if it cannot be read."""
        try:
            if envelope.version == self.version:
                return self.adapter.validate_json(envelope.body)
            data = json.loads(envelope.body)
            for version in range(envelope.version, self.version):
                data = self.upgrades[version](data)
            return self.adapter.validate_json(json.dumps(data))
        except (ValueError, KeyError, TypeError, UsageError) as error:
            raise Forged(
                f"The {place} is signed, and cannot be read.",
                why=f"It is of version {envelope.version}, and does not look like one.",
                next_step="Tell your Quaymaster administrator: this is a bug in Quaymaster.",
            ) from error
