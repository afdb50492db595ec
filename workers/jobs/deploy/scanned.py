"""Reads the scanner's answer when the operation continues."""

from dataclasses import dataclass, replace
from typing import assert_never

from quaymaster.errors import Forged
from quaymaster.findings import Finding, ScanReport, Unknown, Verdict, worst_first
from quaymaster.gate import GateRule, verdict_of
from quaymaster.image_ref import PinnedImage
from quaymaster.operations import Operation
from quaymaster.plans import Examined, Resolved
from quaymaster.requests import DeployRequest
from quaymaster.scan_orders import ScanAnswer
from quaymaster.store import reports, scan_orders
from quaymaster.store.scan_orders import GivenUp
from quaymaster.store.transactions import ask
from workers.jobs.deploy.ledger import newest_report, releases_of
from workers.work.scan_watch import LONGEST, MOST_LOST
from workers.work.toolbox import Toolbox

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The scanner's report, or why there is none."""

    report: ScanReport | None
    why: str
    """Empty where there is a report."""
    seconds: float
    was_there: bool

    def verdict(self, rule: GateRule, tools: Toolbox) -> Verdict:
        """The gate's verdict. Without a report it is unknown, never clean."""
        return Unknown(self.why) if self.why else verdict_of(self.report, rule, tools.now())


def resolved_of(operation: Operation) -> Resolved:
    """What was scanned. Raises Forged for an operation that nobody looked at."""
    if operation.resolved is None:
        raise Forged("The image was not examined, so nothing was done.")
    return operation.resolved


def scan_result_of(operation: Operation, tools: Toolbox) -> ScanResult:
    """What the scanner found. Raises Forged and WrittenByNewer."""
    image = resolved_of(operation).image
    order = operation.scan_order or ""
    answer = ask(tools.connection, scan_orders.answered(order, tools.keys.ring))
    if answer is None:
        why = _silence(ask(tools.connection, scan_orders.why_given_up(order)))
        return ScanResult(None, why, 0.0, was_there=False)
    report = _report(image, answer, tools)
    why = answer.failure or ("" if report else "The scanner's report is gone.")
    return ScanResult(report, why, answer.seconds, answer.reused)


def examined_of(request: DeployRequest, operation: Operation, tools: Toolbox) -> Examined:
    """What is known about the image of a deploy. Raises Forged and WrittenByNewer."""
    resolved, result = resolved_of(operation), scan_result_of(operation, tools)
    rule = tools.configuration.gate_for(request.service_ref)
    compared = _compared(request, result.report, tools)
    return Examined(
        image=resolved.image,
        size=resolved.size,
        verdict=result.verdict(rule, tools),
        counts=tuple(result.report.counts().items()) if result.report else (),
        gained=compared.gained[:_SHOWN],
        lost=compared.lost[:_SHOWN],
        gained_total=len(compared.gained),
        lost_total=len(compared.lost),
        member=resolved.member,
    )


def _report(image: PinnedImage, answer: ScanAnswer, tools: Toolbox) -> ScanReport | None:
    if answer.database is None or answer.failure:
        return None
    version = answer.database.version
    report = ask(tools.connection, reports.kept(image.digest, version, tools.keys.ring))
    # The same digest may have been scanned under the name of another repository.
    return replace(report, repository=image.repository) if report else None


def _silence(why: GivenUp) -> str:
    match why:
        case "died":
            return f"The scanner died {MOST_LOST} times with it."
        case "slow":
            return f"The scanner did not end within {LONGEST.total_seconds() / 60:.0f} minutes."
        case "":
            return "The scanner has not answered."
        case _:
            assert_never(why)


@dataclass(frozen=True, slots=True)
class _Compared:
    gained: tuple[Finding, ...] = ()
    lost: tuple[Finding, ...] = ()


def _compared(request: DeployRequest, report: ScanReport | None, tools: Toolbox) -> _Compared:
    """Findings gained and lost against what runs now, by its newest report."""
    latest = releases_of(request.service_ref, tools, 1)
    if report is None or not latest:
        return _Compared()
    earlier = newest_report(latest[0].image.digest, tools)
    if earlier is None:
        return _Compared()
    before = {one.key: one for one in earlier.findings}
    after = {one.key: one for one in report.findings}
    return _Compared(
        worst_first(tuple(one for key, one in after.items() if key not in before)),
        worst_first(tuple(one for key, one in before.items() if key not in after)),
    )
