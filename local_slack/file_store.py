"""Where files are put and fetched.

https://docs.slack.dev/messaging/working-with-files
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from local_slack.gateway import CallRecord, Gateway
from local_slack.state import State


class Uploads:
    """The second step of an upload: the bytes, raw or as a form, as many as were announced.

    An ASGI application; in the log of calls it is the method ``upload``.
    """

    def __init__(self, state: State, gateway: Gateway) -> None:
        self._state = state
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the bytes of one file."""
        record = CallRecord("upload")

        def work(request: Request, body: bytes) -> Response:
            record.status, text = self._take(request, body)
            record.error = None if record.status == 200 else text
            return PlainTextResponse(text, record.status)

        await self._gateway.admit(scope, receive, send, record, work)

    def _take(self, request: Request, body: bytes) -> tuple[int, str]:
        stored = self._state.files.get(request.path_params["file"])
        if stored is None or stored.content is not None:
            return 404, "invalid upload address"
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            body = _only_part(body)
        if len(body) != stored.length:
            return 400, f"expected {stored.length} bytes, got {len(body)}"
        stored.content = body
        self._state.keep_file(stored)
        return 200, f"OK - {len(body)}"


def _only_part(body: bytes) -> bytes:
    boundary = body.split(b"\r\n", 1)[0]
    part = body.split(b"\r\n\r\n", 1)[1]
    return part.rsplit(b"\r\n" + boundary, 1)[0]


class Downloads:
    """The bytes of a file, for who has the bot's token."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def fetch(self, request: Request) -> Response:
        """One file."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        stored = self._state.files.get(request.path_params["file"])
        if token != self._state.world.app.bot_token or stored is None or stored.content is None:
            return PlainTextResponse("not found", 404)
        return Response(stored.content, media_type="application/octet-stream")
