"""What a scan says: findings, the report that holds them, and the verdict of the gate."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from quaymaster.image_ref import Digest, Repository


class Severity(StrEnum):
    """Trivy's five words, ordered by ``rank``."""

    UNKNOWN = "unknown"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    def reaches(self, threshold: "Severity") -> bool:
        """Whether this severity is at least the threshold. ``unknown`` reaches nothing."""
        return self is not Severity.UNKNOWN and self.rank >= threshold.rank


class FixStatus(StrEnum):
    """What its vendor says about a fix, in Trivy's words:
    https://github.com/aquasecurity/trivy-db/blob/main/pkg/types/status.go
    """

    UNKNOWN = "unknown"
    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"
    WILL_NOT_FIX = "will_not_fix"
    FIX_DEFERRED = "fix_deferred"
    END_OF_LIFE = "end_of_life"

    @property
    def is_final(self) -> bool:
        """Whether waiting for a fix is of no use."""
        return self in (FixStatus.WILL_NOT_FIX, FixStatus.END_OF_LIFE)


_NO_FIX = {
    FixStatus.WILL_NOT_FIX: "will not be fixed",
    FixStatus.END_OF_LIFE: "will not be fixed: end of life",
    FixStatus.FIX_DEFERRED: "fix deferred",
    FixStatus.UNDER_INVESTIGATION: "under investigation",
}


class Gap(StrEnum):
    """Why a scanner cannot judge an image, or not all of it: what it did not look at."""

    NO_DISTRIBUTION = "no distribution"
    NAMELESS = "nameless distribution"
    NOT_SUPPORTED = "distribution not supported"
    NOT_RELEASED = "not a release"
    END_OF_LIFE = "end of life"
    NO_PACKAGES = "no package database"


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability in one package of one image. All text is from outside: escape it."""

    vulnerability: str
    package: str
    installed: str
    fixed: str | None
    severity: Severity
    title: str = ""
    path: str = ""
    status: FixStatus = FixStatus.UNKNOWN

    @property
    def no_fix(self) -> str:
        """What there is to say where no version fixes it."""
        return _NO_FIX.get(self.status, "no fix yet")

    @property
    def key(self) -> str:
        """What makes it the same finding in a later scan: id, package and path, not versions."""
        return "\x1f".join((self.vulnerability, self.package, self.path))


@dataclass(frozen=True, slots=True)
class ScannerDatabase:
    """The vulnerability database of a scan."""

    version: str
    """Changes whenever the content does; part of the key under which a report is kept."""
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ScanReport:
    """Every finding in one image, by one database. Worst first."""

    repository: Repository
    digest: Digest
    database: ScannerDatabase
    scanned_at: datetime
    findings: tuple[Finding, ...]
    scanner: str = "trivy"
    system: str = ""
    """The distribution in it, as the scanner calls it: text from outside."""
    gap: Gap | None = None
    """None if all of the image's packages were examined, as far as the report shows."""

    def counts(self) -> Mapping[Severity, int]:
        """How many findings of each severity; severities without any are absent."""
        return Counter(finding.severity for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Clean:
    """Nothing that the gate minds."""

    kind: Literal["clean"] = "clean"


@dataclass(frozen=True, slots=True)
class Blocked:
    """Findings that reach the gate's severity. Of bounded size, however many they are:
    ``gate.blocked_by`` makes it.
    """

    by: tuple[Finding, ...]
    """The worst of them, worst first, at most ten."""
    total: int
    marks: str
    """All of them, shortened to what a comparison needs (``gate.worse``)."""
    kind: Literal["blocked"] = "blocked"


@dataclass(frozen=True, slots=True)
class Unknown:
    """No verdict: scanner broken, database missing or too old, never scanned, not judged."""

    why: str
    next_step: str = ""
    """What helps, where that is not to repair the scanner."""
    kind: Literal["unknown"] = "unknown"


Verdict = Clean | Blocked | Unknown


def worst_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """By severity, those with a fix before those without, then by name."""
    return tuple(
        sorted(findings, key=lambda f: (-f.severity.rank, f.fixed is None, f.package, f.key))
    )
