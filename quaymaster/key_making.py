"""Keys are made, rotated and revoked: private halves go to a file of their own, public ones to the
ring.

The private half is written first. If the program is killed in between, its next run finds that half
and continues with it, so nothing is made twice.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import ConfigurationError, UsageError
from quaymaster.key_files import PrivateFile, read_ring, write_ring
from quaymaster.key_programs import (
    ONE_WORKER,
    Program,
    current,
    expect_not_over,
    is_over,
    key_named,
    name_of,
    program_of,
    programs_of,
)
from quaymaster.key_ring import KeyRing, ProgramRole, PublicKey
from quaymaster.queues import host_of
from quaymaster.settings import FINGERPRINT_KEY
from quaymaster.signing_key import SigningKey
from quaymaster.spelling import did_you_mean, listed


@dataclass(slots=True)
class KeyMaker:
    """Works on one key ring and one file of private keys."""

    ring_path: Path
    private: PrivateFile
    now: datetime
    ring: KeyRing = field(init=False)

    def __post_init__(self) -> None:
        self.ring = read_ring(self.ring_path)

    def make(self, configuration: Configuration, *, one_worker: bool) -> tuple[str, ...]:
        """Make what is missing and leave what is there; the names of what was made.

        Raises ConfigurationError.
        """
        made: list[str] = []
        lines: list[tuple[str, str]] = []
        ring = self.ring
        for program in programs_of(configuration, one_worker=one_worker):
            if current(ring, program, self.now) is not None:
                continue
            if (wider := self._enrolled(program)) is not None:
                ring = ring.with_key(wider)
                made.append(f"{wider.id} for {listed(sorted(program.queues))}")
                continue
            key = self._obtained(program, lines)
            ring = ring.with_key(key.public(program.role, program.queues))
            made.append(program.name)
        if self._lacks_fingerprints():
            lines.append((FINGERPRINT_KEY.name, secrets.token_hex(32)))
        self._write(lines, ring)
        return tuple(made)

    def rotate(self, name_or_id: str, lasts: timedelta) -> tuple[PublicKey, PublicKey]:
        """Make the next key of a program, and write down when the one before ends; both.

        Raises UsageError and ConfigurationError.
        """
        old = key_named(self.ring, name_or_id, self.now)
        expect_not_over(old, self.now)
        ended = replace(old, ends_at=(self.now + lasts).replace(microsecond=0))
        return ended, self._succeeded(old, ended)

    def revoke(self, key_id: str) -> tuple[PublicKey, PublicKey]:
        """Record that a key was stolen, and make its successor; returns both. Can be repeated
        safely. Raises UsageError and ConfigurationError.
        """
        if key_id not in self.ring.keys:
            raise UsageError(
                f"There is no key {key_id!r} in the key ring.",
                why=f"There are {listed(self.ring.keys)}.",
                next_step=did_you_mean(key_id, list(self.ring.keys)),
            )
        old = self.ring.keys[key_id]
        revoked = replace(old, revoked_at=old.revoked_at or self.now.replace(microsecond=0))
        successor = self._successor(revoked)
        if successor is not None:
            self._write([], self.ring.with_key(revoked))
            return revoked, successor
        return revoked, self._succeeded(old, revoked)

    def private_of(self, key: PublicKey, key_given: SigningKey | None) -> SigningKey:
        """The private half of a key: from the environment, or else from the file.

        Raises ConfigurationError.
        """
        candidates = [
            *([key_given] if key_given else []),
            *(one for _, one in self.private.signing_keys()),
        ]
        fitting = (one for one in candidates if one.public(key.role).public == key.public)
        private = next(fitting, None)
        if private is None:
            raise ConfigurationError(
                f"The private key {key.id} is neither in QUAYMASTER_SIGNING_KEY nor in "
                f"{self.private.path}.",
                next_step="Set QUAYMASTER_SIGNING_KEY to it and run this again: it signs again "
                "what the revoked key signed.",
            )
        return private

    def new_fingerprint_key(self) -> None:
        """Another key of fingerprints. Raises ConfigurationError."""
        self.private.add([(FINGERPRINT_KEY.name, secrets.token_hex(32))])

    def _succeeded(self, old: PublicKey, ended: PublicKey) -> PublicKey:
        lines: list[tuple[str, str]] = []
        new = self._obtained(program_of(old), lines).public(old.role, old.queues)
        self._write(lines, self.ring.with_key(ended).with_key(new))
        return new

    def _successor(self, old: PublicKey) -> PublicKey | None:
        others = KeyRing({name: key for name, key in self.ring.keys.items() if name != old.id})
        return current(others, program_of(old), self.now)

    def _obtained(self, program: Program, lines: list[tuple[str, str]]) -> SigningKey:
        """A key that is in the file and in no ring yet, or else a new one."""
        for variable, key in self.private.signing_keys():
            if variable == program.variable and key.id not in self.ring.keys:
                return key
        key = SigningKey.new(program.name)
        lines.append((program.variable, key.as_text()))
        return key

    def _enrolled(self, program: Program) -> PublicKey | None:
        """The key of the one worker, enrolled for hosts that are new, too."""
        if program.name != ONE_WORKER:
            return None
        for key in self.ring.keys.values():
            is_it = name_of(key) == ONE_WORKER and key.role is ProgramRole.WORKER
            if is_it and not is_over(key, self.now):
                return replace(key, queues=key.queues | program.queues)
        return None

    def _lacks_fingerprints(self) -> bool:
        """One that is anywhere already must not be replaced: every secret would read as unknown."""
        hosts = any(host_of(queue) for key in self.ring.keys.values() for queue in key.queues)
        return not hosts and FINGERPRINT_KEY.name not in dict(self.private.values())

    def _write(self, lines: list[tuple[str, str]], ring: KeyRing) -> None:
        self.private.add(lines)
        if ring != self.ring:
            write_ring(self.ring_path, ring)
            self.ring = ring
