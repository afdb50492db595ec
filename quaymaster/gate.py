"""The scan gate: what a report means for a deploy, and which findings are news."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, assert_never

from quaymaster.findings import (
    Blocked,
    Clean,
    Finding,
    Gap,
    ScannerDatabase,
    ScanReport,
    Severity,
    Unknown,
    Verdict,
    worst_first,
)

_NAMED = 10
"""At most this many findings are kept in full in a verdict; the report has all of them."""
_MOST_MARKS = 1_000
_MARK_LENGTH = 16
"""Characters of base64, of a hash of the key: enough that no other key with the same mark can be
found.
"""
_TOO_MANY = "#"


@dataclass(frozen=True, slots=True)
class GateRule:
    """What may not be deployed. ``block`` is None where findings never block."""

    block: Severity | None = Severity.HIGH
    only_fixable: bool = True
    """Whether a finding counts only once a fixed version exists."""
    unknown: Literal["block", "allow"] = "block"
    """What becomes of a deploy whose verdict is unknown."""
    database_older_than: timedelta = timedelta(hours=48)
    """From this age on the scanner's database proves nothing."""
    will_not_fix: Literal["count", "ignore"] = "ignore"
    """Whether a finding that its vendor will not fix counts also where a fix has to exist."""
    from_scratch: Literal["block", "allow"] = "block"
    """Whether an image without a distribution is judged by its own packages alone."""


def verdict_of(report: ScanReport | None, rule: GateRule, now: datetime) -> Verdict:
    """What the gate says about a report; no report and an old database are ``Unknown``.

    ``now`` must carry a time zone. Where unknown is let through, what an old database already
    knows to be bad is still ``Blocked``: a stale scanner must not open the gate.
    """
    if report is None:
        return Unknown("It was never scanned.")
    blocking = _blocking(report.findings, rule)
    outdated = why_outdated(report.database, rule.database_older_than, now)
    if outdated and not (blocking and rule.unknown == "allow"):
        return Unknown(outdated)
    if blocking:
        return blocked_by(blocking)
    is_scratch = report.gap is Gap.NO_DISTRIBUTION and rule.from_scratch == "allow"
    return Clean() if report.gap is None or is_scratch else _not_judged(report.system, report.gap)


def _not_judged(system: str, gap: Gap) -> Unknown:
    """What was not examined is never clean."""
    match gap:
        case Gap.NO_DISTRIBUTION:
            return Unknown(
                "The scanner finds no distribution in it, so what is installed is unknown.",
                "Build it on a distribution that the scanner knows. One that is built FROM scratch "
                "is judged by its own packages with `gate: {from_scratch: allow}` of its service.",
            )
        case Gap.NAMELESS:
            return Unknown(
                "It holds packages of a distribution and does not say of which.",
                "Leave /etc/os-release in the image.",
            )
        case Gap.NOT_SUPPORTED:
            return Unknown(
                f"The scanner does not support {system}.",
                "Build it on a distribution that the scanner knows.",
            )
        case Gap.NOT_RELEASED:
            return Unknown(
                f"{system} is not a release, and vulnerabilities are known only for releases.",
                "Build it on a release.",
            )
        case Gap.END_OF_LIFE:
            return Unknown(
                f"{system} is past its end of life: nobody reports vulnerabilities in it any more.",
                "Build it on a release that is still supported.",
            )
        case Gap.NO_PACKAGES:
            return Unknown(
                f"It says that it is {system}, but it has no package database.",
                "Leave the package database in the image.",
            )
        case _:
            assert_never(gap)


def why_outdated(database: ScannerDatabase, limit: timedelta, now: datetime) -> str:
    """Why a database proves nothing any more, in one sentence; empty while it does."""
    age = now - database.updated_at
    if age < limit:
        return ""
    made = database.updated_at.astimezone(UTC)
    return (
        f"The scanner's database is {_in_words(age)} old"
        f" ({made:%Y-%m-%d %H:%M} UTC); the limit is {_in_words(limit)}."
    )


