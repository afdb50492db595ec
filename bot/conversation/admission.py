"""After the acknowledgement: may this person have this now? Then it is queued, else refused."""

from datetime import UTC, datetime, timedelta

import structlog

from bot.conversation.acceptance import standings_at_the_request
from bot.conversation.background import Background
from bot.conversation.deciding import loaded_if_readable
from bot.conversation.identity import Directory, person_behind
from bot.conversation.metrics import Metrics
from bot.database.database import Database
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.in_use import ConfigurationInUse, Configured
from quaymaster.errors import (
    Conflict,
    Forged,
    NotAllowed,
    Problem,
    QuaymasterError,
    Unavailable,
)
from quaymaster.journal import event_of
from quaymaster.logs import unforeseen
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Failed
from quaymaster.policy import Person, refusal_of_window, request_allowed
from quaymaster.request_facts import AnyRequest
from quaymaster.request_revision import is_current
from quaymaster.signing_key import Keys
from quaymaster.store import records

log = structlog.get_logger(__name__)

LEFT_BEHIND_AFTER = timedelta(seconds=3)
"""A bot that is alive has admitted its own operations long before."""


def check_admission(
    configuration: Configuration, person: Person, request: AnyRequest, now: datetime
) -> None:
    """Raise NotAllowed for a person who may not ask for this, Conflict for a wrong time."""
    request_allowed(configuration, person, request)
    change = request.facts.service_change
    if change is not None and not change.is_rescue:
        refusal = refusal_of_window(configuration, change.service.environment, now)
        if refusal is not None:
            raise Conflict(refusal, next_step="Rolling back is possible at any time.")


class Admission(Configured):
    """Moves accepted operations on. Doing so twice, or in two bots at once, does no harm."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        in_use: ConfigurationInUse,
        keys: Keys,
        metrics: Metrics,
        background: Background,
    ) -> None:
        super().__init__(in_use)
        self._background = background
        self._database = database
        self._directory = directory
        self._keys = keys
        self._metrics = metrics
        self._under_way: set[int] = set()
        self._past: set[int] = set()
        """Open operations that are known to have left the state accepted for good."""

    async def admit(self, operation: Operation) -> None:
        """Queue or refuse an operation; the courier shows the result. What stays accepted, because
        Redis does not answer, is found by the next sweep.
        """
        if operation.id in self._under_way:
            return
        self._under_way.add(operation.id)
        try:
            after = await self._decided(operation)
            actor = operation.requester
            event = event_of(after, actor=actor, detail=_detail(after))
            await self._database.perform(records.move(operation, after, event, self._keys.private))
            self._past.add(operation.id)
        except Conflict:
            log.info("moved by somebody else", operation=operation.id)
        except Unavailable:
            log.warning("left for the next sweep", operation=operation.id)
        finally:
            self._under_way.discard(operation.id)

    def needs_none(self, operation: Operation) -> None:
        """It was accepted as queued."""
        self._past.add(operation.id)

    async def sweep(self) -> None:
        """Admit what a bot that died left behind, all at once, so that no operation waits for the
        look-ups of others. Raises Unavailable.
        """
        now = datetime.now(UTC)
        ids = await self._database.ask(records.open_ids())
        open_ids = frozenset(ids)
        self._past &= open_ids
        left: list[Operation] = []
        for operation_id in sorted(open_ids - self._past - self._under_way):
            operation = await loaded_if_readable(self._database, operation_id, self._keys.ring)
            if operation is None or operation.state is not State.ACCEPTED:
                self._past.add(operation_id)
            elif now - operation.requested_at > LEFT_BEHIND_AFTER:
                left.append(operation)
        for operation in left:
            self._background.start(self.admit(operation))

    async def _decided(self, operation: Operation) -> Operation:
        """The next version of the record."""
        try:
            self._check_revision(operation)
            person = await self._directory.look_up(person_behind(operation))
            check_admission(self._configuration, person, operation.request, datetime.now(UTC))
        except Forged as error:
            return _failed(operation, error.problem)
        except QuaymasterError as error:
            self._metrics.refused.labels(_reason(error)).inc()
            outcome = Failed(error.problem)
            return operation.moved(State.REFUSED, datetime.now(UTC), outcome=outcome)
        except Exception as error:  # noqa: BLE001 (an edge: the person gets an answer)
            self._metrics.unforeseen.inc()
            return _failed(operation, unforeseen(error, "bot", admitting=operation.id))
        standings = standings_at_the_request(
            operation.id, operation.request, person, self._keys.private
        )
        return operation.moved(State.QUEUED, datetime.now(UTC), standings=standings)

    def _check_revision(self, operation: Operation) -> None:
        if not is_current(operation, self._configuration):
            raise Conflict(
                "The configuration of this environment changed just after you asked, so nothing "
                "was started.",
                next_step="Ask again.",
            )


def _failed(operation: Operation, problem: Problem) -> Operation:
    return operation.moved(State.FAILED, datetime.now(UTC), outcome=Failed(problem))


def _reason(error: QuaymasterError) -> str:
    return "policy" if isinstance(error, NotAllowed) else type(error).__name__.lower()


def _detail(after: Operation) -> str:
    return after.outcome.trouble.what if isinstance(after.outcome, Failed) else ""
