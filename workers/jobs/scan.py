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
from workers.docker.images import inspect
from workers.jobs.alerts import alerts_of
from workers.jobs.deploy.examine import examine_alone
from workers.jobs.deploy.scanned import ScanResult, resolved_of, scan_result_of
from workers.work.running import RunningOperation
from workers.work.scanning import ReportCache, ScanClient, report_of
from workers.work.steps import Finished, OrdersScan
from workers.work.toolbox import Toolbox

_SHOWN = 10


def scan_image(
    request: ScanRequest, work: RunningOperation, tools: Toolbox
) -> Finished | OrdersScan:
    """The scanner does it in a registry; an image that a host has is scanned there."""
    if request.host is not None:
        return _scan_on_host(request.image, request.host, work, tools)
    if work.operation.stage is Stage.EXAMINE:
        return examine_alone(request, work, tools)
    result = scan_result_of(work.operation, tools)
    resolved = resolved_of(work.operation)
    return _finished(resolved, "registry", result, work, tools)


def _scan_on_host(image: ImageRef, host: str, work: RunningOperation, tools: Toolbox) -> Finished:
    """Scan, or look the report up when this image was scanned with this database before."""
    started = time.monotonic()
    work.report(Progress("looking for the image"))
    engine = tools.engine(host)
    pinned = image.pinned(inspect(engine, image).image_id)
    work.report(Progress("scanning"))
    client = ScanClient(tools.connection, tools.keys.ring, work.owner, work.check)
    report, why, was_there = None, "", False
    try:
        database, retention = tools.scanner.database(), tools.configuration.retention
        cache = ReportCache.of_host(host, pinned, database, tools.keys, retention)
        report, was_there = report_of(
            cache, lambda: tools.scan_local(pinned, engine, work.check), client
        )
    except ScannerBroken as error:
        why = str(error)
    result = ScanResult(report, why, time.monotonic() - started, was_there)
    return _finished(Resolved(pinned, None), host, result, work, tools)


def _finished(
    resolved: Resolved, where: str, result: ScanResult, work: RunningOperation, tools: Toolbox
) -> Finished:
    image, report = resolved.image, result.report
    if report is None:
        return Finished(_nothing_proven(resolved, where, result))
    alerts, also = alerts_of(report, work.operation.id, tools.configuration, tools.connection)
    scanned = Scanned(
        image=image,
        where=where,
        digest=image.digest,
        database=report.database,
        verdict=verdict_of(report, tools.configuration.general_gate(), tools.now()),
        counts=tuple(report.counts().items()),
        worst=report.findings[:_SHOWN],
        total=len(report.findings),
        seconds=result.seconds,
        reused=result.was_there,
        alerts=alerts,
        member=resolved.member,
    )
    return Finished(scanned, also=also)


def _nothing_proven(resolved: Resolved, where: str, result: ScanResult) -> Scanned:
    """A scanner that says nothing is a verdict of its own: unknown, never clean."""
    return Scanned(
        image=resolved.image,
        where=where,
        digest=resolved.image.digest,
        database=None,
        verdict=Unknown(result.why),
        counts=(),
        worst=(),
        total=0,
        seconds=result.seconds,
        member=resolved.member,
    )
