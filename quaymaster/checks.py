"""What ``quaymaster check`` finds out: for each thing that has to work, whether it does."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

from quaymaster.errors import QuaymasterError, UsageError
from quaymaster.image_ref import shown
from quaymaster.redaction.redaction import redact
from quaymaster.spelling import did_you_mean, listed

Part = Literal["slack", "keys", "redis", "docker", "registries", "scanner", "secrets"]
PARTS: tuple[Part, ...] = get_args(Part)
"""What can be checked by itself, in the order of the report."""

LIMIT_SECONDS = 20.0
"""How long one look may take; all looks are taken at the same time."""
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. Plain text that may still contain secrets."""

    subject: str
    verdict: Literal["ok", "warning", "broken"]
    what: str
    next_step: str = ""

    @classmethod
    def of_error(cls, subject: str, error: QuaymasterError) -> Self:
        """A thing that is broken for the reason that the error gives."""
        problem = error.problem
        what = " ".join(words for words in (problem.what, problem.why) if words)
        return cls(subject, "broken", what, problem.next_step)

    def without(self, secrets: Sequence[str]) -> "Check":
        """The same, fit to be printed: no secrets, no control characters, not too long."""
        return replace(
            self,
            subject=_printable(self.subject, secrets),
            what=_printable(self.what, secrets),
            next_step=_printable(self.next_step, secrets),
        )


@dataclass(frozen=True, slots=True)
class Probe:
    """A look at something outside; ``look`` may find out about several things."""

    subject: str
    look: Callable[[], Iterable[Check]]
    """May raise errors of the product: then the subject is broken."""


def parts_of(text: str) -> frozenset[Part]:
    """The parts in a comma-separated list, all of them where it is empty. Raises UsageError."""
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    if unknown := [word for word in words if word not in PARTS]:
        raise UsageError(
            f"{shown(unknown[0])} cannot be checked.",
            why=f"There are {listed(PARTS)}.",
            next_step=did_you_mean(unknown[0], PARTS),
        )
    return frozenset(part for part in PARTS if part in words or not words)


def perform(
    probes: Sequence[Probe], secrets: Sequence[str] = (), seconds: float = LIMIT_SECONDS
) -> tuple[Check, ...]:
    """Run all probes at once; the results come in their order, without ``secrets``. A probe that
    takes longer than ``seconds`` counts as broken. Its thread is abandoned, and the program can end
    without it.
    """
    looks = [_Look(probe) for probe in probes]
    for look in looks:
        look.start()
    until = time.monotonic() + seconds
    checks: list[Check] = []
    for look in looks:
        look.join(max(0.0, until - time.monotonic()))
        checks += look.found
        if look.is_alive():
            checks.append(_too_slow(look.probe.subject, seconds))
    return tuple(check.without(secrets) for check in checks)


class _Look(threading.Thread):
    def __init__(self, probe: Probe) -> None:
        super().__init__(name=f"check {probe.subject}", daemon=True)
        self.probe = probe
        self.found: list[Check] = []

    def run(self) -> None:
        for check in _taken(self.probe):
            self.found.append(check)


def _taken(probe: Probe) -> Iterator[Check]:
    try:
        yield from probe.look()
    except QuaymasterError as error:
        yield Check.of_error(probe.subject, error)
    except Exception as error:  # noqa: BLE001 (an edge: one look must not end the others)
        name = type(error).__name__
        what = f"The check itself failed: {name}: {error}"
        yield Check(probe.subject, "broken", what, "Please report this as a bug in Quaymaster.")


def _too_slow(subject: str, seconds: float) -> Check:
    what = f"There was no answer within {seconds:g} seconds."
    return Check(
        subject,
        "broken",
        what,
        "Check whether it hangs, or whether a firewall drops the traffic to it.",
    )


def _printable(text: str, secrets: Sequence[str]) -> str:
    safe = redact(text, secrets)
    words = "".join(letter if letter.isprintable() else " " for letter in safe).split()
    joined = " ".join(words)
    return joined if len(joined) <= _LONGEST else f"{joined[: _LONGEST - 1]}…"
