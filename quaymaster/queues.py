"""The queues, by name: for each host, each kind of work, and what cannot wait. Pure."""

from collections.abc import Iterable

from quaymaster.errors import ConfigurationError
from quaymaster.target import TargetRef

REGISTRY = "registry"
SCAN = "scan"
"""The scanner's queue. No operation is in it: what waits there are orders."""
SCAN_FOR_DEPLOYS = "scan:deploys"
"""The scanner's queue of those orders that a deploy waits for."""
_HOST = "host:"
_URGENT = "urgent:"
_SCANS = "scans:"


def host_queue(host: str) -> str:
    """The queue of work that must run on a Docker host."""
    return f"{_HOST}{host}"


def target_queue(target: TargetRef) -> str:
    """The queue of work on a target."""
    return host_queue(target.name)


def host_of(queue: str) -> str | None:
    """The Docker host of a queue, or None for a queue without one."""
    return queue.removeprefix(_HOST) if queue.startswith(_HOST) else None


def refuse_unknown(queues: Iterable[str], hosts: Iterable[str]) -> None:
    """Raise ConfigurationError if a worker should serve a queue that belongs to no host."""
    every = [REGISTRY, *map(host_queue, hosts)]
    unknown = [queue for queue in queues if queue not in every]
    if unknown:
        raise ConfigurationError(
            f"There is no queue {', '.join(unknown)}. There are: {', '.join(every)}."
        )


def urgent_queue(host: str) -> str:
    """The queue of what cannot wait on a Docker host: every worker of the host serves it first."""
    return f"{_URGENT}{host}"


def scans_queue(host: str) -> str:
    """The queue of scans of what only a Docker host has: nothing else waits behind them."""
    return f"{_SCANS}{host}"


def scan_queue(queue: str) -> str:
    """Where the scanner is given an order for an operation of this queue: where there is a host, it
    is a deploy's.
    """
    return SCAN if host_of(queue) is None else SCAN_FOR_DEPLOYS
