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
    """Nobody knows: scanner broken, database missing or too old, never scanned."""

    why: str
    kind: Literal["unknown"] = "unknown"


Verdict = Clean | Blocked | Unknown


def worst_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """By severity, those with a fix before those without, then by name."""
    return tuple(
        sorted(findings, key=lambda f: (-f.severity.rank, f.fixed is None, f.package, f.key))
    )
