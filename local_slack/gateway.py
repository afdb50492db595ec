"""What every request of the app goes through: faults on demand, and the logs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from local_slack.calls import Call
from local_slack.faults import Fault, FaultKind
from local_slack.state import State
from local_slack.traffic import Finished, Traffic, sent
from local_slack.wire import connection_of


@dataclass(slots=True)
class CallRecord:
    """The log entry of one call, filled in while it is served."""

    method: str
    status: int = 200
    error: str | None = None
    channel: str | None = None
    ts: str | None = None
    made: tuple[str | None, str | None] = (None, None)  # where its message is: channel and ts
    notes: list[str] = field(default_factory=list)


class _Cut(Exception):
    """The connection ends without an answer."""


def too_many(record: CallRecord, seconds: int) -> Response:
    """HTTP 429: https://docs.slack.dev/apis/web-api/rate-limits"""
    record.status, record.error = 429, "ratelimited"
    record.notes.append(f"Retry-After: {seconds} s")
    headers = {"Retry-After": str(seconds)}
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)


class Gateway:
    """Lets requests in, unless a fault says otherwise, and writes each into the logs."""

    def __init__(self, state: State, traffic: Traffic) -> None:
        self._state = state
        self._traffic = traffic

    async def admit(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        record: CallRecord,
        work: Callable[[Request, bytes], Response],
    ) -> None:
        """Answer one request with what ``work`` makes of it, or cut its connection."""
        request, connection = Request(scope, receive), connection_of(scope)
        at, started = self._state.clock.now(), time.perf_counter()
        response: Response | None = None
        try:
            response = await self._answer(request, record, work)
        except _Cut:
            connection.cut()
            await asyncio.sleep(0)  # let the server notice before it misses the answer
        took = time.perf_counter() - started
        self._state.calls.append(
            Call(
                record.method,
                at,
                took,
                record.status,
                record.error,
                record.channel,
                record.ts,
                connection.number,
                connection.first,
            )
        )
        await self._write(request, record, response, at, took)
        if response is not None:
            await response(scope, receive, send)

    async def _write(
        self,
        request: Request,
        record: CallRecord,
        response: Response | None,
        at: float,
        took: float,
    ) -> None:
        """Write one request into the log of the traffic."""
        body = await request.body()  # read before, and kept
        channel, ts = record.made
        self._traffic.add(
            Finished(
                "from_app",
                record.method,
                at,
                took,
                None if response is None else record.status,
                record.error,
                channel or record.channel,
                ts or record.ts,
                sent(
                    request.method,
                    request.headers.get("content-type", ""),
                    request.url.query,
                    body,
                ),
                None if response is None else bytes(response.body),
                ", ".join(record.notes),
            )
        )

    async def _answer(
        self, request: Request, record: CallRecord, work: Callable[[Request, bytes], Response]
    ) -> Response:
        body = await request.body()
        lose = False
        for fault in self._state.faults.hit(record.method):
            match fault.kind:
                case FaultKind.SLOW:
                    record.notes.append(f"{fault.delay:g} s late on demand")
                    await asyncio.sleep(fault.delay)
                case FaultKind.LOST_ANSWER:
                    lose = True
                case _:
                    return _broken(fault, record)
        response = work(request, body)
        if lose:
            record.error = "lost"
            record.notes.append("done, then the connection was cut on demand")
            raise _Cut
        return response


def _broken(fault: Fault, record: CallRecord) -> Response:
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            record.notes.append("429 on demand")
            return too_many(record, fault.retry_after)
        case FaultKind.SERVER_ERROR:
            record.status, record.error = 500, "http_500"
            record.notes.append("500 on demand")
            return PlainTextResponse("Internal Server Error", 500)
        case _:
            record.error = "refused"
            record.notes.append("the connection was cut on demand")
            raise _Cut
