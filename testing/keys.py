"""Keys for tests: one of each role, the same in every process of a run."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from quaymaster.fingerprints import FingerprintKey
from quaymaster.key_ring import KeyRing, ProgramRole
from quaymaster.signing_key import Keys, SigningKey

QUEUES = frozenset({"registry", "scan", "host:build1", "host:app1"})
FINGERPRINT_TEXT = "made-up-key-of-fingerprints-in-tests"
FINGERPRINTS = FingerprintKey(FINGERPRINT_TEXT)


def _key(name: str, letter: bytes) -> SigningKey:
    return SigningKey(name, Ed25519PrivateKey.from_private_bytes(letter * 32))


BOT_KEY = _key("bot-1", b"b")
WORKER_KEY = _key("worker-1", b"w")
SCANNER_KEY = _key("scanner-1", b"s")
OTHER_WORKER_KEY = _key("other-worker-1", b"o")
"""Of the host db1 alone."""
STRANGER_KEY = _key("bot-1", b"x")
"""Of somebody who calls it as the bot's is called, and is not in the ring."""
RING = KeyRing(
    {
        key.id: key
        for key in (
            BOT_KEY.public(ProgramRole.BOT),
            WORKER_KEY.public(ProgramRole.WORKER, QUEUES),
            SCANNER_KEY.public(ProgramRole.SCANNER),
            OTHER_WORKER_KEY.public(ProgramRole.WORKER, frozenset({"host:db1"})),
        )
    }
)
BOT = Keys(BOT_KEY, RING)
WORKER = Keys(WORKER_KEY, RING)
SCANNER = Keys(SCANNER_KEY, RING)


@cache
def ring_text() -> str:
    """The key ring as a file."""
    return RING.as_yaml()
