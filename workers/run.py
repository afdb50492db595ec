"""The one function that RQ calls: run the operation that a job points at.

Ask of every line: if the process dies here, what does the record say? Until the move to
``running`` it says ``queued`` and the reconciler queues it again; from then on it says
``running`` under a lease, and whoever finds the lease expired recovers it.
"""

import sys
import time
from collections.abc import Sequence

import structlog
from rq import Retry, get_current_job

from quaymaster.errors import (
    Cancelled,
    Conflict,
    Forged,
    HandedBack,
    LeaseLost,
    NoRoom,
    NotAdmissible,
    Problem,
    QuaymasterError,
    Unavailable,
    WrittenByNewer,
)
from quaymaster.journal import event_of
from quaymaster.logs import unforeseen
from quaymaster.operations import Operation, Stage, State
from quaymaster.outcomes import Ended, Failed
from quaymaster.store import leases, records, scan_orders, service_leases
from quaymaster.store.records import CancelAsked
from quaymaster.store.transactions import Command, ask, perform
from workers import dispatch
from workers.outside.best_effort import best_effort
from workers.reconciler import stage_after_a_loss
from workers.work.freshness import why_not_started
from workers.work.lease_keeper import kept_alive
from workers.work.running import RunningOperation
from workers.work.steps import Continues, Finished, Step, after, also_stored
from workers.work.toolbox import Toolbox, opened

log = structlog.get_logger(__name__)

_SAVE_WITHIN_SECONDS = 120
"""How long a finished job tries to write its result while Redis is away."""
PUT_BACK_AFTER_SECONDS = 1.0
"""So seldom a worker takes up a job again that only a newer one can do."""


def run_operation(operation_id: int) -> Retry | None:
    """Run the next stage of an operation, if this job is the one that should.

    Never raises for what went wrong with the operation: that is in the record. What it returns
    has RQ put the same job at the end of its queue, without its own scheduler
    (``Worker.handle_job_retry``): the operation is for a newer worker, or its turn comes later.
    """
    job = get_current_job()
    with opened() as tools:
        if run(operation_id, job.id if job else "", tools):
            return None
    time.sleep(PUT_BACK_AFTER_SECONDS)
    return Retry(max=sys.maxsize)


def run(operation_id: int, job_id: str, tools: Toolbox) -> bool:
    """The same with the tools given: take the lease, move to running, work, move on.

    False when a newer Quaymaster wrote the record, and while another operation changes the same
    service: then nothing was done, and the job has to stay.
    """
    try:
        stored = ask(tools.connection, records.load(operation_id, tools.keys.ring))
    except WrittenByNewer:
        log.warning("left to a newer worker", operation=operation_id)
        return False
    except Forged:
        log.exception("record cannot be read", operation=operation_id)
        return True
    if stored is None:
        log.warning("no such operation", operation=operation_id)
        return True
    if _is_answered_by_a_newer_scanner(stored.operation, tools):
        log.warning("left to a newer worker", operation=operation_id)
        return False
    if stored.operation.job_id == job_id and _waits_in_line(stored.operation, tools):
        log.info("waits for a running change", operation=operation_id)
        return False
    _run(stored.operation, job_id, tools)
    return True


def _waits_in_line(operation: Operation, tools: Toolbox) -> bool:
    """Whether another operation changes the service now. What is planned meanwhile would be about
    what ran before; what is planned already has been overtaken when that one is done. A rollback
    does not wait: after another one it would go back further than was asked.
    """
    change = operation.request.facts.service_change
    if change is None or change.is_rescue or operation.is_committed:
        return False
    if operation.stage not in (Stage.PLAN, Stage.APPLY):
        return False
    name = service_leases.name_of(change.service)
    owner = ask(tools.connection, leases.owner_of(name))
    return owner is not None and owner.partition(":")[0] != str(operation.id)


def _is_answered_by_a_newer_scanner(operation: Operation, tools: Toolbox) -> bool:
    if operation.state is not State.SCANNING or operation.scan_order is None:
        return False
    try:
        ask(tools.connection, scan_orders.answered(operation.scan_order, tools.keys.ring))
    except WrittenByNewer:
        return True
    except Forged:  # its stage says so
        return False
    return False


def _run(operation: Operation, job_id: str, tools: Toolbox) -> None:
    if operation.job_id != job_id or not _is_due(operation, tools):
        log.info("another job does this", operation=operation.id, job=job_id)
        return
    running = RunningOperation(operation, tools.connection)
    tools.check = running.check_cancel
    name = records.lease_name(operation.id)
    if not perform(
        tools.connection, leases.take(name, running.owner, leases.OPERATION_MILLISECONDS)
    ):
        log.info("another worker runs this", operation=operation.id)
        return
    try:
        with kept_alive(
            tools.connection,
            [(name, running.owner, leases.OPERATION_MILLISECONDS)],
            takes_again=True,
        ):
            _run_leased(running, tools)
    except Conflict as error:
        log.info("overtaken", operation=operation.id, why=str(error))
    finally:
        _give_back(name, running, tools)


