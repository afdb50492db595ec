"""The key ring: everybody's public keys, and what each of them may sign."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.errors import ConfigurationError, Forged
from quaymaster.key_ring import KeyRing, ProgramRole, PublicKey
from testing.keys import BOT_KEY, OTHER_WORKER_KEY, RING, SCANNER_KEY, STRANGER_KEY, WORKER_KEY
from testing.samples import NOW

PUBLIC = "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

moments = st.datetimes(
    min_value=datetime(2020, 1, 1),
    max_value=datetime(2090, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]),
)
public_keys = st.builds(
    PublicKey,
    id=st.from_regex(r"(bot|worker|2026-11|1e5)-[0-9a-f]{8}", fullmatch=True),
    role=st.sampled_from(ProgramRole),
    public=st.binary(min_size=32, max_size=32),
    queues=st.frozensets(st.from_regex(r"(host:)?[a-z][a-z0-9.-]{0,20}", fullmatch=True)),
    ends_at=st.none() | moments,
    revoked_at=st.none() | moments,
)


def mistakes(text: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        KeyRing.parse(text, "keys.yml")
    return str(raised.value)


@given(st.lists(public_keys, min_size=1, max_size=4))
def test_a_ring_is_read_as_it_was_written(keys: list[PublicKey]) -> None:
    ring = KeyRing({key.id: key for key in keys})
    assert KeyRing.parse(ring.as_yaml()) == ring


def test_the_ring_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "quaymaster.keys.yml"
    path.write_text(RING.as_yaml())
    assert KeyRing.load(path) == RING


def test_no_private_key_belongs_in_it_and_it_is_not_repeated() -> None:
    """Also where it stands as a comment: every program reads the file."""
    for text in (f"{RING.as_yaml()}# {BOT_KEY.as_text()}\n", BOT_KEY.as_text()):
        complaints = mistakes(text)
        assert "holds a private key" in complaints
        assert "keys revoke" in complaints
        assert BOT_KEY.as_text().rpartition(":")[2] not in complaints


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file"),
        ("keys: [", "keys.yml is not valid YAML"),
        ("{}", "keys: Field required"),
        ("keys: {}\nmore: 1", "more: Extra inputs"),
        (f"keys: {{bot: {{role: king, public: '{PUBLIC}'}}}}", "keys.bot.role"),
        ("keys: {bot: {role: bot}}", "keys.bot.public: Field required"),
        (f"keys: {{Bot 1: {{role: bot, public: '{PUBLIC}'}}}}", "keys.Bot 1"),
        ("keys: {bot: {role: bot, public: 'ed25519:AAAA'}}", "keys.bot.public is not a public key"),
        ("keys: {bot: {role: bot, public: 'ed25519:!!'}}", "keys.bot.public is not a public key"),
        (
            f"keys: {{bot: {{role: bot, public: '{PUBLIC.removeprefix('ed25519:')}'}}}}",
            "keys.bot.public is not a public key",
        ),
        (f"keys: {{bot: {{role: bot, public: '{PUBLIC}', ends_at: soon}}}}", "keys.bot.ends_at"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(text: str, expected: str) -> None:
    assert expected in mistakes(text)


def test_a_file_that_cannot_be_read_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read: .*`quaymaster keys new`"):
        KeyRing.load(tmp_path / "missing.yml")
    binary, large = tmp_path / "binary.yml", tmp_path / "large.yml"
    binary.write_bytes(b"\xff\xfe")
    large.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ConfigurationError, match="not text in UTF-8"):
        KeyRing.load(binary)
    with pytest.raises(ConfigurationError, match="too large"):
        KeyRing.load(large)


def test_a_key_that_is_not_in_the_ring_is_named_with_both_reasons() -> None:
    assert RING.key("bot-1").role is ProgramRole.BOT
    with pytest.raises(Forged, match=r"'bot-2', which is not in the key ring.*older key ring"):
        RING.key("bot-2")


def test_a_key_verifies_what_its_holder_signed_and_nothing_else() -> None:
    signature = BOT_KEY.sign(b"message")
    assert RING.key("bot-1").verifies(signature, b"message")
    assert not RING.key("bot-1").verifies(signature, b"another")
    assert not RING.key("bot-1").verifies(STRANGER_KEY.sign(b"message"), b"message")
    assert not RING.key("worker-1").verifies(signature, b"message")


def test_a_worker_may_work_in_its_own_queues_and_nobody_else_in_any() -> None:
    queues = frozenset({"host:app1"})
    assert WORKER_KEY.public(ProgramRole.WORKER, queues).may_work_in("host:app1")
    assert not WORKER_KEY.public(ProgramRole.WORKER, queues).may_work_in("host:db1")
    assert RING.key(OTHER_WORKER_KEY.id).may_work_in("host:db1")
    assert not BOT_KEY.public(ProgramRole.BOT, queues).may_work_in("host:app1")
    assert not SCANNER_KEY.public(ProgramRole.SCANNER, queues).may_work_in("host:app1")


def test_a_key_ends_at_its_end_and_a_revoked_one_at_once() -> None:
    key = RING.key("bot-1")
    ending = replace(key, ends_at=NOW)
    assert not key.has_ended(NOW)
    assert not ending.has_ended(NOW)
    assert ending.has_ended(NOW + timedelta(seconds=1))
    assert replace(key, revoked_at=NOW).has_ended(NOW - timedelta(days=1))


def test_another_version_of_a_key_takes_its_place() -> None:
    ended = replace(RING.key("bot-1"), ends_at=NOW)
    after = RING.with_key(ended)
    assert after.key("bot-1").ends_at == NOW
    assert RING.key("bot-1").ends_at is None
    assert list(after.keys) == list(RING.keys)
