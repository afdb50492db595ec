"""A bare Starlette endpoint that checks Slack's signature and enqueues with RQ."""

import os
from urllib.parse import parse_qs

import redis
from rq import Queue
from rq.serializers import JSONSerializer
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

_verifier = SignatureVerifier(os.environ["SLACK_SIGNING_SECRET"])
_queue = Queue(
    "bare",
    connection=redis.Redis.from_url(os.environ["REDIS_URL"]),
    serializer=JSONSerializer,
)


async def _command(request: Request) -> Response:
    body = await request.body()
    if not _verifier.is_valid_request(body, dict(request.headers)):
        return PlainTextResponse("", 401)
    text = parse_qs(body.decode())["text"][0]
    job = _queue.enqueue("bench.jobs.note", text)
    return JSONResponse({"response_type": "ephemeral", "text": f"{job.id}: on it"})


app = Starlette(routes=[Route("/slack/events", _command, methods=["POST"])])
