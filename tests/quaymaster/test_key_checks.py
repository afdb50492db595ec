"""What ``quaymaster check`` says about keys."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quaymaster.checks import Check, perform
from quaymaster.configuration.configuration import Configuration
from quaymaster.key_checks import key_probe
from quaymaster.key_ring import KeyRing, ProgramRole
from quaymaster.settings import Settings
from quaymaster.signing_key import SigningKey
from testing.configurations import SMALL_TEXT
from testing.keys import (
    BOT_KEY,
    FINGERPRINT_TEXT,
    OTHER_WORKER_KEY,
    RING,
    SCANNER_KEY,
    STRANGER_KEY,
    WORKER_KEY,
)


def checks(
    folder: Path, environ: Mapping[str, str], ring: KeyRing = RING, host: str | None = None
) -> dict[str, Check]:
    (folder / "quaymaster.keys.yml").write_text(ring.as_yaml())
    file = folder / "quaymaster.yml"
    settings = Settings.from_env({"QUAYMASTER_CONFIG": str(file), **environ})
    probe = key_probe(settings, Configuration.parse(SMALL_TEXT, file), host)
    found = perform((probe,), settings.secret_values)
    assert all(check.next_step for check in found if check.verdict == "broken")
    return {check.subject: check for check in found}


def test_the_keys_of_a_worker_are_said_with_its_queues(tmp_path: Path) -> None:
    environ = {
        "QUAYMASTER_SIGNING_KEY": WORKER_KEY.as_text(),
        "QUAYMASTER_FINGERPRINT_KEY": FINGERPRINT_TEXT,
    }
    results = checks(tmp_path, environ, host="build1")
    assert {one.verdict for one in results.values()} == {"ok"}
    assert results["signing key"].what.startswith("worker-1, a key of the worker, for host:app1")
    assert list(results) == ["key ring", "signing key", "fingerprint key"]


@pytest.mark.parametrize("key", [BOT_KEY, SCANNER_KEY], ids=["bot", "scanner"])
def test_who_compares_no_secrets_needs_no_key_of_fingerprints(
    tmp_path: Path, key: SigningKey
) -> None:
    results = checks(tmp_path, {"QUAYMASTER_SIGNING_KEY": key.as_text()})
    assert list(results) == ["key ring", "signing key"]
    assert results["signing key"].verdict == "ok"


def test_a_host_that_the_key_is_not_for_is_told(tmp_path: Path) -> None:
    environ = {"QUAYMASTER_SIGNING_KEY": OTHER_WORKER_KEY.as_text()}
    results = checks(tmp_path, environ, host="build1")["signing key"]
    assert results.verdict == "broken"
    assert "not enrolled for host:build1, but for host:db1" in results.what


def test_a_worker_of_a_host_without_the_key_of_fingerprints_is_told(tmp_path: Path) -> None:
    results = checks(tmp_path, {"QUAYMASTER_SIGNING_KEY": WORKER_KEY.as_text()})
    assert results["fingerprint key"].verdict == "broken"
    assert "QUAYMASTER_FINGERPRINT_KEY is not set" in results["fingerprint key"].what


def test_programs_without_a_key_are_named_with_the_command(tmp_path: Path) -> None:
    ring = KeyRing({BOT_KEY.id: BOT_KEY.public(ProgramRole.BOT)})
    results = checks(tmp_path, {"QUAYMASTER_SIGNING_KEY": BOT_KEY.as_text()}, ring)["key ring"]
    assert results.verdict == "broken"
    assert "no current key of worker-build1, worker-registry and scanner" in results.what
    assert "`quaymaster keys new`" in results.next_step


def test_a_key_that_will_end_is_warned_about(tmp_path: Path) -> None:
    ends = replace(RING.keys[BOT_KEY.id], ends_at=datetime.now(UTC) + timedelta(hours=1))
    environ = {"QUAYMASTER_SIGNING_KEY": BOT_KEY.as_text()}
    assert checks(tmp_path, environ, RING.with_key(ends))["signing key"].verdict == "warning"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "QUAYMASTER_SIGNING_KEY is not set"),
        (STRANGER_KEY.as_text(), "is not the key of this program"),
    ],
    ids=["none", "of a stranger"],
)
def test_a_key_that_nobody_would_believe_is_told(tmp_path: Path, text: str, told: str) -> None:
    results = checks(tmp_path, {"QUAYMASTER_SIGNING_KEY": text})["signing key"]
    assert results.verdict == "broken"
    assert told in results.what


def test_without_a_key_ring_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    file = tmp_path / "quaymaster.yml"
    settings = Settings.from_env({"QUAYMASTER_CONFIG": str(file)})
    (found,) = perform((key_probe(settings, Configuration.parse(SMALL_TEXT, file), None),))
    assert found.verdict == "broken"
    assert "`quaymaster keys new`" in found.next_step
