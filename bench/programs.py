"""The product's workers, started and ready."""

from contextlib import closing

import redis

from quaymaster.operations import Operation
from quaymaster.store import cards, keys
from quaymaster.store.transactions import ask
from quaymaster.subjects import OperationSubject
from testing.engines.waiting import wait_until
from testing.system import Program, System

_COURIER = "courier"
_RQ_WORKERS = "rq:workers"
"""RQ's own set of its workers (rq/worker_registration.py)."""


def ready_worker(system: System, *queues: str, **environment: str) -> Program:
    """A worker that waits for jobs, with a courier in the same system."""
    extra = ["--queues", ",".join(queues)] if queues else []
    with closing(system.connection()) as connection:
        before = _workers(connection)
        program = system.start("worker", "--grace", "10", *extra, **environment)
        wait_until(
            lambda: (
                not program.is_running()
                or (
                    _workers(connection) - before
                    and connection.exists(keys.lease(_COURIER))
                    and not cards_behind(connection)
                )
            ),
            within=60,
            what="a worker to be ready",
        )
    if not program.is_running():
        raise RuntimeError(program.tail())
    return program


def shown(connection: redis.Redis, operation: Operation) -> bool:
    """Whether the courier has brought the card of an operation in line."""
    return operation.id not in cards_behind(connection)


def cards_behind(connection: redis.Redis) -> set[int]:
    """The operations whose cards do not show the record."""
    subjects = ask(connection, cards.stale(1_000)).subjects
    return {one.operation for one in subjects if isinstance(one, OperationSubject)}


def _workers(connection: redis.Redis) -> set[bytes | str]:
    return set(connection.smembers(_RQ_WORKERS))
