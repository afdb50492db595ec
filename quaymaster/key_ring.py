"""The key ring: everybody's public keys, and what each of them may sign.

It is one small file beside ``quaymaster.yml``, the same for every program, and holds no secret.
Keys are Ed25519 (RFC 8032).
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from quaymaster.errors import ConfigurationError, Forged
from quaymaster.given_files import way_out

PUBLIC_PREFIX = "ed25519:"
PRIVATE_PREFIX = "ed25519-private:"
CLOCK_SKEW = timedelta(minutes=5)
"""So far apart the clocks of two machines may be."""
_PUBLIC_BYTES = 32
_LARGEST_FILE = 1024 * 1024


class ProgramRole(StrEnum):
    """What a program is, and with it what its signature counts for."""

    BOT = "bot"
    """Signs requests, votes, and the moves that people decide."""
    WORKER = "worker"
    """Signs what it examined, planned, released and moved, in the queues of its key."""
    SCANNER = "scanner"
    """Signs reports, and nothing else."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key of the ring."""

    id: str
    role: ProgramRole
    public: bytes = field(repr=False)
    """32 bytes."""
    queues: frozenset[str] = frozenset()
    """For a worker: the queues whose work it may sign."""
    ends_at: datetime | None = None
    """What it signs later does not count; what it signed before does, for ever."""
    revoked_at: datetime | None = None
    """It was stolen: outside the audit, its signatures no longer count."""

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the holder of the private key signed exactly this."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def may_work_in(self, queue: str) -> bool:
        """Whether it is enrolled for a queue."""
        return self.role is ProgramRole.WORKER and queue in self.queues

    def has_ended(self, at: datetime) -> bool:
        """Whether it signs nothing any more at this time."""
        return self.revoked_at is not None or (self.ends_at is not None and at > self.ends_at)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All public keys by their ids."""

    keys: Mapping[str, PublicKey]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file. Raises ConfigurationError with what is wrong with it."""
        try:
            if path.stat().st_size > _LARGEST_FILE:
                raise ConfigurationError(f"{path} is too large for a key ring.")
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{path} is not text in UTF-8.") from error
        except OSError as error:
            raise ConfigurationError(
                f"The key ring {path} cannot be read: {error.strerror or error}.",
                next_step=way_out(
                    error,
                    path,
                    "Make keys with `quaymaster keys new`, and give every program the file.",
                ),
            ) from error
        return cls.parse(text, path.name)

    @classmethod
    def parse(cls, text: str, name: str = "quaymaster.keys.yml") -> Self:
        """Read the text of a file. Raises ConfigurationError with what is wrong with it."""
        if PRIVATE_PREFIX in text:
            raise ConfigurationError(
                f"{name} holds a private key; only public keys belong in it.",
                why="Every program reads this file, so that key is no longer secret.",
                next_step="Take it out, revoke it with `quaymaster keys revoke ID` and make a new "
                "one.",
            )
        try:
            file = _File.model_validate(YAML(typ="safe", pure=True).load(text))
        except YAMLError as error:
            raise ConfigurationError(f"{name} is not valid YAML.") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(step) for step in first["loc"]) or "the file"
            raise ConfigurationError(
                f"{name}: {place}: {first['msg']}.",
                next_step="`quaymaster keys new` writes this file.",
            ) from None
        return cls({key_id: entry.as_key(key_id, name) for key_id, entry in file.keys.items()})

    def key(self, key_id: str) -> PublicKey:
        """A key by its id. Raises Forged for one that is not in the ring."""
        value = self.keys.get(key_id)
        if value is None:
            raise Forged(
                f"It is signed with the key {key_id[:40]!r}, which is not in the key ring.",
                why="It was written by something else, or this program has an older key ring.",
                next_step="Give every program the same key ring and restart it.",
            )
        return value

    def with_key(self, key: PublicKey) -> Self:
        """The ring with one more key, or with another version of one."""
        return type(self)({**self.keys, key.id: key})

    def as_yaml(self) -> str:
        """The file."""
        return _HEADER + "".join(_entry(key) for key in self.keys.values())


_HEADER = """\
# Quaymaster's key ring: everybody's public keys. It is not secret; give every program the same.
# Written by `quaymaster keys new`; `keys rotate` and `keys revoke` change it.
keys:
"""


def _entry(key: PublicKey) -> str:
    lines = [f"  {key.id}:", f"    role: {key.role}"]
    if key.queues:
        lines.append(f"    queues: [{', '.join(f'{one!r}' for one in sorted(key.queues))}]")
    lines.append(f"    public: {PUBLIC_PREFIX}{base64.b64encode(key.public).decode()}")
    for name, at in (("ends_at", key.ends_at), ("revoked_at", key.revoked_at)):
        if at is not None:
            lines.append(f"    {name}: {at.isoformat()}")
    return "\n".join(lines) + "\n"


_Text = Annotated[str, StringConstraints(max_length=200)]
_Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    role: ProgramRole
    public: _Text
    queues: tuple[_Text, ...] = ()
    ends_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None

    def as_key(self, key_id: str, name: str) -> PublicKey:
        return PublicKey(
            key_id,
            self.role,
            _public_bytes(self.public, key_id, name),
            frozenset(self.queues),
            self.ends_at,
            self.revoked_at,
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: Mapping[_Id, _Entry]


def _public_bytes(text: str, key_id: str, name: str) -> bytes:
    try:
        content = base64.b64decode(text.removeprefix(PUBLIC_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not text.startswith(PUBLIC_PREFIX) or len(content) != _PUBLIC_BYTES:
        raise ConfigurationError(
            f"{name}: keys.{key_id}.public is not a public key.",
            why=f"It is written as {PUBLIC_PREFIX} and 32 bytes in base64.",
            next_step="Copy the line as `quaymaster keys new` wrote it.",
        )
    return content
