"""A stored value is referred to by the text that was signed."""

import hashlib
from dataclasses import replace

from quaymaster.signed import Signed


def test_the_digest_is_of_the_text_and_not_of_the_value() -> None:
    one = Signed("read by one version", "text", "bot-1")
    assert one.digest == hashlib.sha256(b"text").hexdigest()
    assert replace(one, value="read by the next").digest == one.digest


def test_two_are_equal_when_they_were_stored_alike() -> None:
    one = Signed(1, "text", "bot-1")
    assert one == Signed(1, "text", "bot-1")
    assert one != Signed(1, "other text", "bot-1")


def test_the_signed_text_is_not_printed() -> None:
    assert "body" not in repr(Signed(1, "header\nbody", "bot-1"))
