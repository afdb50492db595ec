"""What somebody who can write to Redis puts there, and what a later Quaymaster does."""

from datetime import UTC, datetime
from typing import Any

from quaymaster.signing_key import SigningKey
from quaymaster.store.envelopes import StorageKey, body_of, enclosed
from quaymaster.store.formats import RECORD
from testing.keys import WORKER_KEY


def altered(text: Any) -> bytes:
    """A stored text with another word in it, under the signature that it had."""
    header, line_break, body = bytes(text).partition(b"\n")
    return header + line_break + body.replace(b'":', b'" :', 1)


def as_newer_record(text: Any, operation: int, key: SigningKey = WORKER_KEY) -> str:
    """The record of an operation as the next version of Quaymaster writes it."""
    place = StorageKey(RECORD.kind, (str(operation),))
    body = body_of(bytes(text).decode()).replace("{", '{"since_then":1,', 1)
    return enclosed(body, RECORD.version + 1, place, key, datetime.now(UTC))
