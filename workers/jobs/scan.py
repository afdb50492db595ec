"""scan: the findings in an image, and who is told of the new ones."""

import time
from collections.abc import Callable
from dataclasses import replace

from quaymaster.errors import ScannerBroken
from quaymaster.findings import ScanReport, Unknown
from quaymaster.gate import verdict_of
from quaymaster.image_ref import ImageRef
from quaymaster.outcomes import Scanned
from quaymaster.progress import Progress
from quaymaster.requests import ScanRequest
from workers.alerts import alerts_of
from workers.images import inspect
from workers.running import Running
from workers.scanning import report_of
from workers.steps import Finished
from workers.toolbox import Toolbox

_SHOWN = 10


def scan_image(request: ScanRequest, running: Running, tools: Toolbox) -> Finished:
    """Scan, or look the report up when this digest was scanned with this database before."""
    started = time.monotonic()
    running.report(Progress("looking for the image"))
    image, scan, where = _what_and_how(request, running, tools)
    running.report(Progress("scanning"))
    try:
        report, was_there = report_of(image, scan, running, tools)
    except ScannerBroken as error:
        return Finished(_nothing_proven(image, where, error, time.monotonic() - started))
    alerts, also = alerts_of(report, running.operation.id, tools.configuration, tools.connection)
    scanned = Scanned(
        image=image,
        where=where,
        digest=image.pin,
        database=report.database,
        verdict=verdict_of(report, tools.configuration.general_gate(), tools.now()),
        counts=tuple(report.counts().items()),
        worst=report.findings[:_SHOWN],
        total=len(report.findings),
        seconds=time.monotonic() - started,
        reused=was_there,
        alerts=alerts,
    )
    return Finished(scanned, also=also)


def _nothing_proven(image: ImageRef, where: str, error: ScannerBroken, seconds: float) -> Scanned:
    """A scanner that says nothing is a verdict of its own: unknown, never clean."""
    return Scanned(
        image=image,
        where=where,
        digest=image.pin,
        database=None,
        verdict=Unknown(str(error)),
        counts=(),
        worst=(),
        total=0,
        seconds=seconds,
    )


def _what_and_how(
    request: ScanRequest, running: Running, tools: Toolbox
) -> tuple[ImageRef, Callable[[], ScanReport], str]:
    """The image pinned to what will be scanned, how to scan it, and where it is."""
    if request.host is not None:
        engine = tools.engine(request.host)
        pinned = replace(request.image, digest=inspect(engine, request.image).image_id)
        return pinned, lambda: tools.scan_local(request.image, engine, running.check), request.host
    registry = tools.registry(request.image.repository.registry)
    pinned = request.image.pinned(registry.resolve(request.image).digest)
    return pinned, lambda: tools.scan_registry(pinned, running.check), "registry"
