"""Serves ``/healthz`` and ``/echo`` as the bot does: python -m … PORT SECONDS IDLE_SECONDS."""

import asyncio
import signal
import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.listening.http import loop_factory
from bot.listening.server import BoundedProtocol, serve_http


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("alive")


async def _echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _serve(port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = Starlette(routes=[Route("/healthz", _healthz), Route("/echo", _echo, methods=["POST"])])
    await serve_http(app, "127.0.0.1", port, stop)


if __name__ == "__main__":
    BoundedProtocol.request_seconds = float(sys.argv[2])
    BoundedProtocol.idle_seconds = float(sys.argv[3])
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(int(sys.argv[1])))
