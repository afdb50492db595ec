"""A worker that is asked to stop stops, also while Redis is away."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import wait_until

pytestmark = pytest.mark.engine


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


@contextmanager
def working(server: ValkeyServer, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of this Redis."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.process.worker_process", "registry"],
            env={**os.environ, "REDIS_URL": server.url},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def stops(worker: "subprocess.Popen[bytes]", log: Path) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) in (0, -signal.SIGTERM), log.read_text()


def test_a_worker_that_lost_redis_stops_when_it_is_asked(
    valkey_server: ValkeyServer, log: Path
) -> None:
    """What it wants to tell Redis at its end fails, and it ends all the same."""
    with working(valkey_server, log) as worker, valkey_server.client() as client:

        def is_idle() -> bool:
            states = [client.hget(name, "state") for name in client.scan_iter("rq:worker:*")]
            return b"idle" in states

        wait_until(is_idle, within=30, what="a worker that waits for work")
        valkey_server.kill()
        wait_until(lambda: "could not connect" in log.read_text(), within=30, what="its loss")
        stops(worker, log)


def test_a_worker_that_never_had_redis_stops_when_it_is_asked(
    valkey_server: ValkeyServer, log: Path
) -> None:
    """Between one try and the next, too."""
    valkey_server.kill()
    with working(valkey_server, log) as worker:
        wait_until(lambda: "waiting for Redis" in log.read_text(), within=30, what="a try")
        stops(worker, log)
