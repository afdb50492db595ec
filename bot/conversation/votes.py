"""Votes: identified anew each time, about the plan that was shown, signed, and counted once."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.conversation.allowance import Allowances
from bot.conversation.cancelling import check_in_time
from bot.conversation.deciding import by_whom, decide, loaded, now
from bot.conversation.evidence import (
    Evidence,
    answers_at_the_last_vote,
    evidence_about,
    standings_of,
)
from bot.conversation.identity import Directory
from bot.database.database import Database
from bot.views.amounts import counted
from bot.views.answers import PrivateAnswer
from bot.views.card import plan_answer
from bot.views.card_context import CardContext
from bot.views.headline import headline_of
from quaymaster import policy
from quaymaster.actors import SlackUser
from quaymaster.admissible import involved, refuse
from quaymaster.approvals import Approval, Choice, OtherPlan, Vote
from quaymaster.configuration.in_use import ConfigurationInUse, Configured
from quaymaster.errors import Conflict, Forged, NotAdmissible, NotAllowed
from quaymaster.journal import event_of
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Failed
from quaymaster.plans import Plan
from quaymaster.policy import Person
from quaymaster.queues import target_queue
from quaymaster.request_facts import service_change
from quaymaster.request_revision import is_current
from quaymaster.requests import ApproveRequest
from quaymaster.rights import Right
from quaymaster.signing_key import Keys
from quaymaster.store import cards, records
from quaymaster.store.formats import VOTE
from quaymaster.store.transactions import Transaction
from quaymaster.subjects import OperationSubject
from quaymaster.target import ServiceRef

_TRIES = 3
"""The courier notes something about the same messages seldom, and then it draws them anyway."""


@dataclass(frozen=True, slots=True)
class _Ballot:
    """One person's choice at one moment."""

    person: Person
    choice: Choice
    at: datetime
    plan: str | None
    """The hash of the plan that they were shown."""


class _IsTheLast(Exception):
    """With this vote it would be approved: whether it may still happen has to be found out."""

    def __init__(self, operation: Operation) -> None:
        super().__init__()
        self.operation = operation


