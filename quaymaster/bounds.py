"""What a record keeps of what came from outside is bounded, in how much and in how long.

An image, a registry, a scanner or a log may say any amount; a record in Redis stays small. What is
cut ends with “…”, and how much was left out is kept where a person would miss it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar, assert_never

from quaymaster.errors import Trouble
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
    LocalImage,
    Lost,
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


def outcome(given: Outcome) -> Outcome:
    """What an operation ended with, as a record keeps it."""
    match given:
        case Failed():
            return replace(
                given, trouble=trouble(given.trouble), runs_now=text(given.runs_now, SENTENCE)
            )
        case Lost():
            return replace(given, what_was_found=text(given.what_was_found, SENTENCE))
        case Ended():
            return replace(given, why=text(given.why, SENTENCE))
        case Deployed():
            return replace(given, notes=tuple(text(one, SENTENCE) for one in given.notes[:20]))
        case Scanned():
            return _scanned(given)
        case Inspected():
            return _inspected(given)
        case Pulled() | Pushed() | Tagged():
            return given
        case ImagesListed() | TagsListed() | HistoryListed():
            # `listings` makes pages of them, and bounds their rows.
            return given
        case _:
            assert_never(given)


def trouble(given: Trouble) -> Trouble:
    """An error: sentences, and the end of a log."""
    lines: list[str] = []
    left = LOG_CHARACTERS
    for line in reversed(given.log_tail[-LOG_LINES:]):
        lines.append(text(line, max(left, 1)))
        left -= len(lines[-1])
        if left <= 0:
            break
    return replace(
        given,
        what=text(given.what, SENTENCE),
        why=text(given.why, SENTENCE),
        next_step=text(given.next_step, SENTENCE),
        log_tail=tuple(reversed(lines)),
    )


def examined(given: Examined) -> Examined:
    """What is known about an image. Its verdict keeps what the gate compares."""
    return replace(
        given,
        verdict=verdict(given.verdict),
        gained=_findings(given.gained),
        lost=_findings(given.lost),
    )


def verdict(given: Verdict) -> Verdict:
    """What the gate said; ``gate.blocked_by`` bounds how many findings it names."""
    match given:
        case Clean():
            return given
        case Unknown(why, next_step):
            return Unknown(text(why, SENTENCE), text(next_step, SENTENCE))
        case Blocked():
            return replace(given, by=_findings(given.by))
        case _:
            assert_never(given)


def image(given: LocalImage) -> LocalImage:
    """An image of a host, with some of its names."""
    names = tuple(text(one, NAME) for one in given.names[:NAMES_OF_AN_IMAGE])
    hidden = given.more_names + len(given.names) - len(names)
    return replace(given, names=names, image_id=text(given.image_id, NAME), more_names=hidden)


def step(given: HistoryStep) -> HistoryStep:
    """A step of a build."""
    return replace(given, created_by=text(given.created_by, STEP))


def _scanned(given: Scanned) -> Scanned:
    """A scan names its worst findings itself, and nothing is compared with it later."""
    said = given.verdict
    kept = replace(said, by=(), marks="") if isinstance(said, Blocked) else verdict(said)
    alerts = tuple(replace(one, findings=_findings(one.findings)) for one in given.alerts)
    return replace(given, verdict=kept, worst=_findings(given.worst), alerts=alerts)


def _findings(given: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(_finding(one) for one in given[:FINDINGS])


def _finding(given: Finding) -> Finding:
    return replace(
        given,
        vulnerability=text(given.vulnerability, 100),
        package=text(given.package, 200),
        installed=text(given.installed, 100),
        fixed=None if given.fixed is None else text(given.fixed, 100),
        title=text(given.title, 200),
        path=text(given.path, NAME),
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


def _inspected(given: Inspected) -> Inspected:
    room = _Room(INSPECTED_CHARACTERS)
    said = given.parameters
    parameters = ExecutionParameters(
        user=room.one(said.user) or "",
        entrypoint=room.some(said.entrypoint),
        command=room.some(said.command),
        health_check=room.one(said.health_check) or "",
        ports=room.some(said.ports),
        environment=room.some(said.environment),
        labels=room.pairs(said.labels),
    )
    platforms = room.some(given.platforms)
    return replace(
        given,
        parameters=parameters,
        platforms=platforms,
        left_out=given.left_out + room.refused,
    )
