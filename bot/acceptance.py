"""From a request to a recorded operation: recognised, recorded and queued in one round trip."""

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import structlog

from bot.database import AT_ONCE, Database, Deadline
from bot.metrics import Metrics
from quaymaster.configuration import Configuration
from quaymaster.errors import Conflict, Unavailable
from quaymaster.journal import Event, event_of
from quaymaster.operations import Actor, Operation, Origin, State
from quaymaster.outcomes import Ended
from quaymaster.requests import Request
from quaymaster.routing import first_step
from quaymaster.seals import Sealer
from quaymaster.store import keys, records
from quaymaster.store.records import Accepted, Duplicate
from quaymaster.store.transactions import Transaction, unavailable

log = structlog.get_logger(__name__)

_IN_STOCK = AT_ONCE
"""Each acceptance brings the id of a later one, so these are enough for as many as run at once."""
_MOST_DOUBTFUL = 1_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """The operation that a delivery became: now, or the first time that it came."""

    operation: Operation
    is_new: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, who made it, where, and in which delivery it came."""

    request: Request
    actor: Actor
    origin: Origin


class Acceptance:
    """Records operations, each delivery once."""

    def __init__(
        self, database: Database, configuration: Configuration, sealer: Sealer, metrics: Metrics
    ) -> None:
        self._database = database
        self._configuration = configuration
        self._sealer = sealer
        self._metrics = metrics
        self._ids: deque[int] = deque()
        self._reserving = asyncio.Lock()
        self._doubtful: deque[int] = deque(maxlen=_MOST_DOUBTFUL)

    async def warm_up(self) -> None:
        """Have ids ready, so that also the commands of a burst need one round trip each. Raises
        Unavailable.
        """
        async with self._reserving:
            await self._reserve(_IN_STOCK, Deadline.of_an_answer())

    async def accept(self, asked: Asked, state: Literal[State.ACCEPTED, State.QUEUED]) -> Receipt:
        """Record it, and queue it when its state is queued.

        A delivery that came before changes nothing, so it is asked again where no reply comes: if
        the first attempt was carried out, the second one finds this very operation. Raises
        Unavailable when Redis does not answer in time.
        """
        deadline = Deadline.of_an_answer()
        operation = self._operation(await self._next_id(deadline), asked, state)
        event = event_of(operation, self._sealer, actor=asked.actor.user)
        try:
            answer = await self._database.insist(records.accept(operation, event), deadline)
        except Unavailable:
            self._doubtful.append(operation.id)
            raise
        match answer:
            case Duplicate(first) if first == operation.id:
                # Its first attempt; the id for a later one is lost with that reply.
                return self._new(operation)
            case Duplicate(first):
                self._ids.appendleft(operation.id)
                self._metrics.duplicates.inc()
                return Receipt(replace(operation, id=first), is_new=False)
            case Accepted(next_id):
                self._ids.append(next_id)
                return self._new(operation)

    async def settle_doubts(self) -> None:
        """Take back operations whose acceptance was not answered: the person was told that nothing
        was started. A frozen Redis does not accept them later (see ``Database``), but one that died
        may have accepted one and lost only the answer, and a very slow disk may have kept it back.
        A job that runs already is asked to stop. Raises Unavailable.
        """
        while self._doubtful:
            operation_id = self._doubtful[0]
            try:
                await self._cancel_if_recorded(operation_id)
            except Conflict:
                log.info("moved by somebody else", operation=operation_id)
            self._doubtful.popleft()

    async def note_refusal(self, asked: Asked, why: str) -> None:
        """Write down for the audit that somebody was refused, where no operation was recorded."""
        environment = getattr(asked.request, "environment", None) or ""
        event = Event(
            0, 0, "refused", asked.actor.user, datetime.now(UTC), why, environment
        ).sealed(self._sealer)
        try:
            await self._database.perform(_journalled(event))
        except Unavailable:
            log.warning("refusal not in the audit", actor=asked.actor.user, why=why)

    async def _cancel_if_recorded(self, operation_id: int) -> None:
        stored = await self._database.ask(records.load(operation_id))
        if stored is None:
            return
        operation = stored.operation
        actor = operation.actor.user
        if operation.state is State.RUNNING:
            event = event_of(operation, self._sealer, actor=actor, what="cancel asked")
            await self._database.perform(records.ask_to_cancel(operation, actor, event))
        elif operation.state in (State.ACCEPTED, State.QUEUED):
            outcome = Ended(
                "Redis answered too late, and it was said that nothing was started.",
                next_step="Ask again.",
            )
            after = operation.moved(State.CANCELLED, datetime.now(UTC), outcome=outcome)
            event = event_of(after, self._sealer, detail="answered too late")
            await self._database.perform(records.move(operation, after, event))

    def _operation(self, operation_id: int, asked: Asked, state: State) -> Operation:
        stage, queue = first_step(asked.request, self._configuration)
        now = datetime.now(UTC)
        unsealed = Operation(
            id=operation_id,
            request=asked.request,
            actor=asked.actor,
            origin=asked.origin,
            configuration_revision=self._configuration.revision,
            requested_at=now,
            seal="",
            state=state,
            stage=stage,
            queue=queue,
            changed_at=now,
        )
        return replace(unsealed, seal=unsealed.request_seal(self._sealer))

    def _new(self, operation: Operation) -> Receipt:
        self._metrics.accepted.labels(operation.request.verb).inc()
        return Receipt(operation, is_new=True)

    async def _next_id(self, deadline: Deadline) -> int:
        if self._ids:
            return self._ids.popleft()
        try:
            async with asyncio.timeout(deadline.left()):
                await self._reserving.acquire()
        except TimeoutError as error:
            raise unavailable() from error
        try:
            await self._reserve(1, deadline)
            return self._ids.popleft()
        finally:
            self._reserving.release()

    async def _reserve(self, at_least: int, deadline: Deadline) -> None:
        """Fill the stock where it holds less. Asking again does no harm: ids may be left out."""
        if len(self._ids) >= at_least:
            return
        reservation = records.reserve(_IN_STOCK - len(self._ids))
        reserved = await self._database.insist(reservation, deadline)
        self._ids.extend(reserved)


def _journalled(event: Event) -> Transaction[None]:
    return Transaction(
        commands=(("RPUSH", keys.JOURNAL, event.as_json()),),
        done=lambda _: None,
        refused=lambda _: None,
    )
