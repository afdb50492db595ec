"""The line to the app: its Request URL where it has one, else Socket Mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from local_slack.clock import Clock
from local_slack.delivery.envelope import ACK_WITHIN, Ack, Delivery
from local_slack.delivery.over_http import HttpTransport
from local_slack.delivery.over_socket import SocketHub
from local_slack.traffic import Traffic

Judge: TypeAlias = Callable[[Ack], Ack]


class Lines:
    """Chooses the way for each delivery: an app has either Socket Mode or Request URLs.

    https://docs.slack.dev/apis/events-api/comparing-http-socket-mode
    """

    def __init__(
        self,
        hub: SocketHub,
        signing_secret: str,
        clock: Clock,
        traffic: Traffic,
        within: float = ACK_WITHIN,
    ) -> None:
        self.hub = hub
        self.last: Delivery | None = None  # the newest that was begun
        self._secret = signing_secret
        self._clock = clock
        self._traffic = traffic
        self._within = within
        self._http: HttpTransport | None = None
        hub.late = self._late

    @property
    def request_url(self) -> str | None:
        """The Request URL; None for Socket Mode."""
        return None if self._http is None else self._http.url

    async def use(self, request_url: str | None) -> None:
        """Deliver to this address from now on, or over Socket Mode with None."""
        await self.close()
        if request_url:
            self._http = HttpTransport(request_url, self._secret, self._within)

    async def deliver(self, delivery: Delivery, judge: Judge = lambda ack: ack) -> Ack:
        """Hand over one delivery, and write it into the log of the traffic.

        ``judge`` gets what came back before it is written, and may say that it is an error.
        """
        notes = ["over Socket Mode" if self._http is None else "over HTTP"]
        if self.last is not None and self.last.payload is delivery.payload:
            notes.append("the same delivery again")
        if delivery.payload.get("type") != "block_suggestion":  # nobody repeats what is typed
            self.last = delivery
        at = self._clock.now()
        ack = judge(await (self.hub if self._http is None else self._http).deliver(delivery))
        self._traffic.delivered(delivery, ack, at, *notes)
        return ack

    def _late(self, delivery: Delivery, ack: Ack) -> None:
        at = self._clock.now() - ack.seconds
        self._traffic.delivered(delivery, ack, at, "over Socket Mode", "acknowledged too late")

    async def close(self) -> None:
        """Let go of HTTP connections."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.close()
