"""The first stage of a deploy: what is this image? Runs where there is no Docker socket."""

from dataclasses import dataclass

from quaymaster.errors import Conflict, OutsideFailure
from quaymaster.findings import Finding, ScanReport, Unknown, Verdict, worst_first
from quaymaster.gate import verdict_of
from quaymaster.image_ref import Digest, ImageRef
from quaymaster.operations import Stage
from quaymaster.plans import Examined
from quaymaster.progress import Progress
from quaymaster.queues import host_queue
from quaymaster.requests import DeployRequest
from workers.ledger import bad_digests_of, newest_report, releases_of
from workers.running import Running
from workers.scanning import report_of
from workers.steps import Continues
from workers.toolbox import Toolbox

_SHOWN = 10


def examine(request: DeployRequest, running: Running, tools: Toolbox) -> Continues:
    """Pin the tag to its digest, refuse what may not run there, and ask the scanner."""
    running.report(Progress("resolving the tag"))
    registry = tools.registry(request.image.repository.registry)
    resolved = registry.resolve(request.image)
    image = request.image.pinned(resolved.digest)
    _refuse_rolled_back(request, resolved.digest, tools)
    _refuse_unreleased_before(request, resolved.digest, tools)
    running.report(Progress("scanning"))
    verdict, report = _verdict(request, image, running, tools)
    compared = _compared(request, report, tools)
    examined = Examined(
        image=image,
        size=registry.size(image),
        verdict=verdict,
        counts=tuple(report.counts().items()) if report else (),
        gained=compared.gained[:_SHOWN],
        lost=compared.lost[:_SHOWN],
        gained_total=len(compared.gained),
        lost_total=len(compared.lost),
    )
    host = tools.configuration.host_of(request.environment)
    return Continues(Stage.PLAN, host_queue(host), examined=examined)


@dataclass(frozen=True, slots=True)
class _Compared:
    gained: tuple[Finding, ...] = ()
    lost: tuple[Finding, ...] = ()


def _verdict(
    request: DeployRequest, image: ImageRef, running: Running, tools: Toolbox
) -> tuple[Verdict, ScanReport | None]:
    rule = tools.configuration.gate_for(request.environment, request.service)
    try:
        report, _ = report_of(
            image, lambda: tools.scan_registry(image, running.check), running, tools
        )
    except OutsideFailure as error:
        return Unknown(str(error)), None
    return verdict_of(report, rule, tools.now()), report


def _compared(request: DeployRequest, report: ScanReport | None, tools: Toolbox) -> _Compared:
    """Findings gained and lost against what runs now, by its newest report."""
    latest = releases_of(request.environment, request.service, tools, 1)
    digest = latest[0].image.digest if latest else None
    if report is None or digest is None:
        return _Compared()
    earlier = newest_report(digest, tools)
    if earlier is None:
        return _Compared()
    before = {one.key: one for one in earlier.findings}
    after = {one.key: one for one in report.findings}
    return _Compared(
        worst_first(tuple(one for key, one in after.items() if key not in before)),
        worst_first(tuple(one for key, one in before.items() if key not in after)),
    )


def _refuse_rolled_back(request: DeployRequest, digest: Digest, tools: Toolbox) -> None:
    mark = bad_digests_of(request.environment, request.service, tools).get(digest)
    if mark is not None:
        raise Conflict(
            f"{tools.familiar(request.image)} was rolled back from "
            f"{request.environment}/{request.service}.",
            why=f"#{mark.operation} did that, so the same digest {digest.short} is not deployed "
            "there again.",
            next_step="Deploy another build of it.",
        )


def _refuse_unreleased_before(request: DeployRequest, digest: Digest, tools: Toolbox) -> None:
    before = tools.configuration.environment(request.environment).after
    if before is None:
        return
    services = tools.configuration.environment(before).services
    for service in services:
        if any(one.image.digest == digest for one in releases_of(before, service, tools, 500)):
            return
    name = tools.familiar(request.image)
    raise Conflict(
        f"{name} ({digest.short}) was never released in {before}.",
        why=f"{request.environment} accepts only what ran in {before}.",
        next_step=f"Deploy it there first: `/image deploy {name} to {before}`.",
    )
