"""A wire between a client and a real server that can lose the server's answers, or delay them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.engines.valkey import ValkeyServer


class Wire:
    """Everything that is said arrives; with ``loses_answers`` no answer comes back, and with
    ``delay_seconds`` each comes so much later.
    """

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server
        self.url = ""
        self.loses_answers = False
        self.delay_seconds = 0.0

    @classmethod
    @asynccontextmanager
    async def to(cls, server: ValkeyServer) -> AsyncIterator["Wire"]:
        """A wire to a server, until the end of the ``with``."""
        wire = cls(server)
        listener = await asyncio.start_server(wire._connected, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        wire.url = server.url.replace(f":{server.port}/", f":{port}/")
        try:
            yield wire
        finally:
            listener.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._server.port)
        try:
            await asyncio.gather(
                self._carry(reader, back, is_answer=False),
                self._carry(there, writer, is_answer=True),
            )
        finally:
            for end in (writer, back):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        with suppress(OSError):
            while words := await source.read(65_536):
                if is_answer and self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                if not (is_answer and self.loses_answers):
                    sink.write(words)
                    await sink.drain()
            sink.close()
