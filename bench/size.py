"""How many bytes an ended operation takes in Redis, with its card and its pages.

Written as the bot and the workers write it, step by step; what is counted is what Redis itself
counts (``MEMORY USAGE``).
"""

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import redis

from bench.bed import Bed
from bench.row import Row
from quaymaster.approvals import Choice
from quaymaster.findings import Finding, ScannerDatabase, Severity
from quaymaster.gate import blocked_by
from quaymaster.journal import event_of
from quaymaster.listings import pages_of
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import (
    Deployed,
    ExecutionParameters,
    Inspected,
    Outcome,
    Pushed,
    Scanned,
    TagsListed,
)
from quaymaster.plans import Examined, Resolved
from quaymaster.progress import Progress
from quaymaster.requests import InspectRequest, Request, ScanRequest, TagsRequest
from quaymaster.retention import Retention
from quaymaster.store import cards, keys, leases, pages, records
from quaymaster.store.transactions import Command, ask, perform
from testing import samples
from testing.keys import BOT_KEY, WORKER_KEY
from workers.work.steps import Finished, OrdersScan, Planned, Step, after

_NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
_TEXT = "as long as the title of a finding or the value of a label may well be".ljust(120, ".")
_KIBIBYTE = 1024


def size(bed: Bed) -> Iterable[Row]:
    """Each kind of operation in a database of its own."""
    image, digest = samples.pinned(), samples.DIGEST
    with bed.valkey() as server, closing(server.client()) as connection:
        pushed = Pushed(image, "build1", digest, 210_000_000, 10, 3, 17.5)
        yield _row("a push of ten layers", _ended(connection, None, pushed), 4)
        yield _row(
            "a scan with 200 blocking findings",
            _ended(connection, ScanRequest(image), _scanned(200)),
            8,
        )
        yield _row("a deploy with two votes and ten findings gained", _deployed(connection), 24)
        names = tuple(f"2026.11.{number}-build" for number in range(100_000))
        listed = TagsListed(samples.WEB, names, len(names), len(names))
        yield _row("tags of 100,000 tags, with every page", _listed(connection, listed), 300)
        huge = _ended(connection, InspectRequest(image), _inspected(10_000))
        yield _row("inspect of an image that says 10 MB about itself", huge, 48)
        usual = _ended(connection, InspectRequest(image), _inspected(12))
        yield _row("inspect of a usual image", usual, 8)


def _row(name: str, used: int, most: int) -> Row:
    return Row(f"bytes in Redis: {name}", used / _KIBIBYTE, "KiB", "", most, "at most")


def _ended(connection: redis.Redis, request: Request | None, outcome: Outcome) -> int:
    """What an operation takes that reported how far it was, and ended with this."""
    running = _running(connection, _accepted(connection, request))
    return _finish(connection, running, Finished(outcome))


def _listed(connection: redis.Redis, whole: TagsListed) -> int:
    running = _running(connection, _accepted(connection, TagsRequest(samples.WEB)))
    made = pages_of(whole)
    older = ask(connection, pages.older_than_allowed(running.actor))
    also = pages.keep(running, made, older, WORKER_KEY, Retention(), _NOW)
    return _finish(connection, running, Finished(made[0], also=also))


def _deployed(connection: redis.Redis) -> int:
    connection.flushdb()
    operation = samples.deploy()
    perform(connection, records.accept(operation, event_of(operation), BOT_KEY))
    findings = _findings(10)
    image = samples.pinned()
    examined = Examined(image, 210_000_000, blocked_by(findings), (), findings, findings, 10, 10)
    plan = samples.plan(examined=examined)
    running = _running(connection, operation)
    scanned = _moved(connection, running, OrdersScan(Resolved(image, 210_000_000), Stage.PLAN))
    waiting = _moved(connection, _running(connection, scanned), Planned(plan, samples.admitted()))
    for voter in ("U0BOB", "U0CAROL"):
        vote = samples.vote(voter, Choice.APPROVE)
        votes = (*waiting.votes, samples.voted(waiting, vote))
        voted = waiting.moved(State.AWAITING_APPROVAL, _NOW, votes=votes)
        waiting = perform(connection, records.move(waiting, voted, event_of(voted), BOT_KEY))
    ready = waiting.queued(Stage.APPLY, operation.queue, _NOW)
    perform(connection, records.move(waiting, ready, event_of(ready), BOT_KEY))
    deployed = Deployed("production", "web", image, 0.11, samples.pinned(tag="1.3"), 12.0)
    return _finish(connection, _running(connection, ready), Finished(deployed))


def _accepted(connection: redis.Redis, request: Request | None) -> Operation:
    connection.flushdb()
    operation = samples.operation(**({"request": request} if request else {}))
    perform(connection, records.accept(operation, event_of(operation), BOT_KEY))
    return operation


def _running(connection: redis.Redis, before: Operation) -> Operation:
    """A worker has it and has reported progress."""
    started = before.moved(State.RUNNING, _NOW, started_at=_NOW)
    perform(connection, records.move(before, started, event_of(started), WORKER_KEY))
    name = records.lease_name(before.id)
    perform(connection, leases.take(name, "worker", 60_000))
    progress = Progress("pushing", 88_000_000, 210_000_000, 7, 10)
    perform(connection, records.progressed(before.id, progress, leases.held(name, "worker")))
    perform(connection, leases.give_back(name, "worker"))
    return started


def _moved(
    connection: redis.Redis, before: Operation, step: Step, also: Iterable[Command] = ()
) -> Operation:
    moved = after(before, step, _NOW + timedelta(seconds=17), WORKER_KEY)
    move = records.move(before, moved, event_of(moved), WORKER_KEY, also=tuple(also))
    return perform(connection, move)


def _finish(connection: redis.Redis, running: Operation, finished: Finished) -> int:
    ended = _moved(connection, running, finished, finished.also)
    posting = cards.Posting("C0123456789", "1700000000.123456", "a" * 16, 1_700_000_000.0)
    perform(connection, cards.note_posting(ended.subject, "card", posting))
    beside = (keys.operation(ended.id), keys.card(ended.subject), keys.pages(ended.id))
    return sum(int(connection.memory_usage(key, samples=0) or 0) for key in beside)


def _findings(count: int) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            f"CVE-2026-{number}", "libssl3", "3.0.1-1", "3.0.2-1", Severity.HIGH, _TEXT, "usr/lib"
        )
        for number in range(count)
    )


def _scanned(count: int) -> Scanned:
    findings = _findings(count)
    return Scanned(
        samples.pinned(),
        "registry",
        samples.DIGEST,
        ScannerDatabase("2026-11-24T00:00:00Z", _NOW),
        blocked_by(findings),
        ((Severity.HIGH, count),),
        findings[:10],
        count,
        3.1,
    )


def _inspected(count: int) -> Inspected:
    long = _TEXT * (4 if count > 100 else 1)
    parameters = ExecutionParameters(
        ("/bin/web",),
        ("serve",),
        "web",
        ("8000/tcp",),
        tuple(f"NAME_{number}={long}" for number in range(count)),
        tuple((f"org.example.label.{number}", long) for number in range(count)),
    )
    image, digest = samples.pinned(), samples.DIGEST
    platforms = ("linux/amd64", "linux/arm64")
    return Inspected(image, "registry", digest, 210_000_000, _NOW, platforms, parameters, 10)
