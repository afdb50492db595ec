"""How fast the audit is checked, and how much room an event takes in it."""

import multiprocessing
import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import redis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench.bed import Bed
from bench.row import Row
from quaymaster.audit.auditor import chain_journal
from quaymaster.audit.whole import verify_whole
from quaymaster.journal import Event
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys
from quaymaster.store.formats import EVENT
from testing.keys import BOT_KEY, RING, WORKER, WORKER_KEY

_EVENTS = 100_000
_OF_ONE = (
    ("queued", BOT_KEY),
    ("running", WORKER_KEY),
    ("awaiting_approval", WORKER_KEY),
    ("queued", BOT_KEY),
    ("succeeded", WORKER_KEY),
)
"""What happens to one operation."""
_CHUNK = 1_000
_PEER = "bare Ed25519 checks of as many events on all cores"


def audit(bed: Bed) -> Iterable[Row]:
    """The whole audit through the product's own check, and signatures alone, in the same run."""
    with bed.valkey() as valkey, closing(valkey.client()) as connection:
        _fill(connection)
        rounds = [(_seconds_of_verify(connection), _seconds_of_bare_checks()) for _ in range(2)]
        ours, bare = (min(times) for times in zip(*rounds, strict=True))
        used = connection.memory_usage(keys.AUDIT, samples=0)
        yield Row(f"audit verify of {_EVENTS:,} events", ours / bare, "x", _PEER, 1.5)
        yield Row("the same in seconds", ours, "s")
        yield Row("bytes of Redis for an event in the audit", int(used or 0) / _EVENTS, "bytes")


def _fill(connection: redis.Redis) -> None:
    """Journalled and chained as the product does it."""
    for first in range(0, _EVENTS, _CHUNK):
        connection.rpush(keys.JOURNAL, *map(_event, range(first, first + _CHUNK)))
        while chain_journal(connection, WORKER):
            pass


def _event(number: int) -> str:
    operation, step = divmod(number, len(_OF_ONE))
    what, key = _OF_ONE[step]
    return _signed(Event(operation, step + 1, what, "U0ALICE", datetime.now(UTC), "deploy"), key)


def _signed(event: Event, key: SigningKey) -> str:
    return EVENT.signed(event, (str(event.operation), str(event.version), event.what), key).text


def _seconds_of_verify(connection: redis.Redis) -> float:
    began = time.monotonic()
    verified = verify_whole(connection, RING)
    if (verified.entries, verified.refused) != (_EVENTS, 0):
        raise RuntimeError(f"the audit is not what was written: {verified}")
    return time.monotonic() - began


def _seconds_of_bare_checks() -> float:
    """With processes that have started, a key that is loaded and a message as long as an event."""
    message = _event(0).encode()
    signature = BOT_KEY.sign(message)
    processes = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_bare, [(message, signature, 1)] * processes * 4))
        began = time.monotonic()
        list(pool.map(_bare, [(message, signature, _CHUNK)] * (_EVENTS // _CHUNK)))
        return time.monotonic() - began


def _bare(task: tuple[bytes, bytes, int]) -> None:
    message, signature, count = task
    key = Ed25519PublicKey.from_public_bytes(RING.key(BOT_KEY.id).public)
    for _ in range(count):
        key.verify(signature, message)
