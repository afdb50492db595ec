"""The names of everything in Redis, in one place."""

from quaymaster.subjects import OperationSubject, Subject
from quaymaster.target import ServiceRef

PREFIX = "quaymaster:"

FORMAT = f"{PREFIX}format"
"""A string: the format of the database as a whole (quaymaster/store/formats.py)."""
NEXT_ID = f"{PREFIX}next-id"
"""A string: the latest id that was reserved; it exists once the first bot has started."""
OPEN = f"{PREFIX}operations:open"
"""A set: the ids of operations that have not ended."""
RETURNED = f"{PREFIX}operations:returned"
"""A set of the ids of operations that a worker handed back to the bot."""
RECENT = f"{PREFIX}operations:recent"
"""A sorted set of all ids by the time of the request."""
ENDED = f"{PREFIX}operations:ended"
"""A sorted set of finished operations that changed something or tried to, by their end."""
ENDED_READINGS = f"{PREFIX}operations:ended-readings"
"""The same for operations that only read, which are kept for a shorter time."""
CARDS_BEHIND = f"{PREFIX}cards:behind"
"""A sorted set of the subjects whose messages are stale; finished operations score lowest."""
BELL = f"{PREFIX}cards:bell"
"""A list of at most one entry, pushed whenever a subject becomes stale: the courier waits on it."""
SLACK_UPDATES = f"{PREFIX}slack:updates"
"""A sorted set of the card updates of the last two minutes, by time."""
SLACK_PAUSES = f"{PREFIX}slack:pauses"
"""A hash: the Slack methods that are paused, and until when."""
JOURNAL = f"{PREFIX}journal"
"""A list of signed events that are not in the audit yet."""
AUDIT = f"{PREFIX}audit"
"""The list of chained audit entries."""
AUDIT_LATEST = f"{PREFIX}audit:latest"
"""A hash: each operation's latest version in the audit, and the kinds of events in it."""
AUDIT_ANCHOR = f"{PREFIX}audit:anchor"
"""A string: the signed anchor, which names the head of the exported part."""
AUDIT_POSTED = f"{PREFIX}audit:posted"
"""A string: the day, as ISO 8601, on which the newest hash was last posted."""

HOST_ENGINES = f"{PREFIX}host-engines"
"""A hash: the signed engine ID of each host; the field without a name counts the writes."""
DRIFTS = f"{PREFIX}drifts"
"""A hash: for each service, the signed differences that no operation made, by the latest check."""
DRIFTS_TOLD = f"{PREFIX}drifts:told"
"""A hash: the digests of the observations that already have an operation."""


def operation(operation_id: int) -> str:
    """A hash: the record of the latest state change, the signed parts, version, state, revision,
    progress, cancel, page."""
    return f"{PREFIX}operation:{operation_id}"


def delivery(delivery_id: str) -> str:
    """A string: the operation that a delivery from Slack became."""
    return f"{PREFIX}delivery:{delivery_id}"


def card(subject: Subject) -> str:
    """A hash: where each message of a subject is and what it shows."""
    name = subject.operation if isinstance(subject, OperationSubject) else subject
    return f"{PREFIX}card:{name}"


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
    """A hash: digests that were rolled back, and the signed mark on each."""
    return f"{PREFIX}bad:{service}"


def report(digest: str, database: str) -> str:
    """A string: the signed report about one digest, by one scanner database."""
    return f"{PREFIX}report:{digest}:{database}"


def local_report(host: str, image_id: str, database: str) -> str:
    """A string: the signed report about an image on a host, by one scanner database."""
    return f"{PREFIX}local-report:{host}:{image_id}:{database}"


def scan_order(order_id: str) -> str:
    """A string: the signed order of a scan, or a word if it was withdrawn."""
    return f"{PREFIX}scan-order:{order_id}"


def scan_tries(order_id: str) -> str:
    """A hash: how often the job of an order was lost, and why the order was given up."""
    return f"{PREFIX}scan-order:{order_id}:tries"


def scan_answer(order_id: str) -> str:
    """A string: the signed answer to an order."""
    return f"{PREFIX}scan-answer:{order_id}"


def latest_report(digest: str) -> str:
    """A string: the scanner database of the newest report about a digest."""
    return f"{PREFIX}report:{digest}:latest"


def open_findings(repository: str) -> str:
    """A hash: open findings that were alerted, and the operation that alerted."""
    return f"{PREFIX}findings:{repository}"


def turn(service: ServiceRef) -> str:
    """A string: the highest turn of any plan of the service."""
    return f"{PREFIX}turn:{service}"


def at_work(service: ServiceRef) -> str:
    """A hash with an expiry: the owners that have not returned the right to change a service."""
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
