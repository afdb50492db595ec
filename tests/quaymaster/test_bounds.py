"""However much an image, a scanner or a log says: what a record keeps of it is small."""

from dataclasses import replace
from datetime import UTC, datetime

from pydantic import TypeAdapter

from quaymaster import bounds
from quaymaster.errors import Problem
from quaymaster.findings import Blocked, Finding, ScannerDatabase, Severity, Unknown
from quaymaster.gate import blocked_by, worse
from quaymaster.outcomes import (
    Alert,
    Deployed,
    Ended,
    ExecutionParameters,
    Failed,
    Inspected,
    Interrupted,
    Outcome,
    Pulled,
    Scanned,
)
from quaymaster.plans import Examined
from testing.samples import DIGEST, image, pinned

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LONG = "x" * 100_000
WORDS = (LONG,) * 1_000
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


def size(outcome: Outcome) -> int:
    """Bytes in a record."""
    return len(OUTCOME.dump_json(outcome))


def findings(count: int) -> tuple[Finding, ...]:
    return tuple(
        Finding(f"CVE-{n}", LONG, LONG, LONG, Severity.HIGH, LONG, LONG) for n in range(count)
    )


def inspected(parameters: ExecutionParameters) -> Inspected:
    return Inspected(image(), "registry", DIGEST, 1, NOW, ("linux/amd64",), parameters, 7)


def test_an_image_that_says_a_lot_about_itself() -> None:
    said = ExecutionParameters(WORDS, WORDS, LONG, WORDS, WORDS, ((LONG, LONG),) * 1_000, LONG)
    kept = bounds.outcome(replace(inspected(said), platforms=WORDS))
    assert isinstance(kept, Inspected)
    assert size(kept) < 40_000
    assert kept.left_out > 3_000


def test_an_image_as_they_are_is_kept_whole() -> None:
    said = ExecutionParameters(
        ("/bin/web",), ("serve",), "web", ("8000/tcp",), ("A=1",) * 40, (("a", "b"),) * 40, "curl"
    )
    assert bounds.outcome(inspected(said)) == inspected(said)


def test_a_scan_with_very_many_findings() -> None:
    found = findings(1_000)
    scanned = Scanned(
        pinned(),
        "registry",
        DIGEST,
        ScannerDatabase("2", NOW),
        blocked_by(found),
        ((Severity.HIGH, 1_000),),
        found,
        1_000,
        3.0,
        alerts=(Alert("C0SHOP", found, 1_000),),
    )
    kept = bounds.outcome(scanned)
    assert isinstance(kept, Scanned)
    assert kept.verdict == Blocked((), 1_000, "")
    assert (len(kept.worst), len(kept.alerts[0].findings), kept.total) == (10, 10, 1_000)
    assert size(kept) < 25_000


def test_a_plan_keeps_what_the_gate_compares() -> None:
    found = findings(300)
    known = Examined(pinned(), 1, blocked_by(found), (), found, found, 300, 300)
    kept = bounds.examined(known)
    assert worse(kept.verdict, blocked_by(findings(301)))
    assert not worse(kept.verdict, known.verdict)
    assert len(TypeAdapter(Examined).dump_json(kept)) < 50_000
    assert (len(kept.gained), kept.gained_total) == (10, 300)
    unknown = replace(known, verdict=Unknown(LONG))
    assert len(bounds.examined(unknown).verdict.why) == 2_000  # type: ignore[union-attr]


def test_a_log_keeps_its_end() -> None:
    lines = tuple(f"line {number}" for number in range(10_000))
    kept = bounds.problem(Problem(LONG, LONG, LONG, lines))
    assert kept.log_tail == lines[-200:]
    assert len(kept.what) == len(kept.why) == len(kept.next_step) == 2_000
    tail = bounds.problem(Problem("It failed.", log_tail=WORDS)).log_tail
    assert sum(map(len, tail)) <= 20_000


def test_words_of_every_end_are_bounded() -> None:
    deployed = Deployed("production", "web", pinned(), 0.1, None, 3.0, (LONG,) * 100)
    for outcome in (Failed(Problem(LONG), LONG), Interrupted(LONG, ""), Ended(LONG), deployed):
        assert size(bounds.outcome(outcome)) < 45_000


def test_what_is_short_stays_as_it_is() -> None:
    for outcome in (
        Pulled(pinned(), "build1", DIGEST, 1, 1.0),
        Failed(Problem("It failed.", "Why.", "Do.", ("a", "b"), "1234")),
        Ended("Enough.", by="U0BOB"),
    ):
        assert bounds.outcome(outcome) == outcome
