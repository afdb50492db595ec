"""From a request to a recorded operation: recognised, recorded and queued in one round trip."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import structlog

from bot.database import Database
from bot.metrics import Metrics
from bot.room import Room
from quaymaster.configuration import Configuration
from quaymaster.errors import Conflict, Unavailable
from quaymaster.journal import Event, event_of
from quaymaster.operations import Actor, Operation, Origin, State, Submission
from quaymaster.outcomes import Ended
from quaymaster.requests import Request
from quaymaster.routing import first_step
from quaymaster.signing_key import Keys, SigningKey
from quaymaster.store import records
from quaymaster.store.formats import SUBMISSION
from quaymaster.store.records import Accepted, Duplicate, IdTaken
from quaymaster.store.transactions import Transaction

log = structlog.get_logger(__name__)

_RESERVED_AT_ONCE = 16
_MOST_DOUBTFUL = 1_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """The operation that a delivery became: now, or the first time that it came."""

    operation: int
    accepted: Operation | None = None
    """What was recorded just now; None for a delivery that came before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, who made it, where, and in which delivery it came."""

    request: Request
    actor: Actor
    origin: Origin


class Acceptance:
    """Records operations, each delivery once."""

    def __init__(
        self, database: Database, configuration: Configuration, keys: Keys, metrics: Metrics
    ) -> None:
        self._database = database
        self._configuration = configuration
        self._keys = keys
        self._metrics = metrics
        self._ids: deque[int] = deque()
        self._reserving = asyncio.Lock()
        self._doubtful: deque[int] = deque(maxlen=_MOST_DOUBTFUL)
        self.room = Room()

    async def warm_up(self) -> None:
        """Have ids ready, so that the first command needs one round trip as well."""
        if not self._ids:
            async with self._reserving:
                await self._reserve()

    async def accept(self, asked: Asked, state: Literal[State.ACCEPTED, State.QUEUED]) -> Receipt:
        """Record it, and queue it when its state is queued.

        A delivery that came before changes nothing. Raises Unavailable when Redis does not answer
        in time, and NoRoom where it is nearly full.
        """
        self.room.check()
        try:
            return await self._recorded(asked, state)
        except IdTaken:
            await self._move_ids_on()
            return await self._recorded(asked, state)

    async def _recorded(
        self, asked: Asked, state: Literal[State.ACCEPTED, State.QUEUED]
    ) -> Receipt:
        operation = self._operation(await self._next_id(), asked, state)
        event = event_of(operation, actor=asked.actor.user)
        try:
            answer = await self._database.perform(
                records.accept(operation, event, self._keys.private)
            )
        except Unavailable:
            self._doubtful.append(operation.id)
            raise
        match answer:
            case Duplicate(first):
                self._ids.appendleft(operation.id)
                self._metrics.duplicates.inc()
                return Receipt(first)
            case Accepted(next_id):
                self._ids.append(next_id)
                self._metrics.accepted.labels(asked.request.verb).inc()
                return Receipt(operation.id, operation)

    async def _move_ids_on(self) -> None:
        """Ids went back, as after an older state of Redis was restored: go above every one that is
        known, so that nothing is ever called by the number of something else.
        """
        async with self._reserving:
            known = await asyncio.gather(*map(self._database.ask, records.known_ids()))
            at_present, *others = known
            skipped = max(0, max(others) - at_present)
            log.warning("ids went back", at=at_present, skipped=skipped)
            self._ids.clear()
            reserved = await self._database.perform(records.reserve(skipped + _RESERVED_AT_ONCE))
            self._ids.extend(reserved[skipped:])

    async def settle_doubts(self) -> None:
        """Take back operations whose acceptance was not answered: the person was told that nothing
        was started. A frozen Redis does not accept them later (see ``Database``), but one that died
        may have accepted one and lost only the answer. Raises Unavailable.
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
        try:
            event = Event(
                await self._next_id(),
                *(0, "refused", asked.actor.user, datetime.now(UTC), why, environment),
            )
            await self._database.perform(_journalled(event, self._keys.private))
        except Unavailable:
            log.warning("refusal not in the audit", actor=asked.actor.user, why=why)

    async def _cancel_if_recorded(self, operation_id: int) -> None:
        stored = await self._database.ask(records.load(operation_id, self._keys.ring))
        if stored is None or stored.operation.state not in (State.ACCEPTED, State.QUEUED):
            return
        outcome = Ended(
            "Redis answered too late, and it was said that nothing was started.",
            next_step="Ask again.",
        )
        after = stored.operation.moved(State.CANCELLED, datetime.now(UTC), outcome=outcome)
        event = event_of(after, detail="answered too late")
        await self._database.perform(
            records.move(stored.operation, after, event, self._keys.private)
        )

    def _operation(self, operation_id: int, asked: Asked, state: State) -> Operation:
        stage, queue = first_step(asked.request, self._configuration)
        now = datetime.now(UTC)
        submission = Submission(
            id=operation_id,
            request=asked.request,
            actor=asked.actor,
            origin=asked.origin,
            configuration_revision=self._configuration.revision,
            requested_at=now,
        )
        return Operation(
            submission=SUBMISSION.signed(submission, (str(operation_id),), self._keys.private),
            state=state,
            stage=stage,
            queue=queue,
            changed_at=now,
        )

    async def _next_id(self) -> int:
        if self._ids:
            return self._ids.popleft()
        async with self._reserving:
            if not self._ids:
                await self._reserve()
            return self._ids.popleft()

    async def _reserve(self) -> None:
        reserved = await self._database.perform(records.reserve(_RESERVED_AT_ONCE))
        self._ids.extend(reserved)


def _journalled(event: Event, key: SigningKey) -> Transaction[None]:
    return Transaction(
        commands=(records.journalled(event, key),),
        done=lambda _: None,
        refused=lambda _: None,
    )
