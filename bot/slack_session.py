"""The connections to Slack: a time for each whole call, and a size that no answer exceeds."""

import aiohttp

from quaymaster.limits import SLACK_BYTES

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
