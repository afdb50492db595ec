"""The one function that the scanner's RQ worker calls: do the scan that an order asks for.

Ask of every line: if the process dies here, who goes on? Until the answer stands, the order stands
under a lease that runs out, and a worker's reconciler puts it before the scanner again.
"""

import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import structlog
from rq import Retry

from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import (
    Cancelled,
    Forged,
    HandedBack,
    QuaymasterError,
    ScannerBroken,
    Unavailable,
    WrittenByNewer,
)
from quaymaster.findings import ScanReport
from quaymaster.key_ring import ProgramRole
from quaymaster.logs import unforeseen
from quaymaster.scan_orders import ScanAnswer, ScanOrder
from quaymaster.settings import Settings
from quaymaster.signed import Signed
from quaymaster.signing_key import Keys
from quaymaster.store import leases, scan_orders
from quaymaster.store.connections import worker_connection
from quaymaster.store.transactions import Connection, Transaction, ask, perform
from workers.registry.auth import RegistryLogin
from workers.scanner.scanner import Scanner
from workers.work import configurations, shutdown
from workers.work.lease_keeper import kept_alive
from workers.work.scanning import ReportCache, ScanClient, report_of

log = structlog.get_logger(__name__)

LONGEST_SECONDS = 15 * 60
"""A scan that takes longer has failed."""
_ASK_SECONDS = 0.5
_SAVE_WITHIN_SECONDS = 120
_PUT_BACK_AFTER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ScanTools:
    """All that the scanner has: registries to read from, a database of vulnerabilities, its key."""

    configuration: Configuration
    environ: Mapping[str, str] = field(repr=False)
    connection: Connection
    keys: Keys


@dataclass(slots=True)
class _Work:
    """An order in hand."""

    order: Signed[ScanOrder]
    tools: ScanTools
    owner: str
    began: float = field(default_factory=time.monotonic)
    _last_ask: float = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def check(self) -> None:
        """Raise Cancelled, HandedBack or ScannerBroken when the scan should stop here."""
        if shutdown.is_asked():
            raise HandedBack("The scanner is shutting down; the order goes back to its queue.")
        if self.seconds > LONGEST_SECONDS:
            raise ScannerBroken(f"The scanner did not end within {LONGEST_SECONDS // 60} minutes.")
        now = time.monotonic()
        if now - self._last_ask < _ASK_SECONDS:
            return
        self._last_ask = now
        try:
            is_standing = ask(self.tools.connection, scan_orders.is_standing(self.order))
        except Unavailable:
            return
        if not is_standing:
            raise Cancelled("Nobody waits for this scan any more.")


def run_scan(order_id: str) -> Retry | None:
    """Do the scan that an order asks for, and store the answer.

    Never raises for what went wrong with the scan: that is in the answer. What it returns has RQ
    put the same job at the end of its queue (``Worker.handle_job_retry``), for another scanner.
    """
    with opened() as tools:
        if run(order_id, tools):
            return None
    if not shutdown.is_asked():
        time.sleep(_PUT_BACK_AFTER_SECONDS)
    return Retry(max=sys.maxsize)


def run(order_id: str, tools: ScanTools) -> bool:
    """The same with existing tools. False when the job has to stay: a newer Quaymaster wrote the
    order, or this scanner is shutting down.
    """
    try:
        order = ask(tools.connection, scan_orders.load(order_id, tools.keys.ring))
    except WrittenByNewer:
        log.warning("left to a newer scanner", order=order_id[:40])
        return False
    except Forged as error:
        log.warning("order refused", order=order_id[:40], why=str(error))
        return True
    if order is None:
        log.info("no such order", order=order_id[:40])
        return True
    return _run(order, tools)


def _run(order: Signed[ScanOrder], tools: ScanTools) -> bool:
    order_id = order.value.id
    # When it began is for the reconcilers (workers/work/scan_watch.py).
    owner = f"{int(time.time())}:{uuid.uuid4().hex}"
    name = scan_orders.lease_name(order_id)
    held = (name, owner, leases.OPERATION_MILLISECONDS)
    if not perform(tools.connection, leases.take(*held)):
        log.info("another scanner does this", order=order_id)
        return True
    try:
        with kept_alive(tools.connection, [held], takes_again=True):
            _do(_Work(order, tools, owner))
    except Cancelled:
        log.info("order withdrawn", order=order_id)
    except HandedBack:
        return False
    except Unavailable:
        log.warning("order not answered; it is done again", order=order_id)
    finally:
        _give_back(name, owner, tools)
    return True


def _do(work: _Work) -> None:
    answer = _answer(work)
    _save(scan_orders.answer(answer, work.order, work.tools.keys.private), work.tools)


def _answer(work: _Work) -> ScanAnswer:
    """What came of it. Raises Cancelled, HandedBack and Unavailable."""
    order = work.order.value
    try:
        report, was_there = report_of(*_what_and_how(work))
    except (Cancelled, HandedBack, Unavailable):
        raise
    except QuaymasterError as error:
        return ScanAnswer(order.id, None, str(error), seconds=work.seconds)
    except Exception as error:  # noqa: BLE001 - the edge: whoever asked gets an answer
        trouble = unforeseen(error, "scanner", operation=order.operation)
        words = f"{trouble.what} {trouble.next_step} Reference: {trouble.reference}."
        return ScanAnswer(order.id, None, words, seconds=work.seconds)
    return ScanAnswer(order.id, report.database, reused=was_there, seconds=work.seconds)


def _what_and_how(work: _Work) -> tuple[ReportCache, Callable[[], ScanReport], ScanClient]:
    tools, image, config = work.tools, work.order.value.image, work.order.value.config
    scanner = Scanner.locate(tools.environ)
    access = tools.configuration.registry(image.repository.registry)
    login = RegistryLogin.of(access, tools.environ)
    cache = ReportCache.of_registry(
        image, scanner.database(), tools.keys, tools.configuration.retention
    )
    client = ScanClient(tools.connection, tools.keys.ring, work.owner, work.check)
    return cache, lambda: scanner.scan_registry(image, login, work.check, config), client


def _save(transaction: Transaction[bool], tools: ScanTools) -> None:
    """Store the result, even if Redis was unreachable in between."""
    deadline = time.monotonic() + _SAVE_WITHIN_SECONDS
    while True:
        try:
            if not perform(tools.connection, transaction):
                log.info("nobody waits for this scan any more")
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(_ASK_SECONDS)
        else:
            return


def _give_back(name: str, owner: str, tools: ScanTools) -> None:
    try:
        perform(tools.connection, leases.give_back(name, owner))
    except Unavailable:
        log.warning("lease not given back; it expires by itself", lease=name)


@cache
def prepared() -> tuple[Settings, Keys]:
    """What the scanner is started with; read before the fork, shared by every scan."""
    settings = Settings.from_env(os.environ)
    return settings, settings.keys(ProgramRole.SCANNER)


@contextmanager
def opened() -> Iterator[ScanTools]:
    """The tools of one scan."""
    settings, keys = prepared()
    configuration = configurations.in_use() or Configuration.load(settings.config)
    connection = worker_connection(settings.redis_url.get_secret_value())
    try:
        yield ScanTools(configuration, os.environ, connection, keys)
    finally:
        connection.close()