def _is_due(operation: Operation, tools: Toolbox) -> bool:
    """Whether its next stage may begin: a scan that was ordered has to be answered."""
    if operation.state is State.SCANNING and operation.scan_order is not None:
        return ask(tools.connection, scan_orders.is_answered(operation.scan_order))
    return operation.state is State.QUEUED


def _run_leased(work: RunningOperation, tools: Toolbox) -> None:
    before = work.operation
    now = tools.now()
    started = before.moved(State.RUNNING, now, started_at=before.started_at or now)
    event = event_of(started, detail=started.stage.value)
    work.operation = perform(
        tools.connection,
        records.move(before, started, event, tools.keys.private, lease=work.lease),
    )
    if before.cancel_asked_by and before.plan is None:
        _save_step(work, _cancelled(before.cancel_asked_by), tools)
        return
    step: Step
    try:
        refused = why_not_started(work.operation, tools)
        step = _refused(refused) if refused else dispatch.run_stage(work, tools)
    except HandedBack:
        _hand_back(work, tools)
        return
    except Cancelled as error:
        step = _stopped(error, work.operation, tools)
    except (Unavailable, LeaseLost):
        # Redis went away in the middle, or somebody else came: what was done so far is not known
        # for certain. Where another job runs the operation by now, that one looks.
        step = Continues(stage_after_a_loss(started), started.queue)
    except QuaymasterError as error:
        step = failed(error)
    except Exception as error:  # noqa: BLE001 - the edge: whoever asked gets an answer
        step = Finished(Failed(unforeseen(error, "worker", operation=before.id)), State.FAILED)
    _save_step(work, step, tools)


def failed(error: QuaymasterError) -> Finished:
    """How an error that the product knows ends an operation."""
    if isinstance(error, NotAdmissible):
        return _refused(error.problem)
    return Finished(Failed(error.problem, error.runs_now), State.FAILED)


def _refused(problem: Problem) -> Finished:
    return Finished(Failed(problem), State.REFUSED)


def _cancelled(by: str | None, why: str = "It was cancelled before it did anything.") -> Finished:
    return Finished(Ended(why, by=by), State.CANCELLED)


def _stopped(error: Cancelled, operation: Operation, tools: Toolbox) -> Finished:
    """A job stops for whatever stands there; whose wish it was is what the bot signed."""
    whose = records.cancel_asked_by(operation, tools.keys.ring)
    try:
        by = best_effort(lambda: ask(tools.connection, whose), None, but=(Forged,))
    except Forged as forged:
        forged.runs_now = error.runs_now
        return failed(forged)
    return _cancelled(by, " ".join(part for part in (str(error), error.runs_now) if part))


def _hand_back(work: RunningOperation, tools: Toolbox) -> None:
    operation = work.operation
    try:
        _save(work, operation.queued(operation.stage, operation.queue, tools.now()), tools)
    except CancelAsked:
        why = Cancelled("It was cancelled while it ran.")
        _save_step(work, _stopped(why, operation, tools), tools)


def _save_step(work: RunningOperation, step: Step, tools: Toolbox) -> None:
    """Write what follows from a step. What somebody asked to cancel goes on to nothing else."""
    after_it = after(work.operation, step, tools.now(), tools.keys.private)
    also = also_stored(after_it, step, tools.keys.private)
    try:
        _save(work, after_it, tools, also)
    except CancelAsked:
        why = Cancelled("It was cancelled before anything was changed.")
        _save_step(work, _stopped(why, work.operation, tools), tools)


def _save(
    work: RunningOperation,
    after_it: Operation,
    tools: Toolbox,
    also: Sequence[Command] = (),
) -> None:
    """Write the result, also when Redis was away meanwhile, or had no room. Raises CancelAsked.

    The lease may have run out by then. As long as nobody wrote another version, nobody took the
    operation over, and the result is still the truth: so it is guarded by the version alone.
    """
    event = event_of(after_it)
    deadline = time.monotonic() + _SAVE_WITHIN_SECONDS
    while True:
        try:
            move = records.move(work.operation, after_it, event, tools.keys.private, also=also)
            work.operation = perform(tools.connection, move)
        except Unavailable as error:
            if isinstance(error, NoRoom):
                # It answers, so there will be room: nobody else can write about it either.
                deadline = time.monotonic() + _SAVE_WITHIN_SECONDS
            if time.monotonic() > deadline:
                log.exception("result lost", operation=after_it.id, state=after_it.state)
                raise
            time.sleep(0.5)
        else:
            return


def _give_back(name: str, work: RunningOperation, tools: Toolbox) -> None:
    try:
        perform(tools.connection, leases.give_back(name, work.owner))
    except Unavailable:
        log.warning("lease not given back; it expires by itself", lease=name)
