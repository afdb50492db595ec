"""What is true of an operation apart from its record: is a worker on it, or will one be?

When RQ's worker takes a job from its queue, the job is in no list for a moment. Then the worker
writes down an execution of it, and renews that for as long as it lives (rq/executions.py,
``prepare_execution``; rq/worker/base.py, ``maintain_heartbeats``). Only when its work horse has
come to our code is there a lease. With a slow Redis each of these steps takes seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from quaymaster.lanes import queue_of_job
from quaymaster.operations import Operation
from quaymaster.store import keys, records
from quaymaster.store.transactions import Query

_SCRIPT = """
local taken = 0
local executions = redis.pcall('ZRANGE', ARGV[3], 0, -1)
if executions.err then executions = {} end
for _, execution in ipairs(executions) do
  taken = taken + redis.call('EXISTS', ARGV[4] .. execution)
end
return {
  redis.call('EXISTS', ARGV[1]),
  redis.call('LPOS', ARGV[2], ARGV[5]) and 1 or 0,
  taken,
}
"""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where an operation's job is, at one moment."""

    is_leased: bool
    """A job runs it."""
    is_in_queue: bool
    is_taken: bool
    """A worker has taken its job from the queue, and has lived until a moment ago."""

    @property
    def is_worked_at(self) -> bool:
        """A worker has it: it runs, or it begins to."""
        return self.is_leased or self.is_taken

    @property
    def is_missing(self) -> bool:
        """Out of its queue, and not under a lease: taken a moment ago, or lost."""
        return not (self.is_leased or self.is_in_queue)


@dataclass(frozen=True, slots=True)
class ReconcileFacts:
    """The facts apart from the record."""

    now: datetime
    whereabouts: Whereabouts
    missing_for: timedelta = timedelta(0)
    """How long it has been seen missing, without a break."""
    unworked_for: timedelta = timedelta(0)
    """How long it has been seen with no worker, without a break."""


def whereabouts_of(operation: Operation) -> Query[Whereabouts]:
    """Where its job is. One look, so that a job that moves meanwhile is not seen nowhere."""
    queue = queue_of_job(operation)
    return whereabouts(operation.job_id, queue, records.lease_name(operation.id))


def whereabouts(job_id: str, queue: str, lease: str) -> Query[Whereabouts]:
    """Where a job is that is done under a lease."""
    return Query(
        (
            *("EVAL", _SCRIPT, 0),
            keys.lease(lease),
            keys.queue(queue),
            keys.executions(job_id),
            keys.execution(job_id, ""),
            job_id,
        ),
        _read,
    )


def _read(reply: Any) -> Whereabouts:
    is_leased, is_in_queue, taken = (int(one) > 0 for one in reply)
    return Whereabouts(is_leased, is_in_queue, taken)


class MissingJobs:
    """Since when jobs have been missing, as seen by one process that looks repeatedly: the clocks
    of other machines, and the time in which Redis was away, have no part in it.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def look(self, sightings: Sequence[tuple[str, Whereabouts]], now: float) -> None:
        """Of these jobs, by their ids, this is what was seen; others are forgotten."""
        missing = {job_id for job_id, place in sightings if self._is_so(place)}
        self._since = {job_id: self._since.get(job_id, now) for job_id in missing}

    def forget(self) -> None:
        """Start over: Redis was unreachable, so no worker could have made progress."""
        self._since.clear()

    def missing_for(self, job_id: str, now: float) -> timedelta:
        """How long it has been missing; nothing for one that is not."""
        return timedelta(seconds=now - self._since.get(job_id, now))

    def _is_so(self, place: Whereabouts) -> bool:
        return place.is_missing


class UnworkedJobs(MissingJobs):
    """The same for jobs that no worker has, be they in their queue or nowhere."""

    def _is_so(self, place: Whereabouts) -> bool:
        return not place.is_worked_at
