"""The door to the Web API: authentication, scopes, rates, faults, and the log of calls.

https://docs.slack.dev/apis/web-api
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from local_slack.calls import Call
from local_slack.errors import RateLimited, SlackError
from local_slack.faults import Fault, FaultKind
from local_slack.message import Json
from local_slack.state import State
from local_slack.webapi.arguments import Arguments, read_arguments
from local_slack.webapi.method import Context, Method, Token
from local_slack.wire import Connection, connection_of


class _Cut(Exception):
    """The connection ends without an answer."""


@dataclass(slots=True)
class _Record:
    """What will be known about one call when it is over."""

    method: str
    started: float
    connection: Connection
    status: int = 200
    error: str | None = None
    args: Arguments = field(default_factory=lambda: Arguments({}))


class WebApi:
    """An ASGI application that answers ``/api/<method>``."""

    def __init__(self, state: State, methods: dict[str, Method]) -> None:
        self._state = state
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or cut its connection where a fault says so."""
        request = Request(scope, receive)
        name = str(scope["path_params"]["method"]).rstrip("/")
        record = _Record(name, time.perf_counter(), connection_of(scope))
        at = self._state.clock.now()
        response: Response | None = None
        try:
            response = await self._answer(request, record)
        except _Cut:
            record.connection.cut()
        self._log(record, at)
        if response is not None:
            await response(scope, receive, send)

    def _log(self, record: _Record, at: float) -> None:
        values = record.args.values
        place = values.get("channel") or values.get("channel_id")
        self._state.calls.append(
            Call(
                method=record.method,
                at=at,
                took=time.perf_counter() - record.started,
                status=record.status,
                error=record.error,
                channel=None if place is None else str(place),
                ts=None if values.get("ts") is None else str(values["ts"]),
                connection=record.connection.number,
                opened=record.connection.first,
            )
        )

    async def _answer(self, request: Request, record: _Record) -> Response:
        body = await request.body()
        lose = False
        for fault in self._state.faults.hit(record.method):
            match fault.kind:
                case FaultKind.SLOW:
                    await asyncio.sleep(fault.delay)
                case FaultKind.LOST_ANSWER:
                    lose = True
                case _:
                    return self._broken(fault, record)
        response = self._perform(request, body, record)
        if lose:
            record.error = "lost"
            raise _Cut
        return response

    def _broken(self, fault: Fault, record: _Record) -> Response:
        match fault.kind:
            case FaultKind.RATE_LIMITED:
                return self._limited(record, fault.retry_after)
            case FaultKind.SERVER_ERROR:
                record.status, record.error = 500, "http_500"
                return PlainTextResponse("Internal Server Error", 500)
            case _:
                record.error = "refused"
                raise _Cut

    def _limited(self, record: _Record, seconds: int) -> Response:
        record.status, record.error = 429, "ratelimited"
        headers = {"Retry-After": str(seconds)}
        return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)

    def _perform(self, request: Request, body: bytes, record: _Record) -> Response:
        scopes: frozenset[str] = frozenset()
        method: Method | None = None
        try:
            method = self._method(record.method)
            record.args = read_arguments(
                request.method,
                request.headers.get("content-type", ""),
                request.url.query,
                body,
                method.takes_json,
            )
            scopes = self._authorised(request, record.args, method)
            self._state.rates.admit(method.name, method.per_minute)
            answer = method.run(_context(self._state, record.args, scopes, method))
            return _json({"ok": True, **answer}, scopes, method)
        except RateLimited as error:
            return self._limited(record, error.retry_after)
        except SlackError as error:
            record.error = error.name
            return _json(_refusal(error), scopes, method)

    def _method(self, name: str) -> Method:
        if name not in self._methods:
            raise SlackError("unknown_method", req_method=name)
        return self._methods[name]

    def _authorised(self, request: Request, args: Arguments, method: Method) -> frozenset[str]:
        """The scopes of the token.

        A token comes in the Authorization header or as an argument:
        https://docs.slack.dev/authentication/tokens
        """
        app = self._state.world.app
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else args.text("token") or ""
        if not token:
            raise SlackError("not_authed")
        if token not in (app.bot_token, app.app_token):
            raise SlackError("invalid_auth")
        kind = Token.APP if token == app.app_token else Token.BOT
        if method.token not in (kind, Token.EITHER):
            raise SlackError("not_allowed_token_type")
        return frozenset({"connections:write"}) if kind is Token.APP else app.scopes


def _context(state: State, args: Arguments, scopes: frozenset[str], method: Method) -> Context:
    context = Context(state, args, scopes)
    if method.scopes:
        context.need(*method.scopes)
    return context


def _refusal(error: SlackError) -> Json:
    answer: Json = {"ok": False, "error": error.name, **error.details}
    if error.messages:
        answer["response_metadata"] = {"messages": list(error.messages)}
    return answer


def _json(answer: Json, scopes: frozenset[str], method: Method | None) -> Response:
    """The scopes of the token come with every answer: https://docs.slack.dev/authentication/installing-with-oauth"""
    headers = {"x-oauth-scopes": ",".join(sorted(scopes))}
    if method is not None:
        headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
    return JSONResponse(answer, headers=headers)
