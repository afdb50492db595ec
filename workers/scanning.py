"""One scan per digest and database: look the report up, or make it while others wait for it."""

import time
from collections.abc import Callable
from dataclasses import replace

from quaymaster.errors import OutsideFailure
from quaymaster.findings import ScanReport
from quaymaster.image_ref import ImageRef
from quaymaster.store import leases, reports
from quaymaster.store.transactions import ask, perform
from workers.running import Running, kept_alive
from workers.toolbox import Toolbox

_LEASE_MILLISECONDS = 10_000
_LOOK_SECONDS = 0.1
_WAIT_SECONDS = 15 * 60


def report_of(
    image: ImageRef,
    scan: Callable[[], ScanReport],
    running: Running,
    tools: Toolbox,
) -> tuple[ScanReport, bool]:
    """The report about a pinned image with the scanner's present database, and whether it was
    there.

    Of several operations that ask at once one scans; the others wait for its report. Raises
    OutsideFailure when the scanner cannot say anything.
    """
    database = tools.scanner.database()
    lease = f"scan:{image.pin}:{database.version}"
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        report = ask(tools.connection, reports.kept(image.pin, database.version, tools.keys.ring))
        if report is not None:
            # The same digest may have been scanned under the name of another repository.
            return replace(report, repository=image.repository), True
        if perform(tools.connection, leases.take(lease, running.owner, _LEASE_MILLISECONDS)):
            return _scan_leased(lease, scan, running, tools), False
        running.check()
        time.sleep(_LOOK_SECONDS)
    raise OutsideFailure(
        "Another scan of the same image did not end.",
        next_step="Try again; whoever runs Quaymaster finds the other scan with `/image jobs`.",
        trying_again_can_help=True,
    )


def _scan_leased(
    lease: str, scan: Callable[[], ScanReport], running: Running, tools: Toolbox
) -> ScanReport:
    held = [(lease, running.owner, _LEASE_MILLISECONDS)]
    with kept_alive(tools.connection, lambda: held):
        try:
            report = scan()
            retention = tools.configuration.retention
            perform(tools.connection, reports.keep(report, tools.keys.private, retention))
        finally:
            perform(tools.connection, leases.give_back(lease, running.owner))
    return report
