"""From a request to a recorded operation: recognised, recorded and queued in one round trip."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.conversation.capacity import Capacity
from bot.conversation.identity import FRESH_SECONDS
from bot.conversation.metrics import Metrics
from bot.database.database import AT_ONCE, Database, Deadline
from quaymaster.configuration.in_use import ConfigurationInUse, Configured
from quaymaster.errors import Conflict, Forged, Unavailable, WrittenByNewer
from quaymaster.journal import Event, event_of
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Ended, Failed, Outcome
from quaymaster.policy import Person
from quaymaster.request_facts import AnyRequest
from quaymaster.signed import Signed
from quaymaster.signing_key import Keys, SigningKey
from quaymaster.standings import LookedUp
from quaymaster.store import records
from quaymaster.store.new_operations import Asked, new_operation
from quaymaster.store.operation_fields import standing_of
from quaymaster.store.records import Accepted, Duplicate, IdTaken
from quaymaster.store.transactions import Transaction, unavailable

log = structlog.get_logger(__name__)

_IN_STOCK = AT_ONCE
"""Each acceptance brings the id of a later one, so these are enough for as many as run at once."""
_MOST_DOUBTFUL = 1_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """The operation that a delivery became: now, or the first time that it came."""

    operation: int
    accepted: Operation | None = None
    """What was recorded just now; None for a delivery that came before."""


Follows = Callable[[int], Transaction[Operation]]
"""The move of another operation that a new one, with this number, follows from."""


class Acceptance(Configured):
    """Records operations, each delivery once."""

    def __init__(
        self, database: Database, in_use: ConfigurationInUse, keys: Keys, metrics: Metrics
    ) -> None:
        super().__init__(in_use)
        self._database = database
        self._keys = keys
        self._metrics = metrics
        self._ids: deque[int] = deque()
        self._may_have_gone_back = True
        self._reserving = asyncio.Lock()
        self._doubtful: deque[Operation] = deque(maxlen=_MOST_DOUBTFUL)
        self.capacity = Capacity()

    async def warm_up(self) -> None:
        """Have ids ready, above every one that is known, so that also the commands of a burst need
        one round trip each. Raises Unavailable.
        """
        deadline = Deadline.of_an_answer()
        await self._move_ids_on(deadline)
        async with self._reserving:
            await self._reserve(_IN_STOCK, deadline)

    async def accept(
        self,
        incoming: Asked,
        state: State,
        outcome: Outcome | None = None,
        person: Person | None = None,
        follows_from: Follows | None = None,
    ) -> Receipt:
        """Record it, and queue it when its state is queued. What the product tells by itself has
        ended already, with an outcome. ``person`` is who asked, where that was looked up in the
        last minute. What it follows from is moved with it, or neither is done.

        A delivery that came before changes nothing, so it is asked again where no reply comes: if
        the first attempt was carried out, the second one finds this very operation. Raises
        Unavailable when Redis does not answer in time, NoRoom where it is nearly full, and Conflict
        where somebody else has moved what it follows from.
        """
        self.capacity.check()
        deadline = Deadline.of_an_answer()
        try:
            return await self._recorded(incoming, state, deadline, outcome, person, follows_from)
        except IdTaken:
            self._may_have_gone_back = True
            await self._move_ids_on(deadline)
            return await self._recorded(incoming, state, deadline, outcome, person, follows_from)

    async def _recorded(
        self,
        incoming: Asked,
        state: State,
        deadline: Deadline,
        outcome: Outcome | None,
        person: Person | None,
        follows_from: Follows | None,
    ) -> Receipt:
        number = await self._next_id(deadline)
        key = self._keys.private
        operation = new_operation(
            number,
            incoming,
            self._configuration,
            datetime.now(UTC),
            key,
            state=state,
            outcome=outcome,
            standings=standings_at_the_request(number, incoming.request, person, key),
        )
        event = event_of(operation, actor=incoming.actor.id, detail=_detail(outcome))
        accepting = records.accept(operation, event, key)
        if follows_from is not None:
            accepting = records.accept_with(accepting, follows_from(operation.id))
        try:
            answer = await self._database.insist(accepting, deadline)
        except Unavailable:
            if follows_from is None:  # only then a person reads that nothing was started
                self._doubtful.append(operation)
            raise
        match answer:
            case Duplicate(first) if first == operation.id:
                # Its first attempt; the id for a later one is lost with that reply.
                return self._new(operation)
            case Duplicate(first):
                self._ids.appendleft(operation.id)
                self._metrics.duplicates.inc()
                return Receipt(first)
            case Accepted(next_id) if next_id > operation.id:
                self._ids.append(next_id)
                return self._new(operation)
            case Accepted(_):
                self._ids.clear()
                self._may_have_gone_back = True
                return self._new(operation)

    async def _move_ids_on(self, deadline: Deadline) -> None:
        """Go above every id that is known, where ids went back, as when an older state of Redis was
        restored: nothing is ever called by the number of something else.
        """
        async with self._reserving:
            if not self._may_have_gone_back:
                return
            asking = (self._database.ask(one, deadline) for one in records.known_ids())
            at_present, *others = await asyncio.gather(*asking)
            skipped = max(0, max(others) - at_present)
            if skipped:
                log.warning("ids went back", at=at_present, skipped=skipped)
            self._ids.clear()
            reserving = records.reserve(skipped + _IN_STOCK)
            self._ids.extend((await self._database.insist(reserving, deadline))[skipped:])
            self._may_have_gone_back = False

    async def settle_doubts(self) -> None:
        """Take back operations whose acceptance got no answer, because the person has read that
        nothing was started. A frozen Redis does not accept them later (see ``Database``), but one
        that died may have accepted one and lost only the answer, and a very slow disk may have kept
        it back. A job that runs already is asked to stop. Raises Unavailable.
        """
        while self._doubtful:
            doubtful = self._doubtful[0]
            try:
                await self._cancel_if_recorded(doubtful)
            except (Conflict, Forged, WrittenByNewer):
                log.info("moved by somebody else", operation=doubtful.id)
            self._doubtful.popleft()

    async def note_refusal(self, incoming: Asked, why: str) -> None:
        """Record a refusal for the audit if there is no operation that records it."""
        environment = incoming.request.facts.environment
        try:
            event = Event(
                await self._next_id(Deadline.of_an_answer()),
                *(0, "refused", incoming.actor.id, datetime.now(UTC), why, environment),
            )
            await self._database.perform(_journalled(event, self._keys.private))
        except Unavailable:
            log.warning("refusal not in the audit", actor=incoming.actor.id, why=why)

    async def _cancel_if_recorded(self, doubtful: Operation) -> None:
        stored = await self._database.ask(records.load(doubtful.id, self._keys.ring))
        # Where ids went back, another operation may have this one.
        if stored is None or stored.operation.submission != doubtful.submission:
            return
        operation = stored.operation
        actor = operation.requester
        if operation.state is State.RUNNING:
            event = event_of(operation, actor=actor, what="cancel asked")
            asking = records.ask_to_cancel(operation, actor, event, self._keys.private)
            await self._database.perform(asking)
        elif operation.state in (State.ACCEPTED, State.QUEUED):
            outcome = Ended(
                "Redis answered too late, and you were told that nothing was started.",
                next_step="Ask again.",
            )
            after = operation.moved(State.CANCELLED, datetime.now(UTC), outcome=outcome)
            event = event_of(after, detail="answered too late")
            await self._database.perform(records.move(operation, after, event, self._keys.private))

    def _new(self, operation: Operation) -> Receipt:
        self._metrics.accepted.labels(operation.request.verb).inc()
        return Receipt(operation.id, operation)

    async def _next_id(self, deadline: Deadline) -> int:
        if self._may_have_gone_back:
            await self._move_ids_on(deadline)
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


def _detail(outcome: Outcome | None) -> str:
    match outcome:
        case Failed(trouble):
            return trouble.why
        case Ended(why):
            return why
        case _:
            return ""


def standings_at_the_request(
    operation_id: int, request: AnyRequest, person: Person | None, key: SigningKey
) -> tuple[Signed[LookedUp], ...]:
    """Who asked for a change of a service, signed: as they were at least a minute ago, since a
    look-up counts for so long.
    """
    if person is None or request.facts.service_change is None:
        return ()
    at = datetime.now(UTC) - timedelta(seconds=FRESH_SECONDS)
    return (standing_of(operation_id, person, at, key),)


def _journalled(event: Event, key: SigningKey) -> Transaction[None]:
    return Transaction(
        commands=(records.journalled(event, key),),
        done=lambda _: None,
        refused=lambda _: None,
    )
