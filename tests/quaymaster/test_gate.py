"""The gate: what blocks, what nobody knows, what is worse than before, what is news."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.findings import (
    Blocked,
    Clean,
    Finding,
    FixStatus,
    Gap,
    ScannerDatabase,
    ScanReport,
    Severity,
    Unknown,
    Verdict,
)
from quaymaster.gate import (
    GateRule,
    blocked_by,
    gone_findings,
    new_findings,
    stops,
    verdict_of,
    worse,
)
from quaymaster.image_ref import Digest, Repository

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
REPOSITORY = Repository("registry.test", "shop/web")
DIGEST = Digest("sha256:" + "a" * 64)

findings = st.builds(
    Finding,
    vulnerability=st.sampled_from(["CVE-1", "CVE-2", "CVE-3"]),
    package=st.sampled_from(["libssl3", "lodash"]),
    installed=st.just("1.0"),
    fixed=st.sampled_from([None, "1.1"]),
    severity=st.sampled_from(Severity),
    path=st.sampled_from(["", "srv/a", "srv/b"]),
)
many_findings = st.lists(findings, max_size=8).map(tuple)
rules = st.builds(
    GateRule,
    block=st.sampled_from([None, *Severity]),
    only_fixable=st.booleans(),
    unknown=st.sampled_from(["block", "allow"]),
    database_older_than=st.timedeltas(timedelta(minutes=1), timedelta(days=30)),
)
ages = st.timedeltas(timedelta(0), timedelta(days=60))
verdicts: st.SearchStrategy[Verdict] = st.one_of(
    st.just(Clean()), st.builds(Unknown, st.text()), st.builds(blocked_by, many_findings)
)


def report(findings: tuple[Finding, ...], age: timedelta = timedelta(hours=1)) -> ScanReport:
    database = ScannerDatabase("1", NOW - age)
    return ScanReport(REPOSITORY, DIGEST, database, NOW, findings)


def finding(severity: Severity, fixed: str | None = "1.1", name: str = "CVE-1") -> Finding:
    return Finding(name, "libssl3", "1.0", fixed, severity)


def test_an_image_without_findings_is_clean() -> None:
    assert verdict_of(report(()), GateRule(), NOW) == Clean()


def test_what_was_never_scanned_is_unknown() -> None:
    assert isinstance(verdict_of(None, GateRule(), NOW), Unknown)


def test_a_finding_of_the_severity_blocks_and_is_named() -> None:
    bad = finding(Severity.HIGH)
    assert verdict_of(report((finding(Severity.LOW, name="CVE-2"), bad)), GateRule(), NOW) == (
        blocked_by((bad,))
    )


def test_a_finding_without_a_fix_blocks_only_where_that_is_configured() -> None:
    found = report((finding(Severity.CRITICAL, fixed=None),))
    assert verdict_of(found, GateRule(only_fixable=True), NOW) == Clean()
    assert isinstance(verdict_of(found, GateRule(only_fixable=False), NOW), Blocked)


def test_what_its_vendor_will_not_fix_counts_only_where_that_is_configured() -> None:
    final = replace(finding(Severity.HIGH, fixed=None), status=FixStatus.WILL_NOT_FIX)
    waiting = replace(final, vulnerability="CVE-2", status=FixStatus.AFFECTED)
    found = report((final, waiting))
    assert verdict_of(found, GateRule(), NOW) == Clean()
    assert verdict_of(found, GateRule(will_not_fix="count"), NOW) == blocked_by((final,))


@pytest.mark.parametrize("gap", Gap)
def test_what_was_not_looked_at_is_never_clean_and_what_is_bad_all_the_same_blocks(
    gap: Gap,
) -> None:
    unjudged = replace(report(()), gap=gap, system="debian 8.11")
    verdict = verdict_of(unjudged, GateRule(), NOW)
    assert isinstance(verdict, Unknown)
    assert verdict.why
    assert verdict.next_step
    scratch = verdict_of(unjudged, GateRule(from_scratch="allow"), NOW)
    assert isinstance(scratch, Clean) == (gap is Gap.NO_DISTRIBUTION)
    bad = replace(unjudged, findings=(finding(Severity.HIGH),))
    for rule in (GateRule(), GateRule(unknown="allow"), GateRule(from_scratch="allow")):
        assert isinstance(verdict_of(bad, rule, NOW), Blocked)


def test_an_old_database_says_nothing_of_an_image_from_scratch_either() -> None:
    old = replace(report((), timedelta(days=30)), gap=Gap.NO_DISTRIBUTION)
    assert isinstance(verdict_of(old, GateRule(from_scratch="allow"), NOW), Unknown)


def test_an_unknown_severity_never_blocks_by_itself() -> None:
    found = report((finding(Severity.UNKNOWN),))
    assert verdict_of(found, GateRule(block=Severity.LOW), NOW) == Clean()


def test_a_database_of_the_limit_is_too_old_and_says_how_old() -> None:
    verdict = verdict_of(report((), timedelta(hours=48)), GateRule(), NOW)
    assert isinstance(verdict, Unknown)
    assert "48 hours old" in verdict.why
    assert verdict_of(report((), timedelta(hours=47, minutes=59)), GateRule(), NOW) == Clean()


def test_an_old_database_does_not_open_a_gate_that_lets_unknown_through() -> None:
    old = report((finding(Severity.CRITICAL),), timedelta(days=30))
    assert stops(verdict_of(old, GateRule(unknown="allow"), NOW), GateRule(unknown="allow"))
    assert isinstance(verdict_of(old, GateRule(), NOW), Unknown)


@given(many_findings, rules, ages)
def test_clean_is_said_only_of_a_fresh_report_without_blocking_findings(
    found: tuple[Finding, ...], rule: GateRule, age: timedelta
) -> None:
    verdict = verdict_of(report(found, age), rule, NOW)
    if isinstance(verdict, Clean):
        assert age < rule.database_older_than
        assert not any(
            rule.block and one.severity.reaches(rule.block) and (one.fixed or not rule.only_fixable)
            for one in found
        )


@given(many_findings, rules, ages)
def test_what_blocks_reaches_the_severity_and_comes_worst_first(
    found: tuple[Finding, ...], rule: GateRule, age: timedelta
) -> None:
    verdict = verdict_of(report(found, age), rule, NOW)
    if isinstance(verdict, Blocked):
        assert rule.block is not None
        assert verdict.by
        assert all(one in found and one.severity.reaches(rule.block) for one in verdict.by)
        ranks = [one.severity.rank for one in verdict.by]
        assert ranks == sorted(ranks, reverse=True)


@given(rules)
def test_unknown_stops_unless_it_is_let_through(rule: GateRule) -> None:
    assert stops(Unknown("broken"), rule) == (rule.unknown == "block")
    assert stops(blocked_by((finding(Severity.HIGH),)), rule)
    assert not stops(Clean(), rule)


@given(verdicts)
def test_nothing_is_worse_than_itself(verdict: Verdict) -> None:
    assert not worse(verdict, verdict)


def test_clean_then_unknown_then_blocked_gets_worse() -> None:
    order: list[Verdict] = [Clean(), Unknown("x"), blocked_by((finding(Severity.HIGH),))]
    for better, bad in ((0, 1), (1, 2), (0, 2)):
        assert worse(order[better], order[bad])
        assert not worse(order[bad], order[better])


def test_another_reason_for_unknown_is_not_worse() -> None:
    assert not worse(Unknown("scanner broken"), Unknown("database too old"))


def test_blocked_is_worse_by_a_new_or_a_risen_finding_only() -> None:
    planned = blocked_by((finding(Severity.HIGH),))
    more = blocked_by((finding(Severity.HIGH), finding(Severity.HIGH, name="CVE-2")))
    risen = blocked_by((finding(Severity.CRITICAL),))
    assert worse(planned, more)
    assert worse(planned, risen)
    assert not worse(more, planned)
    assert not worse(risen, planned)


@given(many_findings, st.frozensets(findings.map(lambda one: one.key)), st.sampled_from(Severity))
def test_alerts_tell_each_finding_once_while_it_is_open(
    found: tuple[Finding, ...], already_open: frozenset[str], at_least: Severity
) -> None:
    news = new_findings(report(found), already_open, at_least)
    keys = [one.key for one in news]
    assert len(keys) == len(set(keys))
    assert not already_open.intersection(keys)
    assert all(one.severity.reaches(at_least) for one in news)
    again = new_findings(report(found), already_open | set(keys), at_least)
    assert again == ()


@given(many_findings, st.frozensets(findings.map(lambda one: one.key)))
def test_gone_is_what_was_open_and_is_not_found_any_more(
    found: tuple[Finding, ...], already_open: frozenset[str]
) -> None:
    gone = gone_findings(report(found), already_open)
    assert gone <= already_open
    assert already_open - gone == already_open & {one.key for one in found}


def test_a_rebuild_with_another_version_is_the_same_finding() -> None:
    first = Finding("CVE-1", "libssl3", "1.0", "1.2", Severity.HIGH)
    rebuilt = Finding("CVE-1", "libssl3", "1.1", "1.2", Severity.HIGH)
    assert new_findings(report((rebuilt,)), frozenset({first.key}), Severity.HIGH) == ()


def _knows_worse(planned: tuple[Finding, ...], now: tuple[Finding, ...]) -> bool:
    """What ``worse`` means of two blocked verdicts, from everything that was found."""
    known: dict[str, int] = {}
    for one in planned:
        known[one.key] = max(one.severity.rank, known.get(one.key, -1))
    return any(one.severity.rank > known.get(one.key, -1) for one in now)


@given(many_findings, many_findings)
def test_what_a_verdict_keeps_compares_as_all_findings_would(
    planned: tuple[Finding, ...], now: tuple[Finding, ...]
) -> None:
    assert worse(blocked_by(planned), blocked_by(now)) == _knows_worse(planned, now)


def _many(count: int) -> tuple[Finding, ...]:
    return tuple(finding(Severity.HIGH, name=f"CVE-{number}") for number in range(count))


def test_one_new_finding_behind_the_ten_that_are_named_is_worse() -> None:
    planned, now = blocked_by(_many(200)), blocked_by(_many(201))
    assert (len(now.by), now.total) == (10, 201)
    assert worse(planned, now)
    assert not worse(now, planned)


def test_of_more_than_a_plan_carries_any_difference_is_worse() -> None:
    planned, fewer, more = (blocked_by(_many(count)) for count in (3_000, 2_999, 3_001))
    assert not worse(planned, blocked_by(_many(3_000)[::-1]))
    assert worse(planned, more)
    assert worse(planned, fewer)
    assert worse(planned, blocked_by(_many(200)))


@given(st.integers(1, 5_000))
def test_a_verdict_is_of_bounded_size(count: int) -> None:
    assert len(blocked_by(_many(count)).marks) < 20_000
