"""Which queues each process of a worker or scanner serves, in which order. Pure.

A process does one job at a time, and what it began may take long. So there is one more that keeps
free for what cannot wait, and what may take longest has one to itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quaymaster.queues import (
    SCAN,
    SCAN_FOR_DEPLOYS,
    host_of,
    scans_queue,
    urgent_queue,
)


@dataclass(frozen=True, slots=True)
class Post:
    """One process, and its queues: what is in an earlier one is taken first."""

    name: str
    queues: tuple[str, ...]


def posts_of_worker(queues: Sequence[str], processes: int) -> tuple[Post, ...]:
    """The processes of a worker that is to do so many jobs of these queues at once."""
    hosts = [host for queue in queues if (host := host_of(queue))]
    urgent = tuple(urgent_queue(host) for host in hosts)
    usual = (*urgent, *queues)
    posts = tuple(Post(f"worker {number}", usual) for number in range(1, processes + 1))
    if not hosts:
        return posts
    scans = tuple(scans_queue(host) for host in hosts)
    return (*posts, Post("worker for what is urgent", urgent), Post("worker for scans", scans))


def posts_of_scanner(processes: int) -> tuple[Post, ...]:
    """The processes of a scanner that is to scan so many images at once."""
    queues = (SCAN_FOR_DEPLOYS, SCAN)
    posts = tuple(Post(f"scanner {number}", queues) for number in range(1, processes + 1))
    return (*posts, Post("scanner for deploys", (SCAN_FOR_DEPLOYS,)))
