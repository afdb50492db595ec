"""The line to the app: its Request URL where it has one, else Socket Mode."""

from __future__ import annotations

from local_slack.delivery.envelope import ACK_WITHIN, Ack, Delivery
from local_slack.delivery.over_http import HttpTransport
from local_slack.delivery.over_socket import SocketHub


class Lines:
    """Chooses the way for each delivery: an app has either Socket Mode or Request URLs.

    https://docs.slack.dev/apis/events-api/comparing-http-socket-mode
    """

    def __init__(self, hub: SocketHub, signing_secret: str, within: float = ACK_WITHIN) -> None:
        self.hub = hub
        self._secret = signing_secret
        self._within = within
        self._http: HttpTransport | None = None

    @property
    def request_url(self) -> str | None:
        """The Request URL; None for Socket Mode."""
        return None if self._http is None else self._http.url

    async def use(self, request_url: str | None) -> None:
        """Deliver to this address from now on, or over Socket Mode with None."""
        await self.close()
        if request_url:
            self._http = HttpTransport(request_url, self._secret, self._within)

    async def deliver(self, delivery: Delivery) -> Ack:
        """Hand over one delivery."""
        if self._http is not None:
            return await self._http.deliver(delivery)
        return await self.hub.deliver(delivery)

    async def close(self) -> None:
        """Let go of HTTP connections."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.close()
