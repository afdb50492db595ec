"""Runs a pull or push: reads the engine's stream, reports, and can be stopped at any moment."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

import docker.errors
import requests
from docker import APIClient, auth

from quaymaster.errors import OutsideFailure
from quaymaster.limits import (
    EVENTS_WAITING,
    LEAST_TRANSFERRED,
    QUIET_SECONDS,
    TICK_SECONDS,
    TRANSFER_SECONDS,
)
from quaymaster.progress import Progress
from workers.docker.engine import Engine
from workers.docker.event_lines import EventLines
from workers.docker.failures import translated
from workers.docker.streams import TransferFold
from workers.outside.exchange import Check, Exchange, Stopped
from workers.registry.auth import RegistryLogin

Report = Callable[[Progress], None]

_REPORT_SECONDS = 0.5
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Ended:
    error: Exception | None


@dataclass(slots=True)
class _Reader:
    """Makes the request and reads the answer in a thread of its own: both may take long."""

    begin: Callable[[], requests.Response]
    events: "queue.Queue[object]" = field(default_factory=lambda: queue.Queue(EVENTS_WAITING))
    exchange: Exchange = field(default_factory=lambda: Exchange(None, TRANSFER_SECONDS))

    def start(self) -> None:
        """Start reading into ``events``; the last one is an ``_Ended``."""
        threading.Thread(target=self._read, daemon=True, name="transfer").start()

    def stop(self) -> None:
        """End the connection within a tick, which makes the engine stop too."""
        self.exchange.stop()

    def _read(self) -> None:
        error = None
        try:
            with self.exchange.current(), closing(self.begin()) as response:
                lines = EventLines()
                # As soon as it has arrived: the engine sends an event a chunk.
                for chunk in response.raw.stream(_PIECE, decode_content=False):
                    for event in lines.after(chunk):
                        self._hand_over(event)
                for event in lines.end():
                    self._hand_over(event)
        except Stopped:
            return
        except Exception as caught:  # noqa: BLE001 - raised in the thread that waits for it
            error = caught
        self._hand_over(_Ended(error))

    def _hand_over(self, event: object) -> None:
        """The consumer of the events may be slower than the engine. Raises Stopped."""
        while True:
            try:
                self.events.put(event, timeout=TICK_SECONDS)
            except queue.Full:
                self.exchange.look()
            else:
                return


def transfer(
    engine: Engine,
    path: str,
    parameters: Mapping[str, str],
    login: RegistryLogin | None,
    fold: TransferFold,
    step: str,
    report: Report,
    check: Check,
) -> TransferFold:
    """POST to the engine and fold what it streams until the end.

    ``report`` is called about twice a second and ``check`` at least once a second, also while
    nothing arrives. What ``check`` raises passes through, after the engine was told to stop (it
    does when the connection closes). Raises the product's error for a failure in the stream.
    """
    started = time.monotonic()
    reader = _Reader(lambda: _begin(engine.api, path, parameters, login))
    reader.start()
    try:
        return _followed(reader.events, engine, fold, step, started, report, check)
    finally:
        reader.stop()


def _followed(
    events: "queue.Queue[object]",
    engine: Engine,
    fold: TransferFold,
    step: str,
    started: float,
    report: Report,
    check: Check,
) -> TransferFold:
    reported = checked = 0.0
    got_on, worked = started, 0
    while True:
        now = time.monotonic()
        if now - checked >= TICK_SECONDS:
            checked = now
            check()
        if now - reported >= _REPORT_SECONDS:
            reported = now
            report(fold.progress("unpacking" if fold.is_unpacking else step, now - started))
        if fold.worked - worked >= LEAST_TRANSFERRED:
            got_on, worked = now, fold.worked
        if now - got_on > QUIET_SECONDS:
            raise _stalled(engine.name)
        try:
            event = events.get(timeout=TICK_SECONDS)
        except queue.Empty:
            continue
        if isinstance(event, _Ended):
            return _at_the_end(event, engine, fold, step, started, report)
        fold = fold.after(event)


def _at_the_end(
    ended: _Ended,
    engine: Engine,
    fold: TransferFold,
    step: str,
    started: float,
    report: Report,
) -> TransferFold:
    if ended.error is not None:
        with translated(engine.name, subject=fold.subject, secrets=fold.secrets, phase=fold.phase):
            raise ended.error
    report(fold.progress(step, time.monotonic() - started))
    return fold


def _begin(
    api: APIClient, path: str, parameters: Mapping[str, str], login: RegistryLogin | None
) -> requests.Response:
    """Without a login an empty one is sent: the worker's own ``~/.docker/config.json`` is never
    used.
    """
    credentials = {}
    if login is not None and login.password is not None:
        credentials = {
            "username": login.username,
            "password": login.password.get_secret_value(),
            "serveraddress": login.host,
        }
    response: requests.Response = api.post(
        f"{api.base_url}/v{api.api_version}{path}",
        params=dict(parameters),
        headers={"X-Registry-Auth": auth.encode_header(credentials).decode()},
        stream=True,
        timeout=(api.timeout, None),
    )
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        docker.errors.create_api_error_from_http_exception(error)
    return response


def _stalled(host: str) -> OutsideFailure:
    return OutsideFailure(
        f"The transfer on {host} made no progress for {QUIET_SECONDS / 60:.0f} minutes.",
        why="The engine or its connection to the registry hangs, or is far too slow. It was "
        "stopped.",
        next_step="Look at the engine, then try again.",
        trying_again_can_help=True,
    )
