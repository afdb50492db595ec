"""With a slow Redis a worker is slow to begin; its jobs are not taken for lost (G3)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from quaymaster.operations import Origin, State
from quaymaster.store import records
from quaymaster.store.transactions import ask
from testing.configurations import SMALL_TEXT
from testing.engines.slow_disk import SlowDiskServer
from testing.engines.waiting import wait_until
from testing.keys import FINGERPRINT_TEXT, WORKER, WORKER_KEY, ring_text
from testing.samples import having, operation
from tests.workers.toolboxes import now, recorded
from trial.processes import kill_and_wait
from workers.reconciler import Reconciler

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
BURST = 50
FSYNC_SECONDS = 0.02
"""A worker writes about a dozen times for each job."""
QUEUES = ("host:build1", "registry")


@pytest.fixture
def valkey(slow_disk_server: SlowDiskServer) -> Iterator[redis.Redis]:
    """A client of the slow server."""
    client = slow_disk_server.client()
    yield client
    client.close()


@contextmanager
def working(server: SlowDiskServer, folder: Path) -> Iterator[None]:
    """A real worker of two queues, which has no configuration in common with the operations: it
    refuses each of them as soon as it has begun.
    """
    configuration = folder / "quaymaster.yml"
    configuration.write_text(SMALL_TEXT)
    (folder / "quaymaster.keys.yml").write_text(ring_text())
    environ = {
        **os.environ,
        "REDIS_URL": server.url,
        "QUAYMASTER_SIGNING_KEY": WORKER_KEY.as_text(),
        "QUAYMASTER_FINGERPRINT_KEY": FINGERPRINT_TEXT,
        "QUAYMASTER_CONFIG": str(configuration),
    }
    with (folder / "worker.log").open("wb") as log:
        command = [sys.executable, "-m", "tests.workers.process.worker_process", *QUEUES]
        worker = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield
    finally:
        kill_and_wait(worker.pid)
        worker.wait()


def test_no_job_of_a_burst_is_queued_again(
    slow_disk_server: SlowDiskServer, valkey: redis.Redis, tmp_path: Path
) -> None:
    """They have waited for long when the worker takes them, one after the other."""
    asked = operation(requested_at=datetime.now(UTC))
    burst = [
        recorded(valkey, having(asked, id=number, origin=Origin("C0SHOP", f"trigger-{number}")))
        for number in range(1, BURST + 1)
    ]
    slow_disk_server.slow_down(FSYNC_SECONDS)
    reconciler = Reconciler(valkey, WORKER)
    moved = 0

    def ended_or_moved() -> bool:
        nonlocal moved
        moved += reconciler.look(datetime.now(UTC))
        return moved > 0 or ask(valkey, records.open_ids()) == ()

    with working(slow_disk_server, tmp_path):
        wait_until(ended_or_moved, within=120, what="the end of the burst")
    assert moved == 0
    ended = [now(valkey, one) for one in burst]
    assert {(one.state, one.attempt) for one in ended} == {(State.FAILED, burst[0].attempt)}
