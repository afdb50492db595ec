"""Who may have signed an operation as it stands: a taken-over program is kept to its role.

A worker signs what it did in the queues that its key is enrolled for. Any worker may look after
what nobody works at: queue it again, or end it with what is known. People's decisions are signed
by the bot, which took the click. A scanner moves nothing.
"""

from typing import assert_never

from quaymaster.key_ring import PublicKey, Role
from quaymaster.operations import Operation, Stage, State
from quaymaster.queues import host_queue
from quaymaster.requests import (
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    PullRequest,
    PushRequest,
    ScanRequest,
)

_OF_THE_BOT = frozenset({State.ACCEPTED, State.REJECTED, State.EXPIRED, State.CANCELLED})
_WHOEVER_LOOKS_AFTER_IT = frozenset({State.QUEUED, State.EXPIRED, State.UNKNOWN, State.FAILED})


def may_have_moved(key: PublicKey, operation: Operation) -> bool:
    """Whether the holder of this key may have brought the operation to where it is."""
    match key.role:
        case Role.BOT:
            return _bot_may(operation)
        case Role.WORKER:
            return _worker_may(key, operation)
        case Role.SCANNER:
            return False
        case _:
            assert_never(key.role)


def _bot_may(operation: Operation) -> bool:
    match operation.state:
        case state if state in _OF_THE_BOT:
            return True
        case State.REFUSED | State.FAILED:
            return operation.started_at is None
        case State.AWAITING_APPROVAL:
            return bool(operation.votes)
        case State.QUEUED:
            return operation.attempt == 1 or _is_just_approved(operation)
        case _:
            return False


def _is_just_approved(operation: Operation) -> bool:
    approval = operation.approval
    return operation.stage is Stage.APPLY and approval is not None and approval.is_granted


def _worker_may(key: PublicKey, operation: Operation) -> bool:
    if operation.state in (State.ACCEPTED, State.REJECTED):
        return False
    if operation.state is State.AWAITING_APPROVAL and operation.votes:
        return False
    if operation.state in _WHOEVER_LOOKS_AFTER_IT:
        return True
    return key.may_work_in(operation.queue) and _is_where_it_was_asked(operation)


def _is_where_it_was_asked(operation: Operation) -> bool:
    """The queue is the mover's word, so a host that the request names counts before it."""
    match operation.request:
        case ImagesRequest(host) | PullRequest(_, host) | PushRequest(_, host):
            return operation.queue == host_queue(host)
        case InspectRequest(_, host) | HistoryRequest(_, host) | ScanRequest(_, host):
            return host is None or operation.queue == host_queue(host)
        case _:
            return True
