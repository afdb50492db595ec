"""Findings on cards and in the file."""

from dataclasses import replace

from bot.views.findings import finding_rows, findings_table
from bot.views.parts import mrkdwn
from quaymaster.findings import FixStatus, Gap, ScannerDatabase, ScanReport
from tests.bot.views.cases import DIGEST, FINDINGS, NOW, REPOSITORY

REPORT = ScanReport(REPOSITORY, DIGEST, ScannerDatabase("2026-05-04", NOW), NOW, FINDINGS)


def test_the_table_is_aligned_and_whole() -> None:
    assert findings_table(REPORT) == (
        f"registry.example.com/shop/web@{DIGEST}\n"
        "3 findings: 1 critical, 2 high\n"
        "Scanned 2026-05-04 10:30 UTC by trivy,"
        " database of 2026-05-04 10:30 UTC (2026-05-04)\n"
        "\n"
        "SEVERITY  ID             PACKAGE   INSTALLED  FIXED IN  PATH                      TITLE\n"
        "critical  CVE-2026-1234  openssl   3.0.1      3.0.2     –                        "
        " Buffer overflow in the handshake\n"
        "high      CVE-2026-1300  libxml2   2.9.14     –         –                        "
        " Use after free\n"
        "high      CVE-2026-1301  requests  2.1        2.2       srv/app/requirements.txt "
        " <!channel> *bold* `code` <@U0EVIL>\n"
    )


def test_a_report_without_findings_says_so() -> None:
    assert "No findings." in findings_table(replace(REPORT, findings=()))


def test_a_title_is_whole_in_the_file_and_cut_on_the_card() -> None:
    long = replace(FINDINGS[0], title="A" * 5_000)
    assert "A" * 5_000 in findings_table(replace(REPORT, findings=(long,)))
    (row,) = finding_rows([long], 1, 5)
    assert len(mrkdwn(row)) < 300
    assert mrkdwn(row).endswith("A…")


def test_what_is_not_shown_is_counted() -> None:
    rows = finding_rows(FINDINGS, 42, 2)
    assert [mrkdwn(row) for row in rows][2:] == ["… and 40 more"]
    assert len(finding_rows(FINDINGS, 3, 5)) == 3


def test_what_its_vendor_will_not_fix_is_told_as_such() -> None:
    final = replace(FINDINGS[1], status=FixStatus.WILL_NOT_FIX)
    (row,) = finding_rows([final], 1, 6)
    assert "2.9.14, will not be fixed" in mrkdwn(row)
    assert "will not be fixed" in findings_table(replace(REPORT, findings=(final,)))


def test_a_report_says_what_was_not_looked_at() -> None:
    table = findings_table(replace(REPORT, findings=(), gap=Gap.END_OF_LIFE))
    assert "Incomplete scan: end of life" in table