class Votes(Configured):
    """Takes votes."""

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

    async def vote(
        self, operation_id: int, actor: SlackUser, choice: Choice, plan: str | None
    ) -> PrivateAnswer:
        """Count a vote, once; what the voter is told.

        ``plan`` is the hash of the plan that the voter was shown. Where they typed the words they
        were shown none: a rejection counts all the same, and an approval is answered with the plan
        and its button.

        Whose vote would not count is told so by what is known already, a minute old at most: Slack
        is asked anew only where it would. Raises NotAllowed, Conflict, Forged, TooMuch,
        OutsideFailure (the look-up failed) and Unavailable.
        """
        voted_at = self._directory.moment()

        async def check(person: Person) -> PrivateAnswer | None:
            policy.request_allowed(self._configuration, person, ApproveRequest(operation_id))
            operation = await loaded(self._database, operation_id, self._keys.ring)
            approval = self._votable(operation, _Ballot(person, choice, now(), plan))
            if plan is None and choice is Choice.APPROVE:
                return self._plan_to_approve(operation, approval, person)
            return None

        voter = await by_whom(actor, self._directory, self._allowances, check)
        if voter is not None:
            return voter
        self._allowances.take_decision(actor)
        person = await self._directory.look_up_anew(actor, voted_at)
        policy.request_allowed(self._configuration, person, ApproveRequest(operation_id))
        try:
            after = await self._decided(operation_id, _Ballot(person, choice, now(), plan))
        except OtherPlan:
            # Whoever clicked looked at something that is not there: the card is drawn again.
            await self._draw_again(operation_id)
            raise
        if after.state is State.EXPIRED:
            raise _expired(after)
        if after.state is State.REFUSED and isinstance(after.outcome, Failed):
            problem = after.outcome.trouble
            raise NotAdmissible(problem.what, why=problem.why, next_step=problem.next_step)
        return _told(after, choice, self._configuration.default_registry)

    async def _decided(self, operation_id: int, ballot: _Ballot) -> Operation:
        """The record with the vote. With the last one it is asked whether it may still happen, by
        what is found out after it has turned out to be the last.
        """
        evidence: Evidence | None = None

        def decision(operation: Operation) -> Transaction[Operation]:
            return self._decision(operation, ballot, evidence)

        for _ in range(_TRIES):
            try:
                return await decide(self._database, operation_id, self._keys.ring, decision)
            except _IsTheLast as last:
                evidence = await evidence_about(
                    last.operation,
                    _plan(last.operation),
                    self._database,
                    self._directory,
                    self._configuration,
                    self._keys.ring,
                )
        return await decide(self._database, operation_id, self._keys.ring, decision)

    async def _draw_again(self, operation_id: int) -> None:
        for _ in range(_TRIES):
            noted = await self._database.ask(cards.postings(OperationSubject(operation_id)))
            if await self._database.perform(records.redraw(operation_id, noted)):
                return

    def _plan_to_approve(
        self, operation: Operation, approval: Approval, person: Person
    ) -> PrivateAnswer:
        """The plan with its buttons, for who typed the words and may vote."""
        ballot = _Ballot(person, Choice.APPROVE, now(), None)
        self._check_plan(operation, approval)
        approval.check(_vote(operation, ballot, approval))
        return plan_answer(CardContext(operation, self._configuration, ballot.at))

    def _decision(
        self, operation: Operation, ballot: _Ballot, evidence: Evidence | None
    ) -> Transaction[Operation]:
        approval = self._votable(operation, ballot)
        if ballot.at >= approval.rule.expires_at:
            return self._move(operation, _as_expired(operation, ballot.at), ballot)
        if ballot.choice is Choice.APPROVE:
            self._check_plan(operation, approval)
        vote = _vote(operation, ballot, approval)
        signed = VOTE.signed(vote, (str(operation.id), vote.plan), self._keys.private)
        counted = approval.with_vote(signed)
        people = {ballot.person.user_id: ballot.person}
        if counted.is_granted:
            people = self._judged(operation, counted, ballot, evidence)
        standings = standings_of(operation, people, ballot.at, self._keys.private)
        after = replace(_counted(operation, counted, vote), standings=standings)
        if counted.is_granted and evidence is not None:
            after = self._unless_refused(operation, after, counted, evidence)
        return self._move(operation, after, ballot)

    def _votable(self, operation: Operation, ballot: _Ballot) -> Approval:
        """What is voted on. Raises NotAllowed, and Conflict with the reason where nothing is."""
        self._check_right(operation, ballot)
        self._refuse_second_vote(operation, ballot.person)
        return _open_approval(operation)

    def _judged(
        self, operation: Operation, counted: Approval, ballot: _Ballot, evidence: Evidence | None
    ) -> dict[str, Person]:
        """Everybody whose standing counts, looked up for this vote. Raises _IsTheLast where that is
        still to be done.
        """
        people = {**(evidence.people if evidence else {}), ballot.person.user_id: ballot.person}
        if evidence is None or set(involved(operation.requester, counted)) - people.keys():
            raise _IsTheLast(operation)
        return people

    def _unless_refused(
        self, operation: Operation, after: Operation, counted: Approval, known_facts: Evidence
    ) -> Operation:
        """Refused where it may not happen any more. Raises NotAdmissible where it only has to wait:
        then the vote is not counted, and can be given again.
        """
        people = {one.value.user: one.value.person for one in after.standings}
        evidence = replace(known_facts, people=people)
        plan = _plan(operation)
        answers = answers_at_the_last_vote(self._configuration, operation, plan, counted, evidence)
        try:
            refuse(answers)
        except NotAdmissible as error:
            if all(answer.may_pass for answer in answers if answer.stops):
                raise NotAdmissible(
                    f"{error.problem.what} Your vote was not counted.",
                    why=error.problem.why,
                    next_step="Vote again later, if the plan is still open.",
                ) from error
            return operation.moved(
                State.REFUSED,
                after.changed_at,
                votes=after.votes,
                standings=after.standings,
                outcome=Failed(error.problem),
            )
        return after

    def _move(self, before: Operation, after: Operation, ballot: _Ballot) -> Transaction[Operation]:
        if after.state is State.EXPIRED:
            return records.move(before, after, event_of(after), self._keys.private)
        event = event_of(
            after,
            actor=ballot.person.user_id,
            what="vote",
            detail=f"{ballot.choice}, now {after.state}",
        )
        return records.move(before, after, event, self._keys.private)

    def _check_right(self, operation: Operation, ballot: _Ballot) -> None:
        """Before anything else is said: how an operation stands is not for everybody."""
        change = operation.request.facts.service_change
        if change is None:
            policy.allowed(self._configuration, ballot.person, Right.READ)
            return
        service = change.service
        if ballot.choice is Choice.REJECT:
            requester = operation.requester
            policy.may_reject(self._configuration, ballot.person, requester, service)
        else:
            policy.may_vote(self._configuration, ballot.person, service)

    def _refuse_second_vote(self, operation: Operation, voter: Person) -> None:
        """With which vote it was, and the way out that is left."""
        approval = operation.approval
        votes = approval.votes if approval is not None else ()
        vote = next((one for one in votes if one.voter == voter.user_id), None)
        if vote is None:
            return
        did = "approved" if vote.choice is Choice.APPROVE else "rejected"
        what = headline_of(operation.request, self._configuration.default_registry)
        why = "A vote is final."
        if operation.state is not State.AWAITING_APPROVAL:
            why = f"{why} {_state_line(operation)}"
        raise Conflict(
            f"You already {did} #{operation.id} ({what}).",
            why=why,
            next_step=self._way_out(operation, voter),
        )

    def _way_out(self, operation: Operation, voter: Person) -> str:
        if operation.state not in (State.AWAITING_APPROVAL, State.QUEUED):
            return ""
        try:
            check_in_time(operation)
            requester = operation.requester
            policy.may_cancel(self._configuration, voter, requester, _target(operation))
        except (Conflict, NotAllowed):
            return ""
        return f"To stop it while it waits, use `/image cancel {operation.id}`."

    def _check_plan(self, operation: Operation, approval: Approval) -> None:
        """Nobody approves what a worker did not plan, or by a rule that is not configured."""
        if not is_current(operation, self._configuration):
            environment = _target(operation).environment
            raise Conflict(
                f"The configuration of {environment} changed since #{operation.id} was planned.",
                why="What would run is not what this plan says.",
                next_step="Ask for it again to get a new plan.",
            )
        if approval.rule.requester != operation.requester:
            raise _forged(operation)
        change = service_change(operation.request)
        service = change.service
        rule = self._configuration.approval_for(service)
        own = approval.rule.own_request_counts and not rule.own_request_counts
        if not change.is_rescue and (own or approval.rule.needed < rule.needed):
            raise _forged(operation)


