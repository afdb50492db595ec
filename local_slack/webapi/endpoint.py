"""Authentication, scopes and rates of the Web API, and the way to its methods.

https://docs.slack.dev/apis/web-api
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from local_slack.errors import RateLimited, SlackError
from local_slack.gateway import CallRecord, Gateway, too_many
from local_slack.message import Json
from local_slack.state import State
from local_slack.webapi.arguments import Arguments, read_arguments
from local_slack.webapi.method import Context, Method, Token


class WebApi:
    """An ASGI application that answers ``/api/<method>``."""

    def __init__(self, state: State, gateway: Gateway, methods: dict[str, Method]) -> None:
        self._state = state
        self._gateway = gateway
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        record = CallRecord(str(scope["path_params"]["method"]).rstrip("/"))

        def work(request: Request, body: bytes) -> Response:
            return self._perform(request, body, record)

        await self._gateway.admit(scope, receive, send, record, work)

    def _perform(self, request: Request, body: bytes, record: CallRecord) -> Response:
        scopes: frozenset[str] = frozenset()
        method: Method | None = None
        try:
            method = self._method(record.method)
            args = read_arguments(
                request.method,
                request.headers.get("content-type", ""),
                request.url.query,
                body,
                method.takes_json,
            )
            _note(record, args)
            scopes = self._authorised(request, args, method)
            self._state.rates.admit(method.name, method.per_minute)
            answer = method.run(_context(self._state, args, scopes, method))
            record.made = _made(answer)
            return _json({"ok": True, **answer}, scopes, method)
        except RateLimited as error:
            return too_many(record, error.retry_after)
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


def _note(record: CallRecord, args: Arguments) -> None:
    record.channel = args.text("channel") or args.text("channel_id")
    record.ts = args.text("ts")


def _made(answer: Json) -> tuple[str | None, str | None]:
    """Channel and timestamp of the message that came of a call."""
    channel, ts = answer.get("channel"), answer.get("ts") or answer.get("message_ts")
    return channel if isinstance(channel, str) else None, ts


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
