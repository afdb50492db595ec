"""Findings: a few on a card, all of them in a file."""

from collections.abc import Sequence

from bot.views.amounts import ICONS, counted
from bot.views.parts import Code, Line, cleaned, clipped, more
from quaymaster.findings import Finding, ScanReport, Severity

_CELL_LIMIT = 40
"""Columns get no wider; what is longer pushes its own line to the right and is not cut."""


def finding_row(finding: Finding) -> Line:
    """What is where, what fixes it, and what it is about."""
    path = f" in {clipped(finding.path, 60)}" if finding.path else ""
    title = f" · {clipped(finding.title, 90)}" if cleaned(finding.title) else ""
    return (
        f"{ICONS[finding.severity]} {clipped(finding.vulnerability, 40)} ",
        Code(clipped(finding.package, 50)),
        f" {_versions(finding)}{path}{title}",
    )


def finding_rows(findings: Sequence[Finding], total: int, limit: int) -> list[Line]:
    """The first of them, and how many more there are."""
    rows = [finding_row(finding) for finding in findings[:limit]]
    if total > len(rows):
        rows.append((more(total - len(rows)),))
    return rows


def findings_table(report: ScanReport) -> str:
    """The whole report as aligned text, for a file."""
    head = ("SEVERITY", "ID", "PACKAGE", "INSTALLED", "FIXED IN", "PATH", "TITLE")
    rows = [_cells(finding) for finding in report.findings]
    widths = [
        min(_CELL_LIMIT, max(len(row[column]) for row in [head, *rows]))
        for column in range(len(head))
    ]
    table = [_aligned(row, widths) for row in [head, *rows]] if rows else ["No findings."]
    return "\n".join([*_preamble(report), "", *table, ""])


def _preamble(report: ScanReport) -> list[str]:
    counts = report.counts()
    worst_first = sorted(Severity, key=lambda severity: -severity.rank)
    numbers = ", ".join(f"{counts[one]} {one}" for one in worst_first if counts.get(one))
    total = counted(len(report.findings), "finding")
    gap = [f"Incomplete scan: {report.gap}"] if report.gap is not None else []
    return [
        f"{report.repository}@{report.digest}",
        f"{total}: {numbers}" if numbers else total,
        *gap,
        f"Scanned {report.scanned_at:%Y-%m-%d %H:%M %Z} by {cleaned(report.scanner)}, database of"
        f" {report.database.updated_at:%Y-%m-%d %H:%M %Z} ({cleaned(report.database.version)})",
    ]


def _cells(finding: Finding) -> tuple[str, ...]:
    values = (
        finding.severity.value,
        finding.vulnerability,
        finding.package,
        finding.installed,
        finding.fixed or (finding.no_fix if finding.status.is_final else "–"),
        finding.path or "–",
        finding.title,
    )
    return tuple(cleaned(value) for value in values)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _versions(finding: Finding) -> str:
    installed = clipped(finding.installed, 40)
    if finding.fixed is None:
        return f"{installed}, {finding.no_fix}"
    return f"{installed} → {clipped(finding.fixed, 40)}"