def _open_approval(operation: Operation) -> Approval:
    """The approval that can be voted on. Raises Conflict with the reason why there is none."""
    approval = operation.approval
    if operation.state is State.AWAITING_APPROVAL and approval is not None:
        return approval
    match operation.state:
        case State.EXPIRED:
            raise _expired(operation)
        case State.SUPERSEDED:
            why = (
                operation.outcome.why
                if isinstance(operation.outcome, Ended)
                else _state_line(operation)
            )
        case State.ACCEPTED | State.QUEUED | State.RUNNING | State.SCANNING if approval is None:
            why = "There is no plan to vote on yet."
        case _:
            why = _state_line(operation)
    raise Conflict(
        f"There is nothing to vote on in #{operation.id}.",
        why=why,
        next_step="Its card shows its state.",
    )


def _vote(operation: Operation, ballot: _Ballot, approval: Approval) -> Vote:
    plan = ballot.plan or approval.plan_hash
    return Vote(operation.id, plan, ballot.person.user_id, ballot.choice, ballot.at)


def _state_line(operation: Operation) -> str:
    return f"#{operation.id} {operation.state.predicate}."


def _counted(operation: Operation, approval: Approval, vote: Vote) -> Operation:
    """The record with one more vote."""
    votes = approval.signed_votes
    if approval.rejected_by is not None:
        outcome = Ended("Nothing was changed.", by=vote.voter)
        return operation.moved(State.REJECTED, vote.at, votes=votes, outcome=outcome)
    if approval.is_granted:
        queue = target_queue(_plan(operation).target)
        return operation.queued(Stage.APPLY, queue, vote.at, votes=votes)
    return operation.moved(State.AWAITING_APPROVAL, vote.at, votes=votes)


def _as_expired(operation: Operation, at: datetime) -> Operation:
    missing = operation.approval.missing() if operation.approval else 0
    outcome = Ended(
        f"Nobody decided in time: {counted(missing, 'approval')} still missing. "
        "Nothing was changed.",
        next_step="Ask for the deploy again when somebody can approve it.",
    )
    return operation.moved(State.EXPIRED, at, outcome=outcome)


def _told(after: Operation, choice: Choice, default_registry: str) -> PrivateAnswer:
    what = f"#{after.id} ({headline_of(after.request, default_registry)})"
    if choice is Choice.REJECT:
        approval = after.approval
        is_own = approval is not None and approval.rejected_by == after.requester
        did = "withdrew" if is_own else "rejected"
        return PrivateAnswer.line(f"You {did} {what}. Nothing was changed.")
    missing = after.approval.missing() if after.approval else 0
    if missing:
        return PrivateAnswer.line(f"Approved. {what} needs {counted(missing, 'more approval')}.")
    return PrivateAnswer.line(f"Approved. {what} is starting.")


def _target(operation: Operation) -> ServiceRef:
    change = operation.request.facts.service_change
    if change is None:
        raise Conflict(f"#{operation.id} is a {operation.request.verb}: it needs no approval.")
    return change.service


def _plan(operation: Operation) -> Plan:
    if operation.plan is None:
        raise _forged(operation)
    return operation.plan


def _forged(operation: Operation) -> Forged:
    return Forged(
        f"The plan and the approval of #{operation.id} do not match.",
        why="Something other than Quaymaster wrote to its database.",
        next_step="Tell your Quaymaster administrator; `quaymaster audit verify` shows more.",
    )


def _expired(operation: Operation) -> Conflict:
    return Conflict(
        f"The approval of #{operation.id} has expired.",
        next_step="Ask for the deploy again to get a new one.",
    )
