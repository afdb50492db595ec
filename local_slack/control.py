"""The control API at ``/_local``: for tests, a terminal or a chat page.

Every request carries ``Authorization: Bearer <control token>``. `local_slack.client` is its client.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_slack.actions import Actions
from local_slack.delivery.lines import Lines
from local_slack.errors import SlackError
from local_slack.faults import Fault, FaultKind
from local_slack.feed import BEHIND_THE_SCENES
from local_slack.message import Json
from local_slack.outcome import NotPossible, Outcome
from local_slack.state import State
from local_slack.together import together
from local_slack.traffic import Traffic
from local_slack.webapi.shapes import channel_json, user_json, view_json
from local_slack.world import Kind, MemberKind

_ACTS = (
    "command",
    "click",
    "click_in_view",
    "submit",
    "close_view",
    "say",
    "mention",
    "direct_message",
    "open_home",
    "repeat_last",
)


class Control:
    """Reads and changes the workspace from outside."""

    def __init__(
        self, state: State, actions: Actions, lines: Lines, traffic: Traffic, token: str
    ) -> None:
        self._state = state
        self._actions = actions
        self._lines = lines
        self._traffic = traffic
        self._token = token
        self.app = Starlette(
            routes=[
                self._route("/info", self._info, "GET"),
                self._route("/messages", self._messages, "GET"),
                self._route("/calls", self._calls, "GET"),
                self._route("/feed", self._feed, "GET"),
                self._route("/views", self._views, "GET"),
                self._route("/file", self._file, "GET"),
                self._route("/act", self._act, "POST"),
                self._route("/suggest", self._suggest, "POST"),
                self._route("/upload", self._upload, "POST"),
                self._route("/traffic", self._exchanges, "GET"),
                self._route("/rates", self._rates, "GET"),
                self._route("/faults", self._active_faults, "GET"),
                self._route("/faults", self._faults, "POST"),
                self._route("/change", self._change, "POST"),
            ]
        )

    def _route(
        self, path: str, run: Callable[[Request], Awaitable[Response]], method: str
    ) -> Route:
        async def guarded(request: Request) -> Response:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(token.encode(), self._token.encode()):
                return JSONResponse({"error": "the control token is missing or wrong"}, 401)
            try:
                return await run(request)
            except (NotPossible, SlackError) as error:  # or the app answered with a bad view
                return JSONResponse({"error": str(error)}, 409)

        return Route(path, guarded, methods=[method])

    async def _info(self, _: Request) -> Response:
        state = self._state
        world = state.world
        return JSONResponse(
            {
                "team": {"id": world.team_id, "name": world.name, "domain": world.domain},
                "bot_user": world.app.bot_user,
                "commands": sorted(world.app.commands),
                "request_url": self._lines.request_url,
                "connections": self._lines.hub.connections,
                "newest": state.feed.newest,
                "users": [user_json(state, one) for one in state.users.values()],
                "channels": [
                    channel_json(state, one) | {"members": sorted(one.members)}
                    for one in state.channels.values()
                ],
                "groups": [asdict(one) for one in state.groups.values()],
            }
        )

    async def _messages(self, request: Request) -> Response:
        """What is in a channel (or everywhere), as ``user`` sees it or all of it."""
        query, state = request.query_params, self._state
        place = query.get("channel")
        channels = [place] if place else list(state.channels)
        user = query.get("user")
        messages = state.screen(user, channels) if user else state.all_messages(channels)
        return JSONResponse([one.as_json() for one in messages])

    async def _calls(self, _: Request) -> Response:
        return JSONResponse([call.as_json() for call in self._state.calls])

    async def _feed(self, request: Request) -> Response:
        query = request.query_params
        number, wait = int(query["after"]), float(query.get("wait", "0"))
        without = BEHIND_THE_SCENES if query.get("behind") != "true" else ()
        changes = await self._state.feed.after(number, wait, without)
        return JSONResponse([asdict(change) for change in changes])

    async def _views(self, request: Request) -> Response:
        user = request.query_params.get("user")
        views = [one for one in self._state.views.values() if user in (None, one.user)]
        return JSONResponse([view_json(self._state, one) | {"user": one.user} for one in views])

    async def _file(self, request: Request) -> Response:
        stored = self._state.files.get(request.query_params["id"])
        if stored is None or stored.content is None:
            raise NotPossible("there is no such file")
        return Response(stored.content, media_type="application/octet-stream")

    async def _act(self, request: Request) -> Response:
        """One or several actions; several begin at the same moment."""
        body: list[Json] = (await request.json())["acts"]
        outcomes = await together([self._one(act) for act in body])
        return JSONResponse([one.as_json() for one in outcomes])

    def _one(self, act: Json) -> Callable[[], Awaitable[Outcome]]:
        name, arguments = act["act"], act["arguments"]
        if name not in _ACTS:
            raise NotPossible(f"there is no act {name}")
        run: Callable[..., Awaitable[Outcome]] = getattr(self._actions, name)
        return lambda: run(**arguments)

    async def _suggest(self, request: Request) -> Response:
        """The app's suggestions for text typed into a menu."""
        return JSONResponse((await self._actions.suggest(**await request.json())).as_json())

    async def _upload(self, request: Request) -> Response:
        """Accept a file chosen for a file input."""
        query = request.query_params
        file = await self._actions.upload(query["user"], query["name"], await request.body())
        return JSONResponse({"id": file})

    async def _exchanges(self, request: Request) -> Response:
        exchanges = self._traffic.since(int(request.query_params.get("after", "0")))
        return JSONResponse([asdict(one) for one in exchanges])

    async def _rates(self, _: Request) -> Response:
        return JSONResponse(asdict(self._state.rates.usage()))

    async def _active_faults(self, _: Request) -> Response:
        return JSONResponse([one.as_json() for one in self._state.faults.active()])

    async def _faults(self, request: Request) -> Response:
        """Put faults in force; an empty list makes everything work again."""
        body: list[Json] = await request.json()
        if not body:
            self._state.faults.clear()
        for one in body:
            self._state.faults.add(Fault(**{**one, "kind": FaultKind(one["kind"])}))
        return JSONResponse({})

    async def _change(self, request: Request) -> Response:
        """Change the workspace, the clock, the limits or the connection to the app."""
        body: Json = await request.json()
        changes: dict[str, Callable[[Any], Awaitable[None]]] = {
            "skip": self._skip,
            "rate_limits": self._limit,
            "request_url": self._lines.use,
            "socket": self._socket,
            "user": self._user,
            "channel": self._channel,
            "scopes": self._scopes,
        }
        for name, value in body.items():
            await changes[name](value)
        return JSONResponse({})

    async def _skip(self, seconds: float) -> None:
        self._state.clock.skip(seconds)

    async def _limit(self, enabled: bool) -> None:
        self._state.rates.enabled = enabled

    async def _socket(self, what: str) -> None:
        if what == "drop":
            self._lines.hub.drop()
        else:
            await self._lines.hub.refresh(what)

    async def _user(self, body: Json) -> None:
        user = self._state.users[body["id"]]
        membership = MemberKind(body["membership"])
        self._state.users[user.id] = replace(user, membership=membership)

    async def _channel(self, body: Json) -> None:
        channel = self._state.channels[body["id"]]
        kind = Kind(body["kind"]) if "kind" in body else channel.kind
        archived = bool(body.get("archived", channel.archived))
        members = channel.members | set(body.get("join", ()))
        members -= set(body.get("leave", ()))
        self._state.channels[channel.id] = replace(
            channel, kind=kind, archived=archived, members=frozenset(members)
        )

    async def _scopes(self, scopes: list[str]) -> None:
        world = self._state.world
        self._state.world = world.with_scopes(*scopes)
