"""Which queue the next job of an operation waits in: what cannot wait has one of its own. Pure.

The record names where an operation belongs (``Operation.queue``): that is what keys are enrolled
for. Only its job waits in one of the lanes of that queue.
"""

from quaymaster.operations import Operation, Stage
from quaymaster.queues import host_of, scans_queue, urgent_queue
from quaymaster.request_facts import Lane


def queue_of_job(operation: Operation) -> str:
    """The queue of the next job."""
    host = host_of(operation.queue)
    if host is None:
        return operation.queue
    if _is_urgent(operation):
        return urgent_queue(host)
    if _lane(operation) is Lane.SCANS:
        return scans_queue(host)
    return operation.queue


def _is_urgent(operation: Operation) -> bool:
    """Something serves that should not, or nobody knows what serves."""
    is_about_what_serves = operation.stage in (Stage.RECOVER, Stage.VERIFY)
    return is_about_what_serves or _lane(operation) is Lane.URGENT


def _lane(operation: Operation) -> Lane:
    work = operation.request.facts.work
    return work.lane if work is not None else Lane.USUAL
