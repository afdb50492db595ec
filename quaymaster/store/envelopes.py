"""Envelopes: write access to Redis is not enough to write trusted text, or to move it elsewhere.

An envelope is one text: a line with the version of the content, the id of the key, the time and the
signature, then the body as JSON. The signature covers all of it, and also the kind of content and
its place: a record that was copied to another place is refused there.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from quaymaster.errors import Forged, WrittenByNewer
from quaymaster.key_ring import CLOCK_SKEW, KeyRing, ProgramRole, PublicKey
from quaymaster.signing_key import SigningKey

_SIGNATURE_BYTES = 64
_REMEMBERED = 8_192
_genuine: dict[bytes, None] = {}
"""Hashes of recently verified texts, oldest first."""


@dataclass(frozen=True, slots=True)
class StorageKey:
    """The kind of content, and its place: the environment, service, id and so on."""

    kind: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} of {'/'.join(self.parts)}"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What an envelope says about itself, unchecked."""

    version: int
    key: str
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The content of an envelope with a valid signature."""

    version: int
    key: PublicKey
    at: datetime
    body: str


def enclosed(body: str, version: int, place: StorageKey, key: SigningKey, now: datetime) -> str:
    """The envelope around a body, signed now."""
    at = int(now.timestamp())
    signature = key.sign(_message(place, version, key.id, at, body))
    return f"{_header(version, key.id, at, signature)}\n{body}"


def opened(
    text: str,
    place: StorageKey,
    newest: int,
    ring: KeyRing,
    roles: Iterable[ProgramRole],
    *,
    in_audit: bool,
) -> Opened:
    """The content, if one of these roles signed exactly this for this place.

    Raises Forged with the reason, and WrittenByNewer for a version above ``newest``: text from a
    later program is not forged. ``in_audit``: a chained event proves when it was signed, so a key
    that was revoked later is also accepted there.
    """
    version, key_id, at, signature, body = _parsed(text, place)
    key = _known(ring, key_id, place)
    # Audit entries are read once: remembering them would evict texts that are read every second.
    holds = PublicKey.verifies if in_audit else _holds
    if not holds(key, signature, _message(place, version, key_id, at, body)):
        raise _refused(
            place,
            "its signature does not fit",
            "It was changed, or copied from elsewhere, by something other than Quaymaster.",
        )
    moment = datetime.fromtimestamp(at, UTC)
    if key.role not in roles:
        raise _refused(place, f"it is signed by the {key.role}, which may not sign one")
    if key.ends_at is not None and moment > key.ends_at + CLOCK_SKEW:
        raise _refused(place, f"it was signed with {key.id} after that key had ended")
    if key.revoked_at is not None and not (in_audit and moment <= key.revoked_at):
        raise _refused(place, f"it is signed with {key.id}, a key that was revoked")
    if version > newest:
        raise WrittenByNewer(place.kind)
    return Opened(version, key, moment, body)


def body_of(text: str) -> str:
    """The body of an envelope, unchecked."""
    return text.partition("\n")[2]


def claimed(text: str, place: StorageKey) -> Claimed:
    """What an envelope says, unchecked. Raises Forged if the text is not an envelope."""
    try:
        version, key_id, at, _ = text.partition("\n")[0].split(" ")
        moment = datetime.fromtimestamp(int(at), UTC)
        return Claimed(int(version), key_id, moment, body_of(text))
    except (ValueError, OverflowError, OSError):
        raise _truncated(place) from None


def key_id_of(text: str) -> str:
    """The id of the key that an envelope names, unchecked."""
    _version, _, rest = text.partition("\n")[0].partition(" ")
    return rest.partition(" ")[0]


def _parsed(text: str, place: StorageKey) -> tuple[int, str, int, bytes, str]:
    header, line_break, body = text.partition("\n")
    fields = header.split(" ")
    try:
        version, key_id, at, spelled = fields
        signature = base64.b64decode(spelled.encode(), altchars=b"-_", validate=True)
        numbers = int(version), int(at)
        body.encode()
    except (ValueError, binascii.Error):
        raise _truncated(place) from None
    if not line_break or len(signature) != _SIGNATURE_BYTES or not 0 <= numbers[1] < 1 << 33:
        raise _truncated(place)
    if header != _header(numbers[0], key_id, numbers[1], signature):
        # Each content must have exactly one text, and therefore one digest.
        raise _truncated(place)
    return numbers[0], key_id, numbers[1], signature, body


def _header(version: int, key_id: str, at: int, signature: bytes) -> str:
    return f"{version} {key_id} {at} {_encoded(signature)}"


def _truncated(place: StorageKey) -> Forged:
    return _refused(
        place,
        "it cannot be read",
        "It is cut off, or something other than Quaymaster wrote it.",
    )


def _known(ring: KeyRing, key_id: str, place: StorageKey) -> PublicKey:
    try:
        return ring.key(key_id)
    except Forged as error:
        problem = error.problem
        raise Forged(
            f"The {place} is ignored. {problem.what}",
            why=problem.why,
            next_step=problem.next_step,
        ) from None


def _refused(place: StorageKey, reason: str, why: str = "") -> Forged:
    return Forged(
        f"The {place} is ignored: {reason}.",
        why=why,
        next_step="Tell your Quaymaster administrator; `quaymaster audit verify` shows more.",
    )


def _holds(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """A verified text is not verified again: open operations are read every second."""
    digest = hashlib.sha256(b"".join((key.public, signature, message))).digest()
    if digest in _genuine:
        return True
    if not key.verifies(signature, message):
        return False
    _genuine[digest] = None
    if len(_genuine) > _REMEMBERED:
        with suppress(KeyError, StopIteration, RuntimeError):  # another thread was faster
            del _genuine[next(iter(_genuine))]
    return True


def _message(place: StorageKey, version: int, key_id: str, at: int, body: str) -> bytes:
    """Each part is preceded by its length, so two lists of parts never give the same message."""
    parts = ("quaymaster", place.kind, str(version), key_id, str(at), *place.parts, body)
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)


def _encoded(signature: bytes) -> str:
    return base64.urlsafe_b64encode(signature).decode()
