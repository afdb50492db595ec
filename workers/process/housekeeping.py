"""Runs beside the workers, in loops until it is stopped: the reconciler, the auditor, what
drops records whose time is over, and what looks at services.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import redis
import structlog

from quaymaster.audit.auditor import Auditor
from quaymaster.errors import Unavailable
from quaymaster.retention import Retention
from quaymaster.signing_key import Keys
from quaymaster.signs_of_life import Sign
from quaymaster.store.expiry import sweep
from quaymaster.store.transactions import Connection
from workers.process.service_look import ServiceLook
from workers.reconciler import Reconciler

log = structlog.get_logger(__name__)

RECONCILE_SECONDS = 1.0
CHAIN_SECONDS = 0.5
SWEEP_SECONDS = 10.0
SERVICE_SECONDS = 10.0
"""What is observed twice is reported: within half a minute."""
_LAST_LOOK_SECONDS = 1.0


async def look_after_operations(
    connection: Connection, keys: Keys, stop: asyncio.Event, sign: Sign | None = None
) -> None:
    """Reconcile records with queues and leases, and chain the journal, until ``stop`` is set."""
    reconciler = Reconciler(connection, keys)
    auditor = Auditor(connection, keys)

    def reconcile() -> int:
        moved = reconciler.look(datetime.now(UTC))
        if sign is not None:
            sign.give()
        return moved

    await asyncio.gather(
        _repeat(reconcile, RECONCILE_SECONDS, stop),
        _repeat(auditor.look, CHAIN_SECONDS, stop),
    )


async def drop_what_is_over(
    connection: Connection, retention: Retention, stop: asyncio.Event
) -> None:
    """Drop what has ended when its time is over, until ``stop`` is set."""
    await _repeat(lambda: sweep(connection, retention, datetime.now(UTC)), SWEEP_SECONDS, stop)


async def look_at_services(look: ServiceLook, stop: asyncio.Event) -> None:
    """Look at services until ``stop`` is set. A look that waits for an engine is not waited for
    then: what it leaves is found by the next one.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    is_over = threading.Event()

    def look_again_and_again() -> None:
        while not is_over.is_set():
            _looked(look)
            is_over.wait(SERVICE_SECONDS)
        look.close()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=look_again_and_again, name="services", daemon=True).start()
    await stop.wait()
    is_over.set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_LOOK_SECONDS):
            await ended.wait()


def _looked(look: ServiceLook) -> None:
    try:
        look.look(datetime.now(UTC))
    except (Unavailable, redis.RedisError) as error:
        log.warning("services not checked", why=type(error).__name__)
    except Exception:
        log.exception("unexpected error beside the workers")


async def _repeat(work: Callable[[], int], pause_seconds: float, stop: asyncio.Event) -> None:
    """Repeat it. While Redis cannot be reached it waits, and logs that once."""
    is_away = False
    while not stop.is_set():
        try:
            await asyncio.to_thread(work)
            is_away = False
        except (Unavailable, redis.RedisError) as error:
            if not is_away:
                log.warning("waiting for Redis", why=type(error).__name__)
            is_away = True
        except Exception:
            log.exception("unexpected error beside the workers")
        try:
            await asyncio.wait_for(stop.wait(), pause_seconds)
        except TimeoutError:
            continue
