"""Runs a pull or push: reads the engine's stream, reports, and can be stopped at any moment."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field

import docker.errors
import requests
from docker import APIClient, auth
from docker.utils.json_stream import json_stream

from quaymaster.errors import OutsideFailure
from quaymaster.progress import Progress
from workers.engine import Engine
from workers.engine_failures import translated
from workers.registry_auth import RegistryLogin
from workers.streams import TransferFold

Report = Callable[[Progress], None]
Check = Callable[[], None]

_REPORT_SECONDS = 0.5
_TICK_SECONDS = 0.25
"""How long a cancel may go unnoticed while the stream is quiet."""
_SILENCE_SECONDS = 600.0
"""A push that compresses one large layer is quiet for minutes; an engine that is gone, forever."""


@dataclass(frozen=True, slots=True)
class _Ended:
    error: Exception | None


@dataclass(slots=True)
class _Reader:
    """Makes the request and reads the answer in a thread of its own: both may take long."""

    begin: Callable[[], requests.Response]
    events: "queue.SimpleQueue[object]" = field(default_factory=queue.SimpleQueue)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _response: requests.Response | None = None
    _is_stopped: bool = False

    def start(self) -> None:
        """Start reading into ``events``; the last one is an ``_Ended``."""
        threading.Thread(target=self._read, daemon=True, name="transfer").start()

    def stop(self) -> None:
        """End the connection, which makes the engine stop too; now, or as soon as there is one."""
        with self._lock:
            self._is_stopped = True
            if self._response is not None:
                _cut(self._response)

    def _read(self) -> None:
        error = None
        try:
            response = self.begin()
            with self._lock:
                self._response = response
                if self._is_stopped:
                    _cut(response)
            with closing(response):
                # As soon as it has arrived: the engine sends an event a chunk.
                for event in json_stream(response.raw.stream(None, decode_content=True)):
                    self.events.put(event)
        except Exception as caught:  # noqa: BLE001 - raised in the thread that waits for it
            error = caught
        self.events.put(_Ended(error))


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
    events: "queue.SimpleQueue[object]",
    engine: Engine,
    fold: TransferFold,
    step: str,
    started: float,
    report: Report,
    check: Check,
) -> TransferFold:
    reported = checked = 0.0
    heard = started
    while True:
        now = time.monotonic()
        if now - checked >= _TICK_SECONDS:
            checked = now
            check()
        if now - reported >= _REPORT_SECONDS:
            reported = now
            report(fold.progress("unpacking" if fold.is_unpacking else step, now - started))
        if now - heard > _SILENCE_SECONDS:
            raise _silent(engine.name)
        try:
            event = events.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            continue
        heard = now
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
        with translated(engine.name, subject=fold.subject, secrets=fold.secrets):
            raise ended.error
    report(fold.progress(step, time.monotonic() - started))
    return fold


def _begin(
    api: APIClient, path: str, parameters: Mapping[str, str], login: RegistryLogin | None
) -> requests.Response:
    """Without a login an empty one is sent: the file of whoever runs the worker is never read."""
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


def _cut(response: requests.Response) -> None:
    """End the connection under the reading thread; closing the file instead would wait for it."""
    connection = getattr(response.raw, "connection", None)
    sock = getattr(connection, "sock", None)
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _silent(host: str) -> OutsideFailure:
    return OutsideFailure(
        f"{host} said nothing about the transfer for {_SILENCE_SECONDS / 60:.0f} minutes.",
        why="The engine or its way to the registry hangs. The transfer was stopped.",
        next_step="Look at the engine, then try again.",
        trying_again_can_help=True,
    )
