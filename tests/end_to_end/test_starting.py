"""No program starts with keys or a database that are not its own; each says what to do."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quaymaster.key_ring import KeyRing, ProgramRole
from quaymaster.queues import REGISTRY, host_queue
from quaymaster.store import keys, records
from quaymaster.store.formats import FORMAT
from quaymaster.store.redis_users import RedisUser
from quaymaster.store.transactions import perform
from testing.configurations import SMALL_TEXT
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import wait_until
from testing.keys import BOT_KEY, FINGERPRINT_TEXT, OTHER_WORKER_KEY, RING, SCANNER_KEY, WORKER_KEY
from testing.system import ROOT

pytestmark = pytest.mark.engine

PROGRAMS = (("bot",), ("worker", "--queues", "host:build1"), ("scanner",), ("audit", "verify"))


@dataclass(slots=True)
class Place:
    """A configuration, a key ring and a database, and an environment for programs there."""

    folder: Path
    environment: dict[str, str]

    def ring(self, text: str) -> None:
        (self.folder / "quaymaster.keys.yml").write_text(text)

    def refused(self, *arguments: str, **changes: str) -> str:
        """What a program says that ends at its start."""
        done = subprocess.run(
            [sys.executable, "-m", "programs.cli", *arguments],
            env={**self.environment, **changes},
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        for key in (BOT_KEY, WORKER_KEY, SCANNER_KEY):
            assert key.as_text() not in done.stdout + done.stderr
        return done.stderr


@pytest.fixture
def place(tmp_path: Path, valkey_server: ValkeyServer) -> Place:
    (tmp_path / "quaymaster.yml").write_text(SMALL_TEXT)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "QUAYMASTER_CONFIG": str(tmp_path / "quaymaster.yml"),
        "QUAYMASTER_SIGNING_KEY": BOT_KEY.as_text(),
        "QUAYMASTER_FINGERPRINT_KEY": FINGERPRINT_TEXT,
        "REDIS_URL": valkey_server.url,
        "SLACK_BOT_TOKEN": "xoxb-made-up",
        "SLACK_APP_TOKEN": "xapp-made-up",
        "SLACK_API_URL": "http://127.0.0.1:9/",
    }
    one = Place(tmp_path, environment)
    one.ring(RING.as_yaml())
    return one


def key_of(program: tuple[str, ...]) -> str:
    own = {"worker": WORKER_KEY, "scanner": SCANNER_KEY}.get(program[0], BOT_KEY)
    return own.as_text()


@pytest.mark.parametrize("program", PROGRAMS, ids=" ".join)
def test_a_database_of_a_newer_program_is_left_alone(
    place: Place, valkey_server: ValkeyServer, program: tuple[str, ...]
) -> None:
    with valkey_server.client() as client:
        client.set(keys.FORMAT, FORMAT + 1)
        told = place.refused(*program, QUAYMASTER_SIGNING_KEY=key_of(program))
        assert told.strip().endswith(
            "The database was written by a newer Quaymaster; upgrade this program."
        )
        assert client.keys() == [keys.FORMAT.encode()]


@pytest.mark.parametrize("program", PROGRAMS, ids=" ".join)
def test_a_database_of_before_there_was_a_format_is_refused_with_the_command(
    place: Place, valkey_server: ValkeyServer, program: tuple[str, ...]
) -> None:
    with valkey_server.client() as client:
        perform(client, records.reserve(16))
        told = place.refused(*program, QUAYMASTER_SIGNING_KEY=key_of(program))
        assert "`quaymaster database empty`" in told
        assert client.keys() == [keys.NEXT_ID.encode()]


def test_a_bot_that_reaches_the_database_later_ends_when_it_does_not_fit(
    place: Place, valkey_server: ValkeyServer
) -> None:
    """It starts without Redis, to say so to whoever asks."""
    with valkey_server.client() as client:
        perform(client, records.reserve(16))
    valkey_server.kill()
    log = place.folder / "bot.log"
    with log.open("wb") as output:
        bot = subprocess.Popen(
            [sys.executable, "-m", "programs.cli", "bot"],
            env=place.environment,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "tending later" in log.read_text(), within=60, what="its first look")
        valkey_server.start()
        assert bot.wait(60) == 2
    finally:
        bot.kill()
        bot.wait()
    assert "`quaymaster database empty`" in log.read_text()


def test_a_worker_that_waits_for_redis_reads_the_file_again_when_it_begins(
    place: Place, valkey_server: ValkeyServer
) -> None:
    """Not before: it has no processes yet that would have to know."""
    valkey_server.kill()
    log = place.folder / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "programs.cli", "worker", "--queues", "registry"],
            env={**place.environment, "QUAYMASTER_SIGNING_KEY": key_of(("worker",))},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "waiting for Redis" in log.read_text(), within=60, what="its first look")
        (place.folder / "quaymaster.yml").write_text(f"{SMALL_TEXT}alerts: {{at_least: low}}\n")
        worker.send_signal(signal.SIGHUP)
        valkey_server.start()
        wait_until(
            lambda: worker.poll() is not None or "configuration read again" in log.read_text(),
            within=60,
            what="the new configuration",
        )
        assert "quaymaster.yml is in use now" in log.read_text()
        worker.terminate()
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        worker.wait()


def test_emptying_wants_to_be_told_that_it_is_meant(
    place: Place, valkey_server: ValkeyServer
) -> None:
    with valkey_server.client() as client:
        perform(client, records.reserve(16))
        assert "--yes" in place.refused("database", "empty")
        assert client.exists(keys.NEXT_ID)
        worker = valkey_server.url_of(RedisUser.WORKER)
        told = place.refused("database", "empty", "--yes", REDIS_URL=worker)
        assert "as the administrator of Redis" in told
        assert client.exists(keys.NEXT_ID)


@pytest.mark.parametrize("program", PROGRAMS, ids=" ".join)
def test_the_key_that_is_gone_is_told_with_what_came_for_it(
    place: Place, program: tuple[str, ...]
) -> None:
    told = place.refused(*program, QUAYMASTER_SECRET_KEY="made-up-and-of-thirty-two-letters")
    assert "QUAYMASTER_SECRET_KEY is no longer used" in told
    assert "`quaymaster keys new`" in told
    assert "made-up-and" not in told


def with_a_private_key(place: Place) -> None:
    place.ring(RING.as_yaml() + f"# {BOT_KEY.as_text()}\n")


def without_a_ring(place: Place) -> None:
    (place.folder / "quaymaster.keys.yml").unlink()


def with_a_broken_ring(place: Place) -> None:
    place.ring("keys: [")


def with_another_ring(place: Place) -> None:
    ring = KeyRing({SCANNER_KEY.id: SCANNER_KEY.public(ProgramRole.SCANNER)})
    place.ring(ring.as_yaml())


def with_the_key_of_a_scanner(place: Place) -> None:
    place.environment["QUAYMASTER_SIGNING_KEY"] = SCANNER_KEY.as_text()


def with_a_key_that_has_ended(place: Place) -> None:
    now = datetime.now(UTC)
    ring = RING
    for key in (BOT_KEY, WORKER_KEY):
        ended = replace(RING.keys[key.id], ends_at=now - timedelta(seconds=1))
        ring = ring.with_key(ended)
    place.ring(ring.as_yaml())


def with_a_key_that_was_revoked(place: Place) -> None:
    ring = RING
    for key in (BOT_KEY, WORKER_KEY):
        ring = ring.with_key(replace(RING.keys[key.id], revoked_at=datetime.now(UTC)))
    place.ring(ring.as_yaml())


def without_a_key(place: Place) -> None:
    place.environment["QUAYMASTER_SIGNING_KEY"] = ""


def with_something_else_as_a_key(place: Place) -> None:
    place.environment["QUAYMASTER_SIGNING_KEY"] = "made-up"


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (with_a_private_key, "quaymaster.keys.yml holds a private key"),
        (without_a_ring, "cannot be read: No such file or directory. Make keys with"),
        (with_a_broken_ring, "quaymaster.keys.yml is not valid YAML."),
        (with_another_ring, "is not in the key ring."),
        (with_the_key_of_a_scanner, "scanner-1 is a key of the scanner, and this is the"),
        (with_a_key_that_has_ended, "can no longer sign."),
        (with_a_key_that_was_revoked, "can no longer sign."),
        (without_a_key, "QUAYMASTER_SIGNING_KEY is not set."),
        (with_something_else_as_a_key, "QUAYMASTER_SIGNING_KEY is not a private key."),
    ],
)
@pytest.mark.parametrize("program", [("bot",), ("worker", "--queues", "registry")], ids=" ".join)
def test_a_program_with_wrong_keys_does_not_start_and_says_so(
    place: Place, program: tuple[str, ...], mistake: Callable[[Place], None], told: str
) -> None:
    place.environment["QUAYMASTER_SIGNING_KEY"] = key_of(program)
    mistake(place)
    assert told in place.refused(*program)


def test_a_scanner_starts_with_no_key_but_a_scanners(place: Place) -> None:
    told = place.refused("scanner", QUAYMASTER_SIGNING_KEY=WORKER_KEY.as_text())
    assert "worker-1 is a key of the worker, and this is the scanner." in told


@pytest.mark.parametrize("queues", ["", host_queue("build1"), f"{REGISTRY},{host_queue('build1')}"])
def test_a_worker_starts_for_the_queues_of_its_key_alone(place: Place, queues: str) -> None:
    words = ("--queues", queues) if queues else ()
    told = place.refused("worker", *words, QUAYMASTER_SIGNING_KEY=OTHER_WORKER_KEY.as_text())
    assert "other-worker-1 is not enrolled for" in told
    assert "host:build1" in told
    assert "Start it with --queues host:db1" in told
    assert "`quaymaster keys new`" in told


def test_a_worker_of_a_host_needs_the_key_of_fingerprints(place: Place) -> None:
    given = {"QUAYMASTER_SIGNING_KEY": WORKER_KEY.as_text(), "QUAYMASTER_FINGERPRINT_KEY": ""}
    told = place.refused("worker", "--queues", "host:build1", **given)
    assert "QUAYMASTER_FINGERPRINT_KEY is not set." in told


def test_a_worker_that_names_no_queue_leaves_hosts_that_it_cannot_prove(
    place: Place, valkey_server: ValkeyServer
) -> None:
    """Of two hosts without an address, nothing says which is this worker's DOCKER_HOST."""
    text = SMALL_TEXT.replace("{build1: {}}", "{build1: {}, app1: {}}")
    (place.folder / "quaymaster.yml").write_text(text)
    log = place.folder / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "programs.cli", "worker", "--grace", "1"],
            env={**place.environment, "QUAYMASTER_SIGNING_KEY": WORKER_KEY.as_text()},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with valkey_server.client() as client:
            wait_until(lambda: client.smembers("rq:workers"), within=60, what="the worker")
            (name,) = client.smembers("rq:workers")
            assert client.hget(name, "queues") == REGISTRY.encode()
    finally:
        worker.terminate()
        worker.wait(30)
    for host in ("build1", "app1"):
        assert f"Not served: {host}: nothing says that its engine is" in log.read_text()
