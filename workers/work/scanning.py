"""One scan per digest and database: look the report up, or make it while others wait for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from quaymaster.errors import Forged, OutsideFailure, Unavailable, WrittenByNewer
from quaymaster.findings import ScannerDatabase, ScanReport
from quaymaster.image_ref import PinnedImage
from quaymaster.key_ring import KeyRing
from quaymaster.retention import Retention
from quaymaster.signing_key import Keys
from quaymaster.store import leases, reports
from quaymaster.store.transactions import Connection, Query, Transaction, ask, perform
from workers.work.lease_keeper import kept_alive

log = structlog.get_logger(__name__)

LEASE_MILLISECONDS = 10_000
_LOOK_SECONDS = 0.1
_WAIT_SECONDS = 15 * 60
_SAVE_WITHIN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class ReportCache:
    """Where the reports about an image are kept, and under whose signature."""

    image: PinnedImage
    database: ScannerDatabase
    lease: str
    kept: Callable[[KeyRing], Query[ScanReport | None]]
    keep: Callable[[ScanReport], Transaction[None]]

    @classmethod
    def of_registry(
        cls, image: PinnedImage, database: ScannerDatabase, own: Keys, retention: Retention
    ) -> "ReportCache":
        """The one that the gate trusts: the scanner alone signs what is on it."""
        return cls(
            image,
            database,
            f"scan:{image.digest}:{database.version}",
            lambda ring: reports.kept(image.digest, database.version, ring),
            lambda report: reports.keep(report, own.private, retention),
        )

    @classmethod
    def of_host(
        cls,
        host: str,
        image: PinnedImage,
        database: ScannerDatabase,
        own: Keys,
        retention: Retention,
    ) -> "ReportCache":
        """For an image that only a host has; its worker signs what is on it."""
        return cls(
            image,
            database,
            f"scan-local:{host}:{image.digest}:{database.version}",
            lambda ring: reports.kept_local(host, image.digest, database.version, ring),
            lambda report: reports.keep_local(host, report, own.private, retention),
        )


@dataclass(frozen=True, slots=True)
class ScanClient:
    """Who wants a report: under which name it holds leases, and whether it still wants it."""

    connection: Connection
    ring: KeyRing
    owner: str
    check: Callable[[], None]
    """Raises when it does not."""


def report_of(
    cache: ReportCache, scan: Callable[[], ScanReport], client: ScanClient
) -> tuple[ScanReport, bool]:
    """The report about a pinned image with the scanner's present database, and whether it was
    there. Of several that ask at once one scans; the others wait for its report.

    What stands in its place and is no report is replaced by one. Raises OutsideFailure when the
    scanner cannot say anything, and what ``check`` raises.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        report = _kept(cache, client)
        if report is not None:
            # The same digest may have been scanned under the name of another repository.
            return replace(report, repository=cache.image.repository), True
        if perform(client.connection, leases.take(cache.lease, client.owner, LEASE_MILLISECONDS)):
            return _scan_leased(cache, scan, client), False
        client.check()
        time.sleep(_LOOK_SECONDS)
    raise OutsideFailure(
        "Another scan of the same image did not end.",
        next_step="Try again; `/image jobs` shows the other scan.",
        trying_again_can_help=True,
    )


def _kept(cache: ReportCache, client: ScanClient) -> ScanReport | None:
    try:
        return ask(client.connection, cache.kept(client.ring))
    except (Forged, WrittenByNewer) as error:
        log.warning("a report is made again", image=str(cache.image), why=str(error))
        return None


def _keep(report: ScanReport, cache: ReportCache, client: ScanClient) -> None:
    """Store it, even if Redis was unreachable in between: scans take minutes."""
    deadline = time.monotonic() + _SAVE_WITHIN_SECONDS
    while True:
        try:
            perform(client.connection, cache.keep(report))
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            client.check()
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _scan_leased(
    cache: ReportCache, scan: Callable[[], ScanReport], client: ScanClient
) -> ScanReport:
    held = [(cache.lease, client.owner, LEASE_MILLISECONDS)]
    with kept_alive(client.connection, held):
        try:
            report = scan()
            _keep(report, cache, client)
        finally:
            perform(client.connection, leases.give_back(cache.lease, client.owner))
    return report
