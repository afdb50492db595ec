"""What happens with what somebody typed or pressed.

Whatever it is, the person gets an answer: in the acknowledgement where it is there at once, else
privately afterwards. Before the acknowledgement nobody but Redis is asked.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, assert_never

from bot.commands.grammar import parse
from bot.commands.help import help_text
from bot.commands.repair import repaired
from bot.conversation.acceptance import Acceptance
from bot.conversation.admission import Admission, check_admission
from bot.conversation.allowance import Allowances
from bot.conversation.answers import Answers, OnHomeTab, ReplyTo
from bot.conversation.background import Background
from bot.conversation.cancelling import Cancelling
from bot.conversation.clarifying import (
    COUNTS_FOR,
    Clarification,
    changes_something,
    clicked_by,
    value_of,
)
from bot.conversation.home import HomeTab
from bot.conversation.identity import Directory
from bot.conversation.metrics import Metrics
from bot.conversation.overview import Overview
from bot.conversation.paging import Paging
from bot.conversation.returned import Returned
from bot.conversation.votes import Votes
from bot.database.database import ANSWER_SECONDS
from bot.listening.payloads import Click, Confirmed, HomeOpened, PassingMention, TypedCommand
from bot.views.answers import (
    PrivateAnswer,
    clarification_answer,
    help_answer,
    problem_answer,
    suggestion_answer,
)
from bot.views.buttons import Button
from bot.views.headline import headline_of
from quaymaster import policy
from quaymaster.actors import SlackUser
from quaymaster.approvals import Choice
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.in_use import ConfigurationInUse
from quaymaster.errors import Problem, QuaymasterError, TooMuch, Unavailable, UsageError
from quaymaster.logs import unforeseen
from quaymaster.operations import Origin, State
from quaymaster.policy import Person
from quaymaster.requests import (
    AnsweredByBot,
    ApproveRequest,
    CancelRequest,
    HelpRequest,
    JobsRequest,
    RejectRequest,
    Request,
    StatusRequest,
)
from quaymaster.signing_key import Keys
from quaymaster.store.new_operations import Asked
from quaymaster.subjects import AuditDigest, OperationSubject

_REMEMBERED_DELIVERIES = 2_000
_SHOWN_SECONDS = ANSWER_SECONDS + 0.1
"""What asks Redis several times is answered after the acknowledgement when that takes longer. A
Redis that does not answer at all has been given up by then.
"""


@dataclass(frozen=True, slots=True)
class Services:
    """What the router works with."""

    in_use: ConfigurationInUse
    command: str
    allowances: Allowances
    directory: Directory
    acceptance: Acceptance
    admission: Admission
    returned: Returned
    votes: Votes
    cancelling: Cancelling
    paging: Paging
    overview: Overview
    home_tab: HomeTab
    answers: Answers
    background: Background
    metrics: Metrics
    keys: Keys

    @property
    def configuration(self) -> Configuration:
        """As it is at this moment."""
        return self.in_use.now


class Router:
    """The bot's side of every conversation."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._answered = _Recent()

    async def typed(self, typed: TypedCommand) -> PrivateAnswer | None:
        """Take a command; the answer for the acknowledgement, None when it comes afterwards."""
        try:
            self._services.allowances.take(typed.actor)
        except TooMuch as error:
            self._count_refusal(error)
            return problem_answer(error.problem)
        return await self._understood(typed, is_for_others_too=False)

    async def _understood(
        self, typed: TypedCommand, *, is_for_others_too: bool
    ) -> PrivateAnswer | None:
        try:
            try:
                request = parse(typed.text, self._services.configuration, self._services.command)
            except UsageError as error:
                self._count_refusal(error)
                return self._suggestion(typed, error.problem)
            if is_for_others_too and changes_something(request):
                return self._clarified(request, typed)
            return await self._requested(request, typed)
        except QuaymasterError as error:
            self._count_refusal(error)
            return problem_answer(error.problem)
        except Exception as error:  # noqa: BLE001 (an edge: the person gets an answer)
            return self._unforeseen(error, "taking a command")

    async def mentioned(self, typed: TypedCommand) -> None:
        """Take a command that was typed as a message in a channel. What would change something is
        asked back first.
        """
        await self._take_message(typed, is_for_others_too=True)

    async def direct_message(self, typed: TypedCommand) -> None:
        """Take a command that was typed as a message to the bot alone: nobody else reads it, so it
        is meant as it stands.
        """
        await self._take_message(typed, is_for_others_too=False)

    async def _take_message(self, typed: TypedCommand, *, is_for_others_too: bool) -> None:
        """Of a message the card is the answer, and an acknowledgement cannot carry words: what has
        to be said is said afterwards.
        """
        if self._is_too_much(typed.actor, typed.origin.delivery, typed.reply_to):
            return
        answer = await self._understood(typed, is_for_others_too=is_for_others_too)
        if answer is not None and not answer.card_follows:
            self._afterwards(typed.origin.delivery, typed.reply_to, "answering", _resolved(answer))

    async def overheard(self, overheard: PassingMention) -> None:
        """The bot was spoken of, not to. Whoever meant it as a command is told how to write it."""
        to = overheard.reply_to
        try:
            request = parse(overheard.text, self._services.configuration, self._services.command)
        except UsageError:
            return
        if isinstance(request, HelpRequest):
            return
        if not self._is_too_much(overheard.actor, overheard.delivery, to):
            answer = _resolved(problem_answer(_no_command(request, self._services.command)))
            self._afterwards(overheard.delivery, to, "answering", answer)

    async def confirmed(self, confirmed: Confirmed) -> None:
        """Take a click on what was asked back."""
        if not self._is_too_much(confirmed.actor, confirmed.delivery, confirmed.reply_to):
            work = self._confirmed(confirmed)
            self._afterwards(confirmed.delivery, confirmed.reply_to, "taking a click", work)

    async def clicked(self, clicked: Click) -> None:
        """Take a click."""
        if self._is_too_much(clicked.actor, clicked.delivery, clicked.reply_to):
            return
        match clicked.pointer.subject:
            case OperationSubject(operation):
                work = self._pressed(clicked, operation)
                self._afterwards(clicked.delivery, clicked.reply_to, "taking a click", work)
            case AuditDigest():
                pass  # it has no buttons
            case _:
                assert_never(clicked.pointer.subject)

    async def home_opened(self, opened: HomeOpened) -> None:
        """Draw the Home tab of who opened it."""
        try:
            self._services.allowances.take(opened.actor)
        except TooMuch as error:
            self._count_refusal(error)  # the tab stays as it is, with its Refresh button
            return
        if not self._answered.has(opened.delivery):
            self._services.background.start(self._services.home_tab.show(opened.actor))

    def failed(self, error: Exception, doing: str) -> PrivateAnswer:
        """The answer when even reading a delivery went wrong."""
        return self._unforeseen(error, doing)

    def _is_too_much(self, actor: SlackUser, delivery: str, to: ReplyTo | OnHomeTab) -> bool:
        """Whether it is refused. Saying so is a call to Slack, so that is not done every time."""
        try:
            self._services.allowances.take(actor)
        except TooMuch as error:
            self._count_refusal(error)
            if self._services.allowances.may_be_told(actor):
                answer = _resolved(problem_answer(error.problem))
                self._afterwards(delivery, to, "answering", answer)
            return True
        return False

    async def _pressed(self, clicked: Click, operation: int) -> PrivateAnswer | None:
        """What a button of an operation asks for."""
        match clicked.action:
            case Button.APPROVE:
                return await self._vote_on(clicked, operation, Choice.APPROVE)
            case Button.REJECT:
                return await self._vote_on(clicked, operation, Choice.REJECT)
            case Button.CANCEL:
                return await self._services.cancelling.cancel(operation, clicked.actor)
            case int() as page:
                await self._services.paging.turn(operation, clicked.actor, page)
                return None
            case _:
                assert_never(clicked.action)

    async def _vote_on(self, clicked: Click, operation: int, choice: Choice) -> PrivateAnswer:
        plan = clicked.pointer.plan
        return await self._services.votes.vote(operation, clicked.actor, choice, plan)

    async def _requested(self, request: Request, typed: TypedCommand) -> PrivateAnswer | None:
        if not isinstance(request, AnsweredByBot):
            return await self._accepted(request, typed.actor, typed.origin)
        if isinstance(request, HelpRequest):
            return await self._own_answer(request, typed.actor)
        if isinstance(request, StatusRequest | JobsRequest):
            return await self._shown(request, typed)
        self._later(typed, self._own_answer(request, typed.actor))
        return None

    async def _own_answer(self, request: AnsweredByBot, actor: SlackUser) -> PrivateAnswer:
        """What the bot does by itself. Only the help asks neither Slack nor Redis."""
        match request:
            case HelpRequest(topic):
                return help_answer(help_text(topic, self._services.command))
            case StatusRequest() | JobsRequest():
                return await self._show(request, await self._services.directory.look_up(actor))
            case ApproveRequest(operation):
                return await self._services.votes.vote(operation, actor, Choice.APPROVE, None)
            case RejectRequest(operation):
                return await self._services.votes.vote(operation, actor, Choice.REJECT, None)
            case CancelRequest(operation):
                return await self._services.cancelling.cancel(operation, actor)
            case _:
                assert_never(request)

    def _clarified(self, request: Request, typed: TypedCommand) -> PrivateAnswer:
        """The question whether it is meant. Raises NotAllowed and Conflict where that is known
        already.
        """
        person = self._services.directory.known(typed.actor)
        if person is not None:
            self._check(Asked(request, typed.actor, typed.origin), person)
        title = headline_of(request, self._services.configuration.default_registry)
        return clarification_answer(title, *self._button(request, typed))

    def _suggestion(self, typed: TypedCommand, problem: Problem) -> PrivateAnswer:
        """What is wrong with a line, and where that is clear the line that was meant. Whether it is
        allowed is asked when it is started, as if it had been typed.
        """
        line = repaired(typed.text, self._services.configuration, self._services.command)
        if line is None:
            return problem_answer(problem)
        request = parse(line, self._services.configuration, self._services.command)
        button = self._button(request, typed)
        return suggestion_answer(f"{self._services.command} {line}", problem, *button)

    def _button(self, request: Request, typed: TypedCommand) -> tuple[datetime, str]:
        """Until when the button works, and what it carries."""
        until = datetime.now(UTC) + COUNTS_FOR
        asked = Clarification(request, typed.actor, typed.origin, until)
        return until, value_of(asked, self._services.keys.private)

    async def _confirmed(self, confirmed: Confirmed) -> PrivateAnswer:
        now = datetime.now(UTC)
        asked = clicked_by(confirmed.value, confirmed.actor, now, self._services.keys.ring)
        if isinstance(asked.request, AnsweredByBot):
            return await self._own_answer(asked.request, asked.actor)
        return await self._accepted(asked.request, asked.actor, asked.origin)

    async def _accepted(self, request: Request, actor: SlackUser, origin: Origin) -> PrivateAnswer:
        incoming = Asked(request, actor, origin)
        person = self._services.directory.known(actor)
        if person is not None:
            self._check(incoming, person)
        receipt = await self._services.acceptance.accept(
            incoming, State.ACCEPTED if person is None else State.QUEUED, person=person
        )
        operation = receipt.accepted
        if operation is not None and operation.state is State.ACCEPTED:
            self._services.background.start(self._services.admission.admit(operation))
        elif operation is not None:
            self._services.admission.needs_none(operation)
        title = headline_of(request, self._services.configuration.default_registry)
        # No card is promised: whoever is not known yet may still be refused.
        line = PrivateAnswer.line(f"Started #{receipt.operation}: {title}.")
        return replace(line, card_follows=True)

    def _check(self, incoming: Asked, person: Person) -> None:
        """Raise NotAllowed or Conflict at once where the person is known: nothing is recorded."""
        try:
            check_admission(
                self._services.configuration, person, incoming.request, datetime.now(UTC)
            )
        except QuaymasterError as error:
            why = error.problem.what
            self._services.background.start(self._services.acceptance.note_refusal(incoming, why))
            raise

    async def _shown(
        self, request: StatusRequest | JobsRequest, typed: TypedCommand
    ) -> PrivateAnswer | None:
        person = self._services.directory.known(typed.actor)
        if person is None:
            self._later(typed, self._own_answer(request, typed.actor))
            return None
        showing = asyncio.ensure_future(self._show(request, person))
        done, _ = await asyncio.wait({showing}, timeout=_SHOWN_SECONDS)
        if not done:
            self._later(typed, _outcome_of(showing))
            return None
        return showing.result()

    async def _show(self, request: StatusRequest | JobsRequest, person: Person) -> PrivateAnswer:
        policy.request_allowed(self._services.configuration, person, request)
        match request:
            case StatusRequest(environment):
                return await self._services.overview.status(environment)
            case JobsRequest():
                return await self._services.overview.jobs()

    def _later(self, typed: TypedCommand, work: Coroutine[Any, Any, PrivateAnswer]) -> None:
        self._afterwards(typed.origin.delivery, typed.reply_to, "answering", work)

    def _afterwards(
        self,
        delivery: str,
        to: ReplyTo | OnHomeTab,
        doing: str,
        work: Coroutine[Any, Any, PrivateAnswer | None],
    ) -> None:
        """Do it after the acknowledgement and say what came of it. A repeated delivery of what is
        no operation is not answered twice.
        """
        if self._answered.has(delivery):
            work.close()
            return
        self._services.background.start(self._answer(to, doing, work))

    async def _answer(
        self, to: ReplyTo | OnHomeTab, doing: str, work: Coroutine[Any, Any, PrivateAnswer | None]
    ) -> None:
        try:
            answer = await work
        except QuaymasterError as error:
            self._count_refusal(error)
            answer = problem_answer(error.problem)
        except Exception as error:  # noqa: BLE001 (an edge: the person gets an answer)
            answer = self._unforeseen(error, doing)
        match to:
            case _ if answer is None:
                pass
            case ReplyTo():
                await self._services.answers.tell(to, answer)
            case OnHomeTab(actor):
                await self._services.home_tab.show(actor, answer)
            case _:
                assert_never(to)

    def _unforeseen(self, error: Exception, doing: str) -> PrivateAnswer:
        self._services.metrics.unforeseen.inc()
        return problem_answer(unforeseen(error, "bot", doing=doing))

    def _count_refusal(self, error: QuaymasterError) -> None:
        if isinstance(error, Unavailable):
            return
        self._services.metrics.refused.labels(type(error).__name__).inc()


class _Recent:
    """The latest deliveries that were answered."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    def has(self, delivery: str) -> bool:
        """Whether it was there before; from now on it was."""
        if delivery in self._seen:
            return True
        self._seen[delivery] = None
        if len(self._seen) > _REMEMBERED_DELIVERIES:
            self._seen.popitem(last=False)
        return False


def _no_command(request: Request, command: str) -> Problem:
    return Problem(
        "Nothing was started: a command must come first in the message.",
        why="Here the mention is in the middle.",
        next_step="Begin a message with the mention, or use the command: "
        f"`{command} help {request.verb}`",
    )


async def _resolved(answer: PrivateAnswer) -> PrivateAnswer:
    return answer


async def _outcome_of(work: Awaitable[PrivateAnswer]) -> PrivateAnswer:
    return await work
