"""The page's own addresses, all under a token; every request passes `Guard` first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router, WebSocketRoute

from local_slack.actions import Actions
from local_slack.errors import SlackError
from local_slack.message import Json
from local_slack.outcome import NotPossible, Offer, Outcome
from local_slack.page.assets import INDEX, asset
from local_slack.page.guard import Guard
from local_slack.page.inspection import Inspection
from local_slack.page.live import Live
from local_slack.page.once import Once
from local_slack.page.shown import can_be, shown_message, workspace_json
from local_slack.state import State

_PICTURES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
_ACTS = (
    "command",
    "click",
    "click_in_view",
    "submit",
    "close_view",
    "suggest",
    "say",
    "open_home",
)
_LONGEST_PAGE = 200


class Page:
    """The chat page. ``commands`` is what its completion is made from, as the app describes it."""

    def __init__(
        self,
        state: State,
        actions: Actions,
        inspection: Inspection,
        token: str,
        commands: Mapping[str, Any],
    ) -> None:
        self._state = state
        self._actions = actions
        self._commands = commands
        self._once = Once()
        routes = Router(
            [
                Route("/", self._index),
                Route("/static/{name:path}", self._file_of_the_page),
                Route("/workspace", self._told(self._workspace)),
                Route("/messages", self._told(self._messages)),
                Route("/replies", self._told(self._replies)),
                Route("/files/{id}/{name}", self._shared_file),
                Route("/act", self._told(self._act), methods=["POST"]),
                Route("/upload", self._told(self._upload), methods=["POST"]),
                Route("/mark", self._told(self._mark), methods=["POST"]),
                Route("/dismiss", self._told(self._dismiss), methods=["POST"]),
                Route("/exchanges", self._told(inspection.exchanges)),
                Route("/exchange", self._told(inspection.exchange)),
                Route("/usage", self._told(inspection.usage)),
                Route("/trouble", self._told(inspection.disrupt), methods=["POST"]),
                WebSocketRoute("/live", Live(state, inspection).serve),
            ]
        )
        self.routes: tuple[BaseRoute, ...] = (Mount("/chat/{token}", Guard(routes, token, INDEX)),)

    async def _index(self, request: Request) -> Response:
        return asset("index.html", request)

    async def _file_of_the_page(self, request: Request) -> Response:
        return asset(request.path_params["name"], request)

    def _told(
        self, run: Callable[[Request], Awaitable[Json]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(await run(request))
            except (NotPossible, SlackError) as error:
                return JSONResponse({"error": str(error)}, 409)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                return JSONResponse({"error": f"the page asked for nonsense: {error!r}"}, 400)

        return answer

    async def _workspace(self, request: Request) -> Json:
        """``as`` is a name here; an unknown or missing one selects the first person."""
        people = [one for one in self._state.users.values() if can_be(one)]
        wanted = request.query_params.get("as", "")
        user = next((one for one in people if one.name == wanted), people[0])
        self._state.direct_channel(user.id)
        return workspace_json(self._state, user.id) | {"commands": dict(self._commands)}

    async def _messages(self, request: Request) -> Json:
        query = request.query_params
        user, channel = self._reader(query["as"], query["channel"])
        limit = min(int(query.get("limit", "60")), _LONGEST_PAGE)
        value = self._state.page(user, channel, query.get("before"), limit)
        return {
            "messages": [shown_message(self._state, one) for one in value.messages],
            "more": value.more,
        }

    async def _replies(self, request: Request) -> Json:
        query = request.query_params
        user, channel = self._reader(query["as"], query["channel"])
        thread = query["thread"]
        root = self._state.find(channel, thread)
        replies = [one for one in self._state.replies(user, channel, thread) if one.ts != thread]
        if root is not None and root.only_for in (None, user):
            replies.insert(0, root)
        return {"messages": [shown_message(self._state, one) for one in replies]}

    async def _act(self, request: Request) -> Json:
        body: Json = await request.json()
        return await self._once.run(str(body.get("id", "")), lambda: self._do(body))

    async def _do(self, body: Json) -> Json:
        user, name = self._person(body["as"]), body["act"]
        if name not in _ACTS:
            raise NotPossible(f"there is no act {name}")
        run: Callable[..., Awaitable[Outcome | Offer]] = getattr(self._actions, name)
        outcome = await run(user, **body["arguments"])
        if isinstance(outcome, Offer):
            return outcome.as_json()
        return {"error": outcome.error, "errors": outcome.errors, "seconds": outcome.seconds}

    async def _upload(self, request: Request) -> Json:
        """A file for an input of a modal: its content is the body."""
        query = request.query_params
        user, content = self._person(query["as"]), await request.body()
        return {"file": await self._actions.upload(user, query["name"], content)}

    async def _mark(self, request: Request) -> Json:
        body: Json = await request.json()
        self._state.mark(*self._reader(body["as"], body["channel"]), str(body["ts"]))
        return {}

    async def _dismiss(self, request: Request) -> Json:
        """Remove a message that only this person sees."""
        body: Json = await request.json()
        user, channel = self._reader(body["as"], body["channel"])
        message = self._state.find(channel, str(body["ts"]))
        if message is None or message.only_for != user:
            raise NotPossible("only a message that nobody else sees can be dismissed")
        self._state.delete(message)
        return {}

    async def _shared_file(self, request: Request) -> Response:
        """A file; only pictures of kinds that cannot hold a script are shown, others are saved.

        https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Content-Type-Options
        """
        stored = self._state.files.get(request.path_params["id"])
        if stored is None or stored.content is None:
            return Response("There is no such file.", 404)
        ending = stored.file.name.rpartition(".")[2].lower()
        kind = _PICTURES.get(ending, "application/octet-stream")
        headers = {} if ending in _PICTURES else {"content-disposition": "attachment"}
        return Response(stored.content, media_type=kind, headers=headers)

    def _person(self, user: Any) -> str:
        if user not in self._state.users:
            raise NotPossible(f"there is no user {user}")
        return str(user)

    def _reader(self, user: Any, channel: Any) -> tuple[str, str]:
        """A person and a conversation that they are in."""
        conversation = self._state.channels.get(channel)
        if conversation is None or self._person(user) not in conversation.members:
            raise NotPossible(f"{user} is in no channel {channel}")
        return str(user), conversation.id
