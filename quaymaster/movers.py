"""Who may have signed an operation as it stands: a taken-over program is kept to its role.

A worker signs what it did in the queues that its key is enrolled for. Any worker may look after
what nobody works at: queue it again, or end it with what is known. People's decisions are signed
by the bot, which took the click, and so is what it tells of a service by itself. A scanner moves
nothing.
"""

from typing import assert_never

from quaymaster.key_ring import ProgramRole, PublicKey
from quaymaster.operations import Operation, Stage, State
from quaymaster.queues import host_of
from quaymaster.request_facts import Eligibility, InRegistry

_OF_THE_BOT = frozenset({State.ACCEPTED, State.REJECTED, State.EXPIRED, State.CANCELLED})
_WHOEVER_LOOKS_AFTER_IT = frozenset(
    {State.QUEUED, State.EXPIRED, State.UNKNOWN, State.FAILED, State.CANCELLED}
)


def may_have_moved(key: PublicKey, operation: Operation) -> bool:
    """Whether the holder of this key may have brought the operation to where it is."""
    match key.role:
        case ProgramRole.BOT:
            return _bot_may(operation)
        case ProgramRole.WORKER:
            return _worker_may(key, operation)
        case ProgramRole.SCANNER:
            return False
        case _:
            assert_never(key.role)


def _bot_may(operation: Operation) -> bool:
    match operation.state:
        case state if state in _OF_THE_BOT:
            return True
        case State.REFUSED | State.FAILED:
            return operation.started_at is None or _is_judged_by_the_bot(operation)
        case State.SUPERSEDED:
            return _is_judged_by_the_bot(operation)
        case State.AWAITING_APPROVAL:
            return bool(operation.votes)
        case State.SUCCEEDED:
            return operation.request.facts.right is Eligibility.PRODUCT
        case State.QUEUED:
            return operation.attempt == 1 or _is_to_be_applied(operation)
        case _:
            return False


def _is_to_be_applied(operation: Operation) -> bool:
    """Just approved, or looked up once more: what nobody has to agree to is not approved."""
    if operation.stage is not Stage.APPLY or operation.plan is None:
        return False
    return operation.approval is None or operation.approval.is_granted


def _is_judged_by_the_bot(operation: Operation) -> bool:
    """At the last vote, and when it came back because people had to be looked up again."""
    return operation.plan is not None and operation.stage in (Stage.PLAN, Stage.APPLY)


def _worker_may(key: PublicKey, operation: Operation) -> bool:
    if operation.state in (State.ACCEPTED, State.REJECTED):
        return False
    if operation.state is State.AWAITING_APPROVAL and operation.votes:
        return False
    if not _is_where_it_was_asked(operation):
        return False
    return operation.state in _WHOEVER_LOOKS_AFTER_IT or key.may_work_in(operation.queue)


def _is_where_it_was_asked(operation: Operation) -> bool:
    """The queue of a move is the mover's word; that of the request is the bot's."""
    if operation.queue == operation.submission.value.queue:
        return True
    return _may_go_on_at_host(operation) and host_of(operation.queue) is not None


def _may_go_on_at_host(operation: Operation) -> bool:
    work = operation.request.facts.work
    place = work.place if work is not None else None
    return isinstance(place, InRegistry) and place.may_go_on_at_host
