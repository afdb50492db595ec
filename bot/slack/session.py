"""The connections to Slack: a time for each whole call, and a size that no answer exceeds."""

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from quaymaster.limits import SLACK_BYTES
from quaymaster.proxies import Proxies

_PIECE = 64 * 1024


class BoundedResponse(aiohttp.ClientResponse):
    """An answer that is read up to a limit: aiohttp itself unpacks it to any size."""

    most = SLACK_BYTES

    async def read(self) -> bytes:
        """The whole body. Raises ClientPayloadError when it is longer than any answer of Slack."""
        if self._body is None:
            body = bytearray()
            async for piece in self.content.iter_chunked(_PIECE):
                body += piece
                if len(body) > self.most:
                    self.close()
                    raise aiohttp.ClientPayloadError(f"more than {self.most:,} bytes")
            self._body = bytes(body)
        return await super().read()


def slack_session(
    timeout: aiohttp.ClientTimeout, connector: aiohttp.TCPConnector | None = None
) -> aiohttp.ClientSession:
    """A session; the timeout's ``total`` is for a call with its whole answer. To be closed."""
    return aiohttp.ClientSession(
        timeout=timeout, connector=connector, response_class=BoundedResponse
    )


def slack_client(
    token: str, base_url: str, session: aiohttp.ClientSession, proxies: Proxies
) -> AsyncWebClient:
    """A client of Slack's Web API over a session, without retries of its own."""
    client = AsyncWebClient(token, base_url=base_url, session=session, retry_handlers=[])
    # What it finds in the environment by itself knows no NO_PROXY.
    client.proxy = proxy_to(base_url, proxies)
    return client


def proxy_to(url: str, proxies: Proxies) -> str | None:
    """The address of the proxy for Slack's SDK, with its login."""
    server = proxies.to(url)
    return server.url if server is not None else None
