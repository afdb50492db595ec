"""How soon after its acceptance an operation's job runs."""

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import redis
from rq import Queue
from rq.serializers import JSONSerializer

from bench.bed import Bed
from bench.jobs import EAR
from bench.row import Row
from quaymaster.journal import event_of
from quaymaster.operations import Origin
from quaymaster.store import records
from quaymaster.store.transactions import perform
from testing import samples
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import wait_until
from testing.keys import BOT_KEY
from testing.system import ROOT

OURS, RQ = "ours", "rq"
"""A queue for each worker."""
_ROUNDS = 60
_WARM_UP = 5
_PEER = "RQ's forking worker with everything imported, empty job"


def pickup(bed: Bed) -> Iterable[Row]:
    """Our atomic acceptance and our worker, RQ's enqueue and its worker, in turn."""
    with ExitStack() as stack:
        folder = stack.enter_context(bed.folder())
        valkey = stack.enter_context(bed.valkey())
        connection = stack.enter_context(closing(valkey.client()))
        ear = stack.enter_context(_listening(folder / "ear"))
        for kind in (OURS, RQ):
            stack.enter_context(_worker(kind, valkey, folder / "ear"))
        wait_until(lambda: _waiting(connection) == 2, within=60, what="both workers to wait")
        enqueue = _enqueue_to_rq(connection)
        took: list[list[float]] = [[], []]
        for number in range(_ROUNDS + _WARM_UP):
            for index, begin in enumerate((_accept, enqueue)):
                accepted = begin(connection, number + 1)
                took[index].append(_first_line(ear, number + 1) - accepted)
                wait_until(lambda: _waiting(connection) == 2, within=10, what="idle workers")
        p50 = [statistics.median(one[_WARM_UP:]) for one in took]
        yield Row("accepted to first line of the job, p50", p50[0] / p50[1], "x", _PEER, 1.15)
        yield Row("the same in milliseconds", p50[0] * 1000, "ms")


def _accept(connection: redis.Redis, number: int) -> float:
    """Record and queue an operation as the bot does; when that was done."""
    now = datetime.now(UTC)
    operation = samples.operation(
        id=number,
        queue=OURS,
        origin=Origin("C0SHOP", f"trigger-{number}"),
        requested_at=now,
        changed_at=now,
    )
    perform(connection, records.accept(operation, event_of(operation), BOT_KEY))
    return time.monotonic()


def _enqueue_to_rq(connection: redis.Redis) -> Callable[[redis.Redis, int], float]:
    queue = Queue(RQ, connection=connection, serializer=JSONSerializer)

    def enqueue(_: redis.Redis, number: int) -> float:
        queue.enqueue("bench.jobs.told", number)
        return time.monotonic()

    return enqueue


def _first_line(ear: socket.socket, number: int) -> float:
    line, at = ear.recv(100).decode().split()
    if int(line) != number:
        raise RuntimeError(f"job {line} ran instead of {number}")
    return float(at)


def _waiting(connection: redis.Redis) -> int:
    """How many workers wait for a job: Redis says ``b`` of a client that waits in a blocking
    command (https://valkey.io/commands/client-list/).
    """
    return sum("b" in client["flags"] for client in connection.client_list())


@contextmanager
def _listening(address: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(address))
        ear.settimeout(20)
        yield ear


@contextmanager
def _worker(kind: str, valkey: ValkeyServer, ear: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.peers.workers", kind, valkey.url],
        env=os.environ | {EAR: str(ear)},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
