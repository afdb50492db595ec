"""One way to log: JSON lines on standard error, with every known secret taken out."""

import logging
import sys
from collections.abc import Iterable, MutableMapping
from secrets import choice
from typing import Any

import structlog
from structlog.typing import Processor

from quaymaster.errors import Trouble
from quaymaster.redaction import redact

log = structlog.get_logger(__name__)

_REFERENCE_LETTERS = "bcdfghjkmnpqrstvwxz"
"""Without vowels they make no words by accident."""


def configure(secrets: Iterable[str], level: str = "INFO") -> None:
    """Set up logging for this process. ``secrets`` are values that must never be printed."""
    known = tuple(secret for secret in secrets if secret)

    def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
        return {
            name: redact(value, known) if isinstance(value, str) else value
            for name, value in event.items()
        }

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


def unforeseen(error: BaseException, program: str, **known: object) -> Trouble:
    """An error that nobody foresaw, as a person is told it.

    Its text may hold anything, so it stays in the log, under a reference that the person gets.
    """
    reference = "".join(choice(_REFERENCE_LETTERS) for _ in range(6))
    log.error("unforeseen error", reference=reference, exc_info=error, **known)
    return Trouble(
        "Something went wrong inside Quaymaster.",
        why="Nobody foresaw this error.",
        next_step=f"Whoever runs Quaymaster finds it in the log of the {program}.",
        reference=reference,
    )
