"""What a record keeps of what came from outside is bounded, in how much and in how long.

An image, a registry, a scanner or a log may say any amount; a record in Redis stays small. What is
cut ends with “…”, and how much was left out is kept where a person would miss it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar, assert_never

from quaymaster.errors import Problem
from quaymaster.findings import Blocked, Clean, Finding, Unknown, Verdict
from quaymaster.outcomes import (
    Deployed,
    Ended,
    ExecutionParameters,
    Failed,
    HistoryListed,
    HistoryStep,
    ImagesListed,
    Inspected,
    Interrupted,
    LocalImage,
    Outcome,
    Pulled,
    Pushed,
    Scanned,
    Tagged,
    TagsListed,
)
from quaymaster.plans import Examined

SENTENCE = 2_000
"""Characters of what is said about an error."""
LOG_LINES = 200
LOG_CHARACTERS = 20_000
NAME = 300
STEP = 500
NAMES_OF_AN_IMAGE = 4
INSPECTED_CHARACTERS = 24_000
"""Of everything that an image says about itself."""
INSPECTED_TEXT = 2_000
FINDINGS = 10

T = TypeVar("T")


def text(value: str, most: int) -> str:
    """At most so many characters."""
    return value if len(value) <= most else f"{value[: most - 1]}…"


def outcome(value: Outcome) -> Outcome:
    """What an operation ended with, as a record keeps it."""
    match value:
        case Failed():
            return replace(
                value, trouble=problem(value.trouble), runs_now=text(value.runs_now, SENTENCE)
            )
        case Interrupted():
            return replace(value, what_was_found=text(value.what_was_found, SENTENCE))
        case Ended():
            return replace(value, why=text(value.why, SENTENCE))
        case Deployed():
            return replace(value, notes=tuple(text(one, SENTENCE) for one in value.notes[:20]))
        case Scanned():
            return _scanned(value)
        case Inspected():
            return _inspected(value)
        case Pulled() | Pushed() | Tagged():
            return value
        case ImagesListed() | TagsListed() | HistoryListed():
            # `listings` makes pages of them, and bounds their rows.
            return value
        case _:
            assert_never(value)


def problem(value: Problem) -> Problem:
    """An error: sentences, and the end of a log."""
    lines: list[str] = []
    left = LOG_CHARACTERS
    for line in reversed(value.log_tail[-LOG_LINES:]):
        lines.append(text(line, max(left, 1)))
        left -= len(lines[-1])
        if left <= 0:
            break
    return replace(
        value,
        what=text(value.what, SENTENCE),
        why=text(value.why, SENTENCE),
        next_step=text(value.next_step, SENTENCE),
        log_tail=tuple(reversed(lines)),
    )


def examined(value: Examined) -> Examined:
    """What is known about an image. Its verdict keeps what the gate compares."""
    return replace(
        value,
        verdict=verdict(value.verdict),
        gained=_findings(value.gained),
        lost=_findings(value.lost),
    )


def verdict(value: Verdict) -> Verdict:
    """What the gate said; ``gate.blocked_by`` bounds how many findings it names."""
    match value:
        case Clean():
            return value
        case Unknown(why, next_step):
            return Unknown(text(why, SENTENCE), text(next_step, SENTENCE))
        case Blocked():
            return replace(value, by=_findings(value.by))
        case _:
            assert_never(value)


def image(value: LocalImage) -> LocalImage:
    """An image of a host, with some of its names."""
    names = tuple(text(one, NAME) for one in value.names[:NAMES_OF_AN_IMAGE])
    hidden = value.more_names + len(value.names) - len(names)
    return replace(value, names=names, image_id=text(value.image_id, NAME), more_names=hidden)


def step(value: HistoryStep) -> HistoryStep:
    """A step of a build."""
    return replace(value, created_by=text(value.created_by, STEP))


def _scanned(value: Scanned) -> Scanned:
    """A scan names its worst findings itself, and nothing is compared with it later."""
    judged = value.verdict
    kept = replace(judged, by=(), marks="") if isinstance(judged, Blocked) else verdict(judged)
    alerts = tuple(replace(one, findings=_findings(one.findings)) for one in value.alerts)
    return replace(value, verdict=kept, worst=_findings(value.worst), alerts=alerts)


def _findings(value: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(_finding(one) for one in value[:FINDINGS])


def _finding(value: Finding) -> Finding:
    return replace(
        value,
        vulnerability=text(value.vulnerability, 100),
        package=text(value.package, 200),
        installed=text(value.installed, 100),
        fixed=None if value.fixed is None else text(value.fixed, 100),
        title=text(value.title, 200),
        path=text(value.path, NAME),
    )


@dataclass(slots=True)
class _Room:
    """Hands out what may still be kept, first come first served."""

    left: int
    refused: int = 0

    def some(self, words: Iterable[str]) -> tuple[str, ...]:
        return tuple(kept for one in words if (kept := self.one(one)) is not None)

    def pairs(self, words: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        kept = []
        for name, value in words:
            short = text(name, NAME), text(value, INSPECTED_TEXT)
            if self._takes(len(short[0]) + len(short[1])):
                kept.append(short)
        return tuple(kept)

    def one(self, word: str) -> str | None:
        short = text(word, INSPECTED_TEXT)
        return short if self._takes(len(short)) else None

    def _takes(self, length: int) -> bool:
        # Each entry costs something besides its text.
        if length + 4 > self.left:
            self.refused += 1
            return False
        self.left -= length + 4
        return True


def _inspected(value: Inspected) -> Inspected:
    room = _Room(INSPECTED_CHARACTERS)
    declared = value.parameters
    parameters = ExecutionParameters(
        user=room.one(declared.user) or "",
        entrypoint=room.some(declared.entrypoint),
        command=room.some(declared.command),
        health_check=room.one(declared.health_check) or "",
        ports=room.some(declared.ports),
        environment=room.some(declared.environment),
        labels=room.pairs(declared.labels),
    )
    platforms = room.some(value.platforms)
    return replace(
        value,
        parameters=parameters,
        platforms=platforms,
        left_out=value.left_out + room.refused,
    )
