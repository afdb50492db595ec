"""Answers what a worker handed back: people are looked up again, or a new plan is requested."""

from dataclasses import replace
from datetime import UTC, datetime

import structlog

from bot.conversation.acceptance import Acceptance
from bot.conversation.admission import Admission
from bot.conversation.background import Background
from bot.conversation.deciding import loaded_if_readable
from bot.conversation.evidence import people_involved, standings_of
from bot.conversation.identity import Directory
from bot.database.database import Database
from quaymaster.admissible import involved
from quaymaster.errors import (
    Conflict,
    Forged,
    OutsideFailure,
    Problem,
    Unavailable,
    UsageError,
)
from quaymaster.journal import event_of
from quaymaster.key_ring import CLOCK_SKEW
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Ended, Failed
from quaymaster.signing_key import Keys
from quaymaster.store import records
from quaymaster.store.new_operations import asked_again
from quaymaster.store.transactions import Transaction

log = structlog.get_logger(__name__)


class Returned:
    """Answers what comes back. Doing so twice, or in two bots at once, does no harm."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        acceptance: Acceptance,
        admission: Admission,
        keys: Keys,
        background: Background,
    ) -> None:
        self._background = background
        self._under_way: set[int] = set()
        self._database = database
        self._directory = directory
        self._acceptance = acceptance
        self._admission = admission
        self._keys = keys

    async def sweep(self) -> None:
        """Answer everything that came back, all at once, so that no operation waits for the
        look-ups of others. Raises Unavailable.
        """
        for operation_id in await self._database.ask(records.returned_ids()):
            if operation_id in self._under_way:
                continue
            operation = await loaded_if_readable(self._database, operation_id, self._keys.ring)
            if operation is not None and operation.state is State.RETURNED:
                self._under_way.add(operation_id)
                self._background.start(self._answer(operation))

    async def _answer(self, operation: Operation) -> None:
        try:
            if isinstance(operation.outcome, Ended):
                await self._superseded(operation, operation.outcome)
            elif _clocks_differ(operation, datetime.now(UTC)):
                await self._database.perform(self._move(operation, _failed(operation)))
            else:
                after = await self._looked_up(operation)
                await self._database.perform(self._move(operation, after))
        except (Conflict, Forged):
            log.info("moved by somebody else", operation=operation.id)
        except OutsideFailure as error:
            log.warning("people not looked up", operation=operation.id, why=error.problem.what)
        except Unavailable:
            log.warning("left for the next sweep", operation=operation.id)
        finally:
            self._under_way.discard(operation.id)

    async def _looked_up(self, operation: Operation) -> Operation:
        people, at = await people_involved(operation, self._directory)
        standings = standings_of(operation, people, at, self._keys.private)
        now = datetime.now(UTC)
        return operation.queued(operation.stage, operation.queue, now, standings=standings)

    async def _superseded(self, operation: Operation, end: Ended) -> None:
        """End it, and open a new operation for it: both or neither, since who cancels it meanwhile
        is told that nothing happens. Raises Conflict and Unavailable.
        """
        again = asked_again(operation)
        if again is None:
            await self._database.perform(self._end(operation, end))
            return

        def with_number(number: int) -> Transaction[Operation]:
            why = f"{end.why} #{number} replaces it."
            return self._end(operation, replace(end, why=why, next_step=""))

        try:
            receipt = await self._acceptance.accept(again, State.ACCEPTED, follows_from=with_number)
        except UsageError as error:  # its environment is not configured any more
            gone = replace(end, next_step=error.problem.what)
            await self._database.perform(self._end(operation, gone))
            return
        if receipt.accepted is not None:
            await self._admission.admit(receipt.accepted)
        else:
            await self._database.perform(with_number(receipt.operation))

    def _end(self, operation: Operation, end: Ended) -> Transaction[Operation]:
        after = operation.moved(State.SUPERSEDED, datetime.now(UTC), outcome=end)
        return self._move(operation, after)

    def _move(self, before: Operation, after: Operation) -> Transaction[Operation]:
        return records.move(before, after, event_of(after), self._keys.private)


def _clocks_differ(operation: Operation, now: datetime) -> bool:
    """Whether a worker finds too old, or in the future, what was looked up just now: it would come
    back again and again, and ask Slack each time.
    """
    lately = {one.value.user for one in operation.standings if now - one.value.at < CLOCK_SKEW}
    return lately.issuperset(involved(operation.requester, operation.approval))


def _failed(operation: Operation) -> Operation:
    problem = Problem(
        f"The clock of the worker for {operation.queue.partition(':')[2]} and that of the bot are "
        "minutes apart, so nothing was changed.",
        why="The people involved were looked up just now, but by the worker's clock that was too "
        "long ago or is still to come.",
        next_step="Set the clocks of both machines, then send the command again.",
    )
    return operation.moved(State.FAILED, datetime.now(UTC), outcome=Failed(problem))
