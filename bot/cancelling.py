"""Cancelling: at once while nothing runs, at the next step while something does, else not."""

from typing import cast

from bot.allowance import Allowances
from bot.database import Database
from bot.deciding import by_whom, decide, loaded, now
from bot.identity import Directory
from bot.views.answers import Answer
from quaymaster import policy
from quaymaster.actors import SlackUser
from quaymaster.configuration import Configuration
from quaymaster.errors import Conflict
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended
from quaymaster.policy import Person
from quaymaster.requests import CancelRequest
from quaymaster.signing_key import Keys
from quaymaster.store import records
from quaymaster.store.transactions import Transaction

_Change = Transaction[Operation | None]


class Cancelling:
    """Cancels operations for people who may."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        configuration: Configuration,
        keys: Keys,
        allowances: Allowances,
    ) -> None:
        self._database = database
        self._directory = directory
        self._allowances = allowances
        self._configuration = configuration
        self._keys = keys

    async def cancel(self, operation_id: int, actor: SlackUser) -> Answer:
        """Cancel it, or ask its job to stop; what the person is told.

        Who may not, or is too late, is told so by what is known already: Slack is asked anew only
        where it would count. Raises NotAllowed, Conflict with the reason why it is too late,
        TooMuch, OutsideFailure (the look-up failed) and Unavailable.
        """
        asked_at = self._directory.moment()

        async def check(person: Person) -> None:
            policy.request_allowed(self._configuration, person, CancelRequest(operation_id))
            self._check(await loaded(self._database, operation_id, self._keys.ring), person)

        await by_whom(actor, self._directory, self._allowances, check)
        self._allowances.take_decision(actor)
        person = await self._directory.look_up_anew(actor, asked_at)

        def decision(operation: Operation) -> _Change:
            return self._decision(operation, person)

        ended = await decide(self._database, operation_id, self._keys.ring, decision)
        if ended is None:
            return Answer.line(
                f"#{operation_id} stops at its next step; its card says what was done by then."
            )
        return Answer.line(f"#{operation_id} is cancelled. Nothing was changed.")

    def _decision(self, operation: Operation, person: Person) -> _Change:
        """Ends it, or asks its job to stop."""
        self._check(operation, person)
        user = person.user_id
        if operation.state is State.RUNNING:
            event = event_of(operation, actor=user, what="cancel asked")
            return cast(_Change, records.ask_to_cancel(operation, user, event, self._keys.private))
        outcome = Ended("Cancelled before anything was changed.", by=user)
        after = operation.moved(State.CANCELLED, now(), outcome=outcome)
        event = event_of(after, actor=user)
        return cast(_Change, records.move(operation, after, event, self._keys.private))

    def _check(self, operation: Operation, person: Person) -> None:
        """Raise NotAllowed, or Conflict where it is too late."""
        request = operation.request
        policy.may_cancel(
            self._configuration,
            person,
            operation.requester,
            getattr(request, "environment", None),
            getattr(request, "service", None),
        )
        check_in_time(operation)


def check_in_time(operation: Operation) -> None:
    """Raise Conflict with the reason where an operation cannot be cancelled (any more)."""
    number = f"#{operation.id}"
    if operation.state.is_terminal:
        raise Conflict(
            f"{number} cannot be cancelled: it has ended.",
            why=f"It {operation.state.said}.",
        )
    if operation.state is State.BAKING or operation.stage is Stage.LOOK:
        service = getattr(operation.request, "service", "the service")
        environment = getattr(operation.request, "environment", "")
        raise Conflict(
            f"{number} cannot be cancelled any more: the new version serves already.",
            why="After the switch there is nothing left to stop.",
            next_step=f"`/image rollback {environment}/{service}` brings the old one back.",
        )
    if operation.is_past_return:
        raise Conflict(
            f"{number} cannot be cancelled any more: it is switching.",
            why="What has begun to change is brought to its end, so that nothing is half done.",
            next_step="Its card says in a moment what runs; a rollback brings the old one back.",
        )
    if operation.stage is Stage.RECOVER:
        raise Conflict(
            f"{number} cannot be cancelled: its job broke off.",
            why="What it left behind is being looked at, and its card will say so.",
        )
    if operation.state is State.RUNNING and operation.cancel_asked_by is not None:
        raise Conflict(f"{number} was asked to stop already.", why="It stops at its next step.")
