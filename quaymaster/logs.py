"""How every program logs: JSON lines on standard error, without any known secret."""

import logging
import sys
from collections.abc import Iterable, MutableMapping
from secrets import choice
from typing import Any

import structlog
from structlog.typing import Processor

from quaymaster.errors import Problem
from quaymaster.redaction.redaction import redact

log = structlog.get_logger(__name__)

_REFERENCE_LETTERS = "bcdfghjkmnpqrstvwxz"
"""Without vowels they make no words by accident."""


_known: set[str] = set()
"""Of this process: every secret that it has looked up, at its start or later."""


def learn(secrets: Iterable[str]) -> None:
    """These values must not be logged either, from now on."""
    _known.update(secret for secret in secrets if secret)


def configure(secrets: Iterable[str], level: str = "INFO") -> None:
    """Set up logging for this process. ``secrets`` are values that must never be printed."""
    learn(secrets)

    def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
        return {name: _safe(value) for name, value in event.items()}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redacted,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(default=str)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def _safe(value: object) -> object:
    """Other values are searched as the text that is logged for them."""
    match value:
        case None | bool() | int() | float():
            return value
        case dict():
            return {_safe(str(name)): _safe(one) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_safe(one) for one in value]
        case _:
            return redact(str(value), _known)


def unforeseen(error: BaseException, program: str, **known: object) -> Problem:
    """An unexpected error, as it is shown to a person.

    Its text may hold anything, so it stays in the log, under a reference that the person gets.
    """
    reference = "".join(choice(_REFERENCE_LETTERS) for _ in range(6))
    log.error("unexpected error", reference=reference, exc_info=error, **known)
    return Problem(
        "Something went wrong inside Quaymaster.",
        why="The error was unexpected.",
        next_step=f"Your Quaymaster administrator can find it in the log of the {program}.",
        reference=reference,
    )
