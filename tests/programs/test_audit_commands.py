"""`quaymaster audit` as an operator types it."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from quaymaster.audit.auditor import chain_journal
from quaymaster.store import keys
from testing.configurations import SMALL_TEXT
from testing.engines.valkey import ValkeyServer
from testing.keys import BOT_KEY, WORKER, WORKER_KEY, ring_text
from tests.quaymaster.audit.audits import chain_at, event, life, push, stored
from tests.readme import ROOT

pytestmark = pytest.mark.engine

OLD = datetime(2025, 3, 1, 12, tzinfo=UTC)


class CommandLine:
    """The program with what it needs in its environment."""

    def __init__(self, url: str, folder: Path) -> None:
        ring, configuration = folder / "quaymaster.keys.yml", folder / "quaymaster.yml"
        ring.write_text(ring_text())
        configuration.write_text(SMALL_TEXT)
        self.environ = os.environ | {
            "REDIS_URL": url,
            "QUAYMASTER_CONFIG": str(configuration),
            "QUAYMASTER_KEY_RING": str(ring),
            "QUAYMASTER_SIGNING_KEY": WORKER_KEY.as_text(),
        }

    def __call__(self, *words: str, **environ: str) -> tuple[int, str]:
        """The exit status, and everything that it said."""
        done = subprocess.run(
            [sys.executable, "-m", "programs.cli", "audit", *words],
            env=self.environ | environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def audit(valkey_server: ValkeyServer, tmp_path: Path) -> CommandLine:
    return CommandLine(valkey_server.url, tmp_path)


def test_it_says_what_it_found(valkey: redis.Redis, audit: CommandLine) -> None:
    push(valkey, *life(1042), life(1042)[1], "junk")
    chain_journal(valkey, WORKER)
    status, said = audit("verify")
    assert status == 0
    assert "The audit holds: 5 entries, 2 of them refused, head " in said
    assert "Entry 4: The event “running” of #1042 is in the audit already." in said


def test_it_says_what_is_wrong(valkey: redis.Redis, audit: CommandLine) -> None:
    push(valkey, *life(1042))
    chain_journal(valkey, WORKER)
    valkey.lset(keys.AUDIT, 0, stored(valkey)[0].replace("U0ALICE", "U0EVE11"))
    status, said = audit("verify")
    assert status == 2
    assert "The audit does not hold at entry 2." in said


def test_a_part_is_exported_and_checked_with_the_rest(
    valkey: redis.Redis, audit: CommandLine, tmp_path: Path
) -> None:
    valkey.rpush(keys.AUDIT, *chain_at(OLD, (event(n, at=OLD, signed_at=OLD) for n in range(3))))
    push(valkey, event(9, at=datetime.now(UTC)))
    chain_journal(valkey, WORKER)
    file = str(tmp_path / "audit.jsonl")
    words = ("export", "--before", "2025-04-01", "--to", file)
    status, said = audit(*words)
    assert (status, "3 entries were moved to" in said) == (0, True)
    assert audit(*words) == (0, "There was nothing to move.\n")
    assert "The audit holds: 4 entries, head" in audit("verify", file)[1]
    assert "The audit holds: 1 entries, head" in audit("verify", "--since-anchor")[1]
    status, said = audit("verify")
    assert (status, "Entries 1 to 3 are missing" in said) == (2, True)


def test_exporting_needs_the_key_of_a_worker(
    valkey: redis.Redis, audit: CommandLine, tmp_path: Path
) -> None:
    words = ("export", "--before", "2025-04-01", "--to", str(tmp_path / "audit.jsonl"))
    status, said = audit(*words, QUAYMASTER_SIGNING_KEY=BOT_KEY.as_text())
    assert (status, "is a key of the bot" in said) == (2, True)
    assert audit(*words, QUAYMASTER_SIGNING_KEY="")[0] == 2


def test_what_may_still_run_is_not_exported(
    valkey: redis.Redis, audit: CommandLine, tmp_path: Path
) -> None:
    today = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    status, said = audit("export", "--before", today, "--to", str(tmp_path / "audit.jsonl"))
    assert (status, "too recent" in said) == (2, True)
