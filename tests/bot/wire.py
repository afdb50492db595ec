"""A wire between a client and a real server that can lose the server's answers, or delay them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from testing.engines.valkey import ValkeyServer


class Wire:
    """Everything that is said arrives; with ``loses_answers`` no answer comes back, and with
    ``delay_seconds`` each comes so much later. Of the next connection on which ``silenced_by`` is
    said no answer comes back any more, and the next one on which ``cut_by`` is said is cut.
    """

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server
        self.url = ""
        self.loses_answers = False
        self.delay_seconds = 0.0
        self.silenced_by = b""
        self.cut_by = b""

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
        line = _Line(reader, writer, there, back)
        try:
            await asyncio.gather(self._carry_words(line), self._carry_answers(line))
        finally:
            for end in (writer, back):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _carry_words(self, line: "_Line") -> None:
        with suppress(OSError):
            while words := await line.words.read(65_536):
                if self.silenced_by and self.silenced_by in words:
                    self.silenced_by, line.is_silent = b"", True
                if self.cut_by and self.cut_by in words:
                    self.cut_by, line.is_silent = b"", True
                    line.back.close()
                line.to_server.write(words)
                await line.to_server.drain()
            line.to_server.close()

    async def _carry_answers(self, line: "_Line") -> None:
        with suppress(OSError):
            while answer := await line.answers.read(65_536):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                if not (self.loses_answers or line.is_silent):
                    line.back.write(answer)
                    await line.back.drain()
            line.back.close()


@dataclass(slots=True)
class _Line:
    """One connection through the wire."""

    words: asyncio.StreamReader
    back: asyncio.StreamWriter
    answers: asyncio.StreamReader
    to_server: asyncio.StreamWriter
    is_silent: bool = False
