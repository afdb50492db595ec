"""Bolt as its documentation shows it, on the same server, doing the same."""

import os
from typing import Any

import redis
from rq import Queue
from rq.serializers import JSONSerializer
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_bolt = AsyncApp(
    token=os.environ["SLACK_BOT_TOKEN"], signing_secret=os.environ["SLACK_SIGNING_SECRET"]
)
_bolt.client.base_url = os.environ["SLACK_API_URL"]
_queue = Queue(
    "bolt",
    connection=redis.Redis.from_url(os.environ["REDIS_URL"]),
    serializer=JSONSerializer,
)
_handler = AsyncSlackRequestHandler(_bolt)


@_bolt.command("/image")
async def _command(ack: Any, command: dict[str, Any]) -> None:
    job = _queue.enqueue("bench.jobs.note", command["text"])
    await ack(f"{job.id}: on it")


async def _endpoint(request: Request) -> Response:
    return await _handler.handle(request)


app = Starlette(routes=[Route("/slack/events", _endpoint, methods=["POST"])])
