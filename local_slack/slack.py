"""A complete local Slack: one workspace, its app, and the servers of both."""

from __future__ import annotations

import secrets

from starlette.applications import Starlette
from starlette.routing import Mount, Route, WebSocketRoute

from local_slack.actions import Actions
from local_slack.clock import Clock
from local_slack.control import Control
from local_slack.delivery.lines import Lines
from local_slack.delivery.over_socket import SocketHub
from local_slack.delivery.response_url import ResponseUrls
from local_slack.faults import FaultKind
from local_slack.file_store import Downloads, Uploads
from local_slack.gateway import Gateway
from local_slack.history import History
from local_slack.message import Json
from local_slack.page import Page
from local_slack.page.inspection import Inspection
from local_slack.rates import RateLimiter
from local_slack.settings import Settings
from local_slack.state import State
from local_slack.traffic import Traffic
from local_slack.webapi import chat, conversations, files, people, views
from local_slack.webapi.endpoint import WebApi
from local_slack.webapi.method import Context, Method, Token, tier
from local_slack.world import World


class Slack:
    """The local Slack at ``base_url``: ``app`` serves it, ``control_token`` opens ``/_local`` and
    ``page_token`` the chat page.
    """

    def __init__(
        self, world: World, settings: Settings, base_url: str, history: History | None = None
    ) -> None:
        self.control_token = secrets.token_urlsafe(24)
        self._history = history or History.nowhere()
        clock = Clock(settings.speed, self._history)
        rates = RateLimiter(clock, settings.rate_limits)
        self.state = State(world, clock, rates, base_url, self._history)
        self.state.text_only_update_keeps_blocks = settings.text_only_update_keeps_blocks
        self.state.trigger_life = settings.trigger_life
        self.hub = SocketHub(world.app.id, self.state.feed, settings.ack_within)
        self.hub.refused = self._sockets_refused
        self.traffic = Traffic(self.state)
        secret, within = world.app.signing_secret, settings.ack_within
        self.lines = Lines(self.hub, secret, clock, self.traffic, within)
        self.actions = Actions(self.state, self.lines)
        gateway = Gateway(self.state, self.traffic)
        self.page_token = settings.page_token or secrets.token_urlsafe(24)
        inspection = Inspection(self.state, self.actions, self.lines, self.traffic)
        page = Page(self.state, self.actions, inspection, self.page_token, settings.commands)
        control = Control(self.state, self.actions, self.lines, self.traffic, self.control_token)
        self.app = Starlette(
            routes=[
                Route("/api/{method:path}", WebApi(self.state, gateway, self._methods())),
                Route("/commands/{name:path}", ResponseUrls(self.state, gateway), methods=["POST"]),
                Route("/upload/v1/{file}", Uploads(self.state, gateway), methods=["POST"]),
                Route("/files-pri/{file}/{name}", Downloads(self.state).fetch),
                WebSocketRoute("/link/", self.hub.serve),
                Mount("/_local", control.app),
                *page.routes,
            ]
        )

    def _sockets_refused(self) -> bool:
        faults = self.state.faults.hit("socket")
        return any(fault.kind is FaultKind.REFUSED for fault in faults)

    def _methods(self) -> dict[str, Method]:
        families = (chat, conversations, files, people, views)
        methods = {method.name: method for family in families for method in family.METHODS}
        connect = Method("apps.connections.open", self._connect, tier(3), token=Token.APP)
        return {**methods, connect.name: connect}

    def _connect(self, call: Context) -> Json:
        """A fresh WebSocket address: https://docs.slack.dev/reference/methods/apps.connections.open"""
        call.need("connections:write")
        base = self.state.base_url.replace("http", "ws", 1)
        return {
            "url": f"{base}/link/?ticket={self.hub.new_ticket()}&app_id={self.state.world.app.id}"
        }

    async def close(self) -> None:
        """Stop what is still under way towards the app."""
        try:
            await self.actions.close()
            await self.lines.close()
        finally:
            self._history.close()
