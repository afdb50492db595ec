"""Cancelling: at once while nothing runs, at the next step while something does, else not."""

from typing import cast

from bot.conversation.allowance import Allowances
from bot.conversation.deciding import by_whom, decide, loaded, now
from bot.conversation.identity import Directory
from bot.database.database import Database
from bot.views.answers import PrivateAnswer
from quaymaster import policy
from quaymaster.actors import SlackUser
from quaymaster.configuration.in_use import ConfigurationInUse, Configured
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


class Cancelling(Configured):
    """Cancels operations for people who may."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        in_use: ConfigurationInUse,
        keys: Keys,
        allowances: Allowances,
    ) -> None:
        super().__init__(in_use)
        self._database = database
        self._directory = directory
        self._allowances = allowances
        self._keys = keys

    async def cancel(self, operation_id: int, actor: SlackUser) -> PrivateAnswer:
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
            return PrivateAnswer.line(
                f"#{operation_id} will stop at its next step. "
                "Its card will say what was already done."
            )
        return PrivateAnswer.line(f"#{operation_id} is cancelled. Nothing was changed.")

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
        policy.may_cancel(
            self._configuration, person, operation.requester, operation.request.facts.about
        )
        check_in_time(operation)


def check_in_time(operation: Operation) -> None:
    """Raise Conflict with the reason where an operation cannot be cancelled (any more)."""
    number = f"#{operation.id}"
    if operation.state.is_terminal:
        raise Conflict(
            f"{number} cannot be cancelled: it has ended.",
            why=f"It {operation.state.predicate}.",
        )
    if operation.state is State.BAKING or operation.stage is Stage.VERIFY:
        raise Conflict(
            f"{number} can no longer be cancelled: the new version is already live.",
            why="After the switch there is nothing left to stop.",
            next_step=f"Roll back with `/image rollback {operation.request.facts.about}`.",
        )
    if operation.is_committed:
        raise Conflict(
            f"{number} can no longer be cancelled: it is switching versions.",
            why="A switch that has begun is finished, so that nothing is left half done.",
            next_step="Its card will soon say what is running. You can then roll back.",
        )
    if operation.stage is Stage.RECOVER:
        raise Conflict(
            f"{number} cannot be cancelled: its job was interrupted.",
            why="Quaymaster is checking what it left behind. Its card will show the result.",
        )
    if operation.state is State.RUNNING and operation.cancel_asked_by is not None:
        raise Conflict(f"{number} is already stopping.", why="It stops at its next step.")
