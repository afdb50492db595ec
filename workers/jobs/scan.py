"""scan: the findings in an image, and who is told of the new ones."""

import time

from quaymaster.errors import ScannerBroken
from quaymaster.findings import Unknown
from quaymaster.gate import verdict_of
from quaymaster.image_ref import ImageRef
from quaymaster.operations import Stage
from quaymaster.outcomes import Scanned
from quaymaster.plans import Resolved
from quaymaster.progress import Progress
from quaymaster.requests import ScanRequest
from workers.alerts import alerts_of
from workers.images import inspect
from workers.jobs.examine import examine_alone
from workers.running import Running
from workers.scanned import Found, found_of, resolved_of
from workers.scanning import Asker, Shelf, report_of
from workers.steps import Finished, OrdersScan
from workers.toolbox import Toolbox

_SHOWN = 10


def scan_image(request: ScanRequest, running: Running, tools: Toolbox) -> Finished | OrdersScan:
    """The scanner does it in a registry; an image that a host has is scanned there."""
    if request.host is not None:
        return _scan_on_host(request.image, request.host, running, tools)
    if running.operation.stage is Stage.EXAMINE:
        return examine_alone(request, running, tools)
    found = found_of(running.operation, tools)
    resolved = resolved_of(running.operation)
    return _finished(resolved, "registry", found, running, tools)


def _scan_on_host(image: ImageRef, host: str, running: Running, tools: Toolbox) -> Finished:
    """Scan, or look the report up when this image was scanned with this database before."""
    started = time.monotonic()
    running.report(Progress("looking for the image"))
    engine = tools.engine(host)
    pinned = image.pinned(inspect(engine, image).image_id)
    running.report(Progress("scanning"))
    asker = Asker(tools.connection, tools.keys.ring, running.owner, running.check)
    report, why, was_there = None, "", False
    try:
        database, retention = tools.scanner.database(), tools.configuration.retention
        shelf = Shelf.of_host(host, pinned, database, tools.keys, retention)
        report, was_there = report_of(
            shelf, lambda: tools.scan_local(pinned, engine, running.check), asker
        )
    except ScannerBroken as error:
        why = str(error)
    found = Found(report, why, time.monotonic() - started, was_there)
    return _finished(Resolved(pinned, None), host, found, running, tools)


def _finished(
    resolved: Resolved, where: str, found: Found, running: Running, tools: Toolbox
) -> Finished:
    image, report = resolved.image, found.report
    if report is None:
        return Finished(_nothing_proven(resolved, where, found))
    alerts, also = alerts_of(report, running.operation.id, tools.configuration, tools.connection)
    scanned = Scanned(
        image=image,
        where=where,
        digest=image.digest,
        database=report.database,
        verdict=verdict_of(report, tools.configuration.general_gate(), tools.now()),
        counts=tuple(report.counts().items()),
        worst=report.findings[:_SHOWN],
        total=len(report.findings),
        seconds=found.seconds,
        reused=found.was_there,
        alerts=alerts,
        member=resolved.member,
    )
    return Finished(scanned, also=also)


def _nothing_proven(resolved: Resolved, where: str, found: Found) -> Scanned:
    """A scanner that says nothing is a verdict of its own: unknown, never clean."""
    return Scanned(
        image=resolved.image,
        where=where,
        digest=resolved.image.digest,
        database=None,
        verdict=Unknown(found.why),
        counts=(),
        worst=(),
        total=0,
        seconds=found.seconds,
        member=resolved.member,
    )
