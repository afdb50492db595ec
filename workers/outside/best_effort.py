"""What is asked or done besides while an error is on its way never takes the error's place.

The last lines of a log, what serves meanwhile, the removal of what is not needed any more: each may
fail as well, most often because of the very fault that is being reported.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import structlog
from rq.timeouts import JobTimeoutException

from quaymaster.errors import Cancelled, HandedBack, LeaseLost, QuaymasterError, Unavailable
from quaymaster.redaction.redaction import redact

log = structlog.get_logger(__name__)

T = TypeVar("T")
U = TypeVar("U")

_WITHHELD = "(its words cannot be shown: they could not be searched for secrets)"
_STOPS: tuple[type[Exception], ...] = (Cancelled, HandedBack, LeaseLost, JobTimeoutException)
"""Somebody wants the job to end, another has taken it, or its time is over (RQ raises that once,
wherever the job is, and kills it later): these are not failures.
"""


def best_effort(
    ask: Callable[[], T], otherwise: U, *, but: tuple[type[Exception], ...] = ()
) -> T | U:
    """What is found out for a detail; ``otherwise`` where that fails, whatever with. A wish to
    stop passes through, and what is an answer (``but``).
    """
    passes = _STOPS + but
    try:
        return ask()
    except passes:
        raise
    except Exception as error:  # noqa: BLE001 - a detail is not worth the error that it belongs to
        log.warning("a detail is left out", why=_safe_reason(error))
        return otherwise


@contextmanager
def cleaning_up_after(error: QuaymasterError) -> Iterator[None]:
    """For cleaning up before ``error`` is raised: if that fails too, the error says so and stays
    what it is. A lost lease, an unavailable Redis and the end of the job's time pass through:
    another job then checks what is left.
    """
    try:
        yield
    except (LeaseLost, Unavailable, JobTimeoutException):
        raise
    except Exception as second:  # noqa: BLE001 - the first one is what happened
        log.warning("cleaning up failed", why=_safe_reason(second))
        words = second.problem.what if isinstance(second, QuaymasterError) else "It broke off."
        why = f"{error.problem.why} Cleaning up failed too: {words}".strip()
        error.problem = replace(error.problem, why=why)


def safe_words(text: str, secrets: Iterable[str] = (), *, limit: int | None = None) -> str:
    """Words from outside for an error, without secrets; where nobody can see to that, none."""
    return best_effort(lambda: redact(text, secrets, limit=limit), _WITHHELD)


def _safe_reason(error: Exception) -> str:
    """Of other errors only the type: their texts may hold what must not be seen."""
    return str(error) if isinstance(error, QuaymasterError) else type(error).__name__
