"""The names of everything in Redis, in one place."""

from quaymaster.target import ServiceRef

PREFIX = "quaymaster:"

FORMAT = f"{PREFIX}format"
"""A string: the format of everything here together (quaymaster/store/formats.py)."""
NEXT_ID = f"{PREFIX}next-id"
"""A string: the latest id that was given out; there since the first bot was started."""
OPEN = f"{PREFIX}operations:open"
"""A set: the ids of operations that have not ended."""
RETURNED = f"{PREFIX}operations:returned"
"""A set of the ids of operations that a worker handed back to the bot."""
RECENT = f"{PREFIX}operations:recent"
"""A sorted set of all ids by the time of the request."""
ENDED = f"{PREFIX}operations:ended"
"""A sorted set of ended operations that changed something or tried to, by when they ended."""
ENDED_READINGS = f"{PREFIX}operations:ended-readings"
"""The same for operations that only read: they are kept for a shorter time."""
CARDS_BEHIND = f"{PREFIX}cards:behind"
"""A sorted set of ids whose cards do not show the record; ended operations score lowest."""
BELL = f"{PREFIX}cards:bell"
"""A list of at most one entry, pushed whenever a card falls behind: the courier waits on it."""
SLACK_UPDATES = f"{PREFIX}slack:updates"
"""A sorted set of the updates of cards in the last two minutes, by time."""
SLACK_PAUSES = f"{PREFIX}slack:pauses"
"""A hash: the methods of Slack that were told to rest, and until when."""
JOURNAL = f"{PREFIX}journal"
"""A list of signed events that are not in the audit yet."""
AUDIT = f"{PREFIX}audit"
"""The list of chained audit entries."""
AUDIT_LATEST = f"{PREFIX}audit:latest"
"""A hash: each operation's latest version in the audit, and the kinds of events in it."""
AUDIT_ANCHOR = f"{PREFIX}audit:anchor"
"""A string: the signed anchor, which is the head of what was exported."""
AUDIT_POSTED = f"{PREFIX}audit:posted"
"""The day, as ISO 8601, on which the newest hash was posted last."""

HOST_ENGINES = f"{PREFIX}host-engines"
"""A hash: of each host the ID of its engine, signed; and under no name how many were written."""
DRIFTS = f"{PREFIX}drifts"
"""A hash: of each service what the latest look found that no operation did, signed."""
DRIFTS_TOLD = f"{PREFIX}drifts:told"
"""A hash: the digests of those that an operation was made of."""


def operation(operation_id: int) -> str:
    """A hash: the record of the latest move, the signed parts, version, state, revision, progress,
    cancel, page."""
    return f"{PREFIX}operation:{operation_id}"


def delivery(delivery_id: str) -> str:
    """A string: the operation that a delivery of Slack became."""
    return f"{PREFIX}delivery:{delivery_id}"


def card(operation_id: int) -> str:
    """A hash: where each message of an operation is and what it shows."""
    return f"{PREFIX}card:{operation_id}"


def pages(operation_id: int) -> str:
    """A hash with an expiry: the pages of a long list after the first, by number."""
    return f"{PREFIX}pages:{operation_id}"


def listings(team: str, user: str) -> str:
    """A sorted set with an expiry: the operations of a person whose pages are kept, by time."""
    return f"{PREFIX}listings:{team}/{user}"


def lease(name: str) -> str:
    """A string with an expiry: the token of the owner."""
    return f"{PREFIX}lease:{name}"


def releases(service: ServiceRef) -> str:
    """A list of releases, oldest first."""
    return f"{PREFIX}releases:{service}"


def bad_digests(service: ServiceRef) -> str:
    """A hash: digests that were rolled back from, to the signed mark on each."""
    return f"{PREFIX}bad:{service}"


def report(digest: str, database: str) -> str:
    """A string: the signed report of one digest by one database."""
    return f"{PREFIX}report:{digest}:{database}"


def local_report(host: str, image_id: str, database: str) -> str:
    """A string: the signed report of an image that a host has, by one database."""
    return f"{PREFIX}local-report:{host}:{image_id}:{database}"


def scan_order(order_id: str) -> str:
    """A string: the signed order of a scan, or the word that it was withdrawn."""
    return f"{PREFIX}scan-order:{order_id}"


def scan_tries(order_id: str) -> str:
    """A hash: how often the job of an order got lost, and why it was given up."""
    return f"{PREFIX}scan-order:{order_id}:tries"


def scan_answer(order_id: str) -> str:
    """A string: the signed answer to an order."""
    return f"{PREFIX}scan-answer:{order_id}"


def latest_report(digest: str) -> str:
    """A string: the database of the newest report about a digest."""
    return f"{PREFIX}report:{digest}:latest"


def open_findings(repository: str) -> str:
    """A hash: the findings that alerts were sent about, while they are open, to the operation."""
    return f"{PREFIX}findings:{repository}"


def turn(service: ServiceRef) -> str:
    """A string: the highest turn that a plan of the service was given."""
    return f"{PREFIX}turn:{service}"


def at_work(service: ServiceRef) -> str:
    """A hash with an expiry: who had the right to change a service and did not give it back."""
    return f"{PREFIX}at-work:{service}"


def job(job_id: str) -> str:
    """RQ's own key of a job (rq/job.py, ``Job.key_for``)."""
    return f"rq:job:{job_id}"


def executions(job_id: str) -> str:
    """RQ's own sorted set of the executions of a job (rq/executions.py, ``ExecutionRegistry``)."""
    return f"rq:executions:{job_id}"


def execution(job_id: str, execution_id: str) -> str:
    """RQ's own key of an execution, which expires unless its worker renews it
    (rq/executions.py, ``Execution.key``).
    """
    return f"rq:execution:{job_id}:{execution_id}"


def queue(name: str) -> str:
    """RQ's own key of a queue (rq/queue.py, ``Queue.key``)."""
    return f"rq:queue:{name}"


QUEUES = "rq:queues"
"""RQ's own set of queue keys (rq/queue.py, ``Queue.redis_queues_keys``)."""
