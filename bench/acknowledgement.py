"""How soon a command is acknowledged, and how many a second."""

import contextlib
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from bench.bed import Bed
from bench.commands import Commander
from bench.row import Row
from quaymaster.signing_key import SigningKey
from testing.engines.waiting import wait_until
from testing.system import ROOT, System

_ROUNDS = 402
_ORDERS = ((0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1))
"""Of three, in turn: each follows each of the others equally often, because a run that waits ten
milliseconds leaves cold caches to the next.
"""
_CONNECTIONS = 16
_SLICE_SECONDS = 2.0
_SLICES = 5
_FSYNC_SECONDS = 0.7
_BARE = "bare Starlette that checks the signature and enqueues with RQ"
_BOLT = "Bolt's default on the same server"


def acknowledgement(bed: Bed) -> Iterable[Row]:
    """Ours, the bare endpoint and Bolt's default, in turn."""
    with bed.system() as system, ExitStack() as stack:
        secret = system.environment["SLACK_SIGNING_SECRET"]
        ours = stack.enter_context(our_bot(bed, system))
        bare = stack.enter_context(_peer(bed, system, "bench.peers.bare:app"))
        bolt = stack.enter_context(_peer(bed, system, "bench.peers.bolt_default:app"))
        took = _latencies([Commander(port, secret) for port in (ours, bare, bolt)])
        p50 = [statistics.median(one) for one in took]
        yield Row("acknowledgement, p50", p50[0] / p50[1], "x", _BARE, 1.6, "at most")
        yield Row("faster than, p50", p50[2] / p50[0], "x", _BOLT, 10, "at least")
        yield Row("of the acknowledgement, its three signatures", _signing() / p50[0], "x")
        ratios = [_throughput(ours, secret) / _throughput(bare, secret) for _ in range(_SLICES)]
        median = statistics.median(ratios)
        yield Row("throughput, 16 connections", median, "x", _BARE, 0.75, "at least")
        last = max(_at_once(ours, secret, 50))
        yield Row("50 commands at once, the last", last, "s", "", 0.5, "at most")


def _signing() -> float:
    """How long a request, its record and its event take to be signed, in seconds."""
    key = SigningKey.new("bench")
    text = b"x" * 900
    took = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for _ in range(3):
            key.sign(text)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def redis_away(bed: Bed) -> Iterable[Row]:
    """A clear answer in time: within a second when Redis is down, within 2.5 when it is frozen."""
    with bed.system() as system:
        secret = system.environment["SLACK_SIGNING_SECRET"]
        with our_bot(bed, system) as port:
            for count in (1, 50):
                system.valkey.freeze()
                yield _away("frozen", count, _at_once(port, secret, count), 2.5)
                system.valkey.thaw()
                _until_accepted(port, secret)
            system.valkey.kill()
            for count in (1, 50):
                yield _away("down", count, _at_once(port, secret, count), 1.0)
            system.valkey.start()


def _until_accepted(port: int, secret: str) -> None:
    """Wait until the bot asks Redis again: after timeouts it answers at once, without asking."""
    commander = Commander(port, secret)
    wait_until(
        lambda: "Started #" in commander.send("tags shop/web")[1],
        within=20,
        what="Redis to be used again",
    )
    commander.close()


def redis_slow(bed: Bed) -> Iterable[Row]:
    """No command may be refused because the disk under Redis is slow."""
    with bed.slow_disk() as server, bed.system(valkey=server) as system:
        secret = system.environment["SLACK_SIGNING_SECRET"]
        with our_bot(bed, system) as port:
            server.slow_down(_FSYNC_SECONDS)
            answers = _answers_at_once(port, secret, 50)
            server.slow_down(0)
        how = f"fsync takes {_FSYNC_SECONDS:g} s longer, 50 commands"
        accepted = sum("Started #" in words for _, words in answers)
        yield Row(f"{how}, accepted", accepted, "", "", 50, "at least")
        yield Row(f"{how}, the last answer", max(took for took, _ in answers), "s", "", 2.5)


def _away(how: str, count: int, took: list[float], limit: float) -> Row:
    name = f"Redis {how}, {count} command{'s' if count > 1 else ''}, the last answer"
    return Row(name, max(took), "s", "", limit, "at most")


def _latencies(commanders: list[Commander]) -> list[list[float]]:
    for commander in commanders:
        for _ in range(20):
            commander.send("tags shop/web")
    took: list[list[float]] = [[] for _ in commanders]
    for number in range(_ROUNDS):
        for turn in _ORDERS[number % len(_ORDERS)]:
            took[turn].append(commanders[turn].send("tags shop/web")[0])
    for commander in commanders:
        commander.close()
    return took


def _throughput(port: int, secret: str) -> float:
    """Acknowledged commands a second over 16 connections."""
    counts = [0] * _CONNECTIONS
    stop = threading.Event()

    def send(index: int) -> None:
        commander = Commander(port, secret)
        while not stop.is_set():
            commander.send("tags shop/web")
            counts[index] += 1
        commander.close()

    threads = [threading.Thread(target=send, args=(index,)) for index in range(_CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    stop.wait(_SLICE_SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def _at_once(port: int, secret: str, count: int) -> list[float]:
    """How long each of so many simultaneous commands waited for its acknowledgement."""
    return [took for took, _ in _answers_at_once(port, secret, count)]


def _answers_at_once(port: int, secret: str, count: int) -> list[tuple[float, str]]:
    """How long each waited, and the answer it got."""
    gate = threading.Barrier(count)
    answers: list[tuple[float, str]] = []

    def send() -> None:
        commander = Commander(port, secret)
        gate.wait()
        answers.append(commander.send("tags shop/web"))
        commander.close()

    threads = [threading.Thread(target=send) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(answers) != count:
        raise RuntimeError(f"{count - len(answers)} of {count} commands were not acknowledged")
    return answers


@contextmanager
def our_bot(bed: Bed, system: System) -> Iterator[int]:
    """The product's bot over HTTP, knowing the person who asks."""
    port = bed.engines.run.reserve_port()
    system.module = "bench.peers.generous"
    program = system.start("bot", "--http", f"127.0.0.1:{port}")
    _until_it_answers(port, "/readyz")
    commander = Commander(port, system.environment["SLACK_SIGNING_SECRET"])
    commander.send("tags shop/web")
    wait_until(
        lambda: (one := system.operation(1)) is not None and one.state != "accepted",
        within=20,
        what="the first command to be admitted",
    )
    commander.close()
    yield port
    program.stop()


@contextmanager
def _peer(bed: Bed, system: System, app: str) -> Iterator[int]:
    port = bed.engines.run.reserve_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log"),
            *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning"),
        ],
        env=system.environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    try:
        _until_it_answers(port, "/")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _until_it_answers(port: int, path: str) -> None:
    def answers() -> bool:
        with contextlib.suppress(urllib.error.HTTPError):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).close()
            except urllib.error.HTTPError as error:
                return error.code < 500
            except OSError:
                return False
        return True

    wait_until(answers, within=60, what=f"port {port} to answer")