def stops(verdict: Verdict, rule: GateRule) -> bool:
    """Whether the gate stops a deploy with this verdict."""
    match verdict:
        case Clean():
            return False
        case Blocked():
            return True
        case Unknown():
            return rule.unknown == "block"
        case _:
            assert_never(verdict)


def worse(planned: Verdict, now: Verdict) -> bool:
    """Whether the gate, asked again at execution, knows something worse than people approved.

    Whether that ends the deploy is for ``stops`` to say: unknown may be let through.
    Clean, then unknown, then blocked; a blocked one is worse than another when it holds a
    finding that the other did not, or one whose severity has risen.
    """
    if isinstance(planned, Blocked) and isinstance(now, Blocked):
        return _has_risen(planned.marks, now.marks)
    return _order(now) > _order(planned)


def blocked_by(findings: tuple[Finding, ...]) -> Blocked:
    """The verdict about findings that all reach the gate's severity, in any order."""
    return Blocked(worst_first(findings)[:_NAMED], len(findings), _marks(findings))


def new_findings(
    report: ScanReport, already_open: frozenset[str], at_least: Severity
) -> tuple[Finding, ...]:
    """What to alert about: findings of that severity that are not open yet, worst first.

    ``already_open`` holds the keys that were alerted for this repository. Each key is reported
    once, with its worst severity.
    """
    reaching = (f for f in worst_first(report.findings) if f.severity.reaches(at_least))
    return tuple(f for f in _one_per_key(reaching) if f.key not in already_open)


def gone_findings(report: ScanReport, already_open: frozenset[str]) -> frozenset[str]:
    """The keys of open findings that this report no longer has: fixed or withdrawn.

    A finding whose severity fell still exists, so it stays open and causes no second alert if it
    rises again.
    """
    return already_open - {finding.key for finding in report.findings}


def _blocking(findings: tuple[Finding, ...], rule: GateRule) -> tuple[Finding, ...]:
    threshold = rule.block
    if threshold is None:
        return ()
    return worst_first(
        tuple(
            finding
            for finding in findings
            if finding.severity.reaches(threshold)
            and (
                finding.fixed is not None
                or not rule.only_fixable
                or (finding.status.is_final and rule.will_not_fix == "count")
            )
        )
    )


def _marks(findings: tuple[Finding, ...]) -> str:
    """Of each key its worst severity, in just enough characters to distinguish them; the hash of
    all of it where there are more than a plan should carry.
    """
    ranks: dict[str, int] = {}
    for finding in findings:
        ranks[finding.key] = max(finding.severity.rank, ranks.get(finding.key, 0))
    marks = "".join(sorted(f"{_shortened(key)}{rank}" for key, rank in ranks.items()))
    if len(ranks) <= _MOST_MARKS:
        return marks
    return f"{_TOO_MANY}{hashlib.sha256(marks.encode()).hexdigest()}"


def _shortened(key: str) -> str:
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[: _MARK_LENGTH * 3 // 4]).decode()


def _has_risen(planned: str, now: str) -> bool:
    """Whether there is a finding that was not planned, or one whose severity is higher than it was.
    Beyond the limit, only equality can be checked: any difference counts as worse.
    """
    if _TOO_MANY in (planned[:1], now[:1]):
        return planned != now
    before = dict(_pairs(planned))
    return any(rank > before.get(key, -1) for key, rank in _pairs(now))


def _pairs(marks: str) -> Iterator[tuple[str, int]]:
    size = _MARK_LENGTH + 1
    for start in range(0, len(marks), size):
        yield marks[start : start + _MARK_LENGTH], int(marks[start + _MARK_LENGTH])


def _one_per_key(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.key, finding)
    return tuple(first.values())


def _order(verdict: Verdict) -> int:
    match verdict:
        case Clean():
            return 0
        case Unknown():
            return 1
        case Blocked():
            return 2
        case _:
            assert_never(verdict)


def _in_words(duration: timedelta) -> str:
    hours = int(duration.total_seconds() // 3600)
    if hours < 1:
        return f"{int(duration.total_seconds() // 60)} minutes"
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"
