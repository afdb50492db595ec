"""A program signs with its own key, and only where the ring says that it may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from quaymaster.errors import ConfigurationError
from quaymaster.key_ring import ProgramRole, PublicKey
from quaymaster.signing_key import Keys, SigningKey
from testing.keys import BOT_KEY, OTHER_WORKER_KEY, RING, SCANNER_KEY, STRANGER_KEY, WORKER_KEY


def refused(key: SigningKey, role: ProgramRole, entry: PublicKey | None = None) -> str:
    """Why this key cannot be used, where the ring has this entry."""
    with pytest.raises(ConfigurationError) as raised:
        Keys.of(key, RING.with_key(entry) if entry else RING, role)
    return str(raised.value)


def test_a_key_is_read_as_it_was_written() -> None:
    key = SigningKey.new("bot")
    assert key.id.startswith("bot-")
    again = SigningKey.parse(f" {key.as_text()}\n")
    assert again == key
    assert again.sign(b"message") == key.sign(b"message")


def test_no_two_new_keys_are_the_same() -> None:
    one, two = SigningKey.new("bot"), SigningKey.new("bot")
    assert one.id != two.id
    assert one.as_text() != two.as_text()


@pytest.mark.parametrize(
    "text",
    ["", "hunter2", "ed25519-private:bot-1", "ed25519-private:bot-1:hunter2", "bot-1:aHVudGVyMg=="],
)
def test_what_is_no_private_key_is_told_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="QUAYMASTER_SIGNING_KEY is not a private") as told:
        SigningKey.parse(text)
    assert "hunter2" not in str(told.value)


def test_a_key_does_not_print_itself() -> None:
    seed = BOT_KEY.as_text().rpartition(":")[2]
    assert seed not in repr(BOT_KEY)
    assert seed not in repr(Keys(BOT_KEY, RING))


@pytest.mark.parametrize(
    ("key", "role"),
    [
        (BOT_KEY, ProgramRole.BOT),
        (WORKER_KEY, ProgramRole.WORKER),
        (OTHER_WORKER_KEY, ProgramRole.WORKER),
        (SCANNER_KEY, ProgramRole.SCANNER),
    ],
)
def test_a_program_takes_the_key_of_its_role_and_no_other(
    key: SigningKey, role: ProgramRole
) -> None:
    assert Keys.of(key, RING, role).entry.role is role
    for other in set(ProgramRole) - {role}:
        text = refused(key, other)
        assert f"{key.id} is a key of the {role}, and this is the {other}." in text


def test_a_key_that_the_ring_does_not_have_is_refused() -> None:
    assert "bot-2 is not in the key ring" in refused(replace(BOT_KEY, id="bot-2"), ProgramRole.BOT)


def test_a_key_that_another_one_is_called_like_is_refused() -> None:
    assert "is not the key of this program" in refused(STRANGER_KEY, ProgramRole.BOT)


def test_a_key_that_has_ended_or_was_revoked_signs_nothing() -> None:
    now, entry = datetime.now(UTC), RING.key("bot-1")
    for ended in (
        replace(entry, ends_at=now - timedelta(seconds=1)),
        replace(entry, revoked_at=now),
    ):
        assert "can no longer sign" in refused(BOT_KEY, ProgramRole.BOT, ended)
    ending = RING.with_key(replace(entry, ends_at=now + timedelta(days=1)))
    assert Keys.of(BOT_KEY, ending, ProgramRole.BOT).private == BOT_KEY
