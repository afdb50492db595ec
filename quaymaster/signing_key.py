"""A program's own key, with which it signs what it stores, and the ring that it checks with."""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from quaymaster.errors import ConfigurationError
from quaymaster.key_ring import PRIVATE_PREFIX, KeyRing, ProgramRole, PublicKey

_SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, which never prints itself."""

    id: str
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def new(cls, name: str) -> Self:
        """A new key; its id is the name with random letters."""
        return cls(f"{name}-{secrets.token_hex(4)}", Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``as_text`` gave. Raises ConfigurationError, without repeating it."""
        key_id, _, seed = text.strip().removeprefix(PRIVATE_PREFIX).partition(":")
        try:
            seed_bytes = base64.b64decode(seed, validate=True)
        except (binascii.Error, ValueError):
            seed_bytes = b""
        if not text.strip().startswith(PRIVATE_PREFIX) or len(seed_bytes) != _SEED_BYTES:
            raise ConfigurationError(
                "QUAYMASTER_SIGNING_KEY is not a private key.",
                why=f"It is written as {PRIVATE_PREFIX}ID:BASE64.",
                next_step="`quaymaster keys new` writes one for each program.",
            )
        return cls(key_id, Ed25519PrivateKey.from_private_bytes(seed_bytes))

    def as_text(self) -> str:
        """The key as the environment holds it: a secret."""
        seed = base64.b64encode(self._private.private_bytes_raw()).decode()
        return f"{PRIVATE_PREFIX}{self.id}:{seed}"

    def public(self, role: ProgramRole, queues: frozenset[str] = frozenset()) -> PublicKey:
        """Its entry in the ring."""
        return PublicKey(self.id, role, self._private.public_key().public_bytes_raw(), queues)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._private.sign(message)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a program signs with and checks with."""

    private: SigningKey
    ring: KeyRing

    @classmethod
    def of(cls, private: SigningKey, ring: KeyRing, role: ProgramRole) -> Self:
        """Raises ConfigurationError for a key that cannot sign as this role."""
        value = ring.keys.get(private.id)
        if value is None:
            raise ConfigurationError(
                f"The key {private.id} is not in the key ring.",
                next_step="Give this program the ring that was written with its key.",
            )
        if value.public != private.public(role).public:
            raise ConfigurationError(
                f"The key {private.id} in the key ring is not the key of this program.",
                next_step="Give this program the key and the ring that were made together.",
            )
        if value.role is not role:
            raise ConfigurationError(
                f"{private.id} is a key of the {value.role}, and this is the {role}.",
                next_step=f"Set QUAYMASTER_SIGNING_KEY to the key of the {role}.",
            )
        if value.has_ended(datetime.now(UTC)):
            raise ConfigurationError(
                f"The key {private.id} can no longer sign.",
                why="The key ring says that it has ended or was revoked.",
                next_step="Give this program its new key; `quaymaster keys rotate` makes one.",
            )
        return cls(private, ring)

    @property
    def entry(self) -> PublicKey:
        """The entry of the private key in the ring."""
        return self.ring.keys[self.private.id]
