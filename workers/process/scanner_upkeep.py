"""Keeps the scanner's database fresh, beside the scanner."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from quaymaster.errors import HandedBack, QuaymasterError
from workers.scanner.scanner import Scanner

log = structlog.get_logger(__name__)

FRESH_FOR = timedelta(hours=12)
"""Trivy's database is rebuilt every six hours: https://trivy.dev/docs/latest/configuration/db/"""
_LOOK_SECONDS = 3600.0


async def keep_database_fresh(environ: Mapping[str, str], stop: asyncio.Event) -> None:
    """Download a newer database when ours is missing or half a day old, until ``stop`` is set.

    With Trivy's own ``TRIVY_SKIP_DB_UPDATE`` another program does that, and this does nothing.
    A download that fails is tried again in an hour; meanwhile the old one is used, and the gate
    says when it has become too old to prove anything.
    """
    is_left_alone = environ.get("TRIVY_SKIP_DB_UPDATE", "").lower() in ("true", "1")
    while not is_left_alone and not stop.is_set():
        try:
            await asyncio.to_thread(_refresh, environ, partial(_go_on, stop))
        except HandedBack:
            return
        except QuaymasterError as error:
            log.warning("the scanner's database is not renewed", why=str(error))
        try:
            await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
        except TimeoutError:
            continue


def _go_on(stop: asyncio.Event) -> None:
    if stop.is_set():
        raise HandedBack("The scanner is shutting down; the database is renewed another time.")


def _refresh(environ: Mapping[str, str], go_on: Callable[[], None]) -> None:
    scanner = Scanner.locate(environ)
    try:
        if datetime.now(UTC) - scanner.database().updated_at < FRESH_FOR:
            return
    except QuaymasterError:
        log.info("there is no database of the scanner yet")
    database = scanner.update_database(go_on)
    log.info("the scanner's database is new", made=database.updated_at.isoformat())
