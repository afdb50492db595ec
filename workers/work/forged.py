"""Ends operations whose record in Redis is not signed as it should be."""

from dataclasses import replace
from datetime import UTC, datetime

import structlog

from quaymaster.errors import Conflict, Forged, Problem, WrittenByNewer
from quaymaster.journal import event_of
from quaymaster.operations import State
from quaymaster.outcomes import Failed
from quaymaster.signing_key import Keys
from quaymaster.store import operation_fields, records
from quaymaster.store.transactions import Connection, ask, perform

log = structlog.get_logger(__name__)


def end_forged(connection: Connection, operation_id: int, problem: Problem, own: Keys) -> None:
    """End an operation whose record is forged, with the reason on its card; nothing is done.

    What was asked for is kept where it is genuine. Where even that is not, there is nothing to
    show and nobody to tell: it is taken off the list of open operations. What a newer program was
    asked is left to it. Raises Unavailable.
    """
    try:
        operation = ask(connection, operation_fields.remains(operation_id, own.ring))
    except WrittenByNewer:
        return
    except Forged:
        perform(connection, records.abandon(operation_id))
        return
    if operation is None:
        return
    now = datetime.now(UTC)
    after = replace(
        operation,
        state=State.FAILED,
        changed_at=now,
        version=operation.version + 1,
        outcome=Failed(problem),
    )
    event = event_of(after, detail=problem.what)
    try:
        perform(connection, records.move(operation, after, event, own.private))
    except Conflict:
        log.info("moved by somebody else", operation=operation_id)
