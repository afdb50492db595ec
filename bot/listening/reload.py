"""The bot reloads its configuration on request, between two deliveries."""

import asyncio
from dataclasses import dataclass
from typing import Self

from quaymaster.configuration.reloading import SIGNAL, Reloading, TakesUp, let_signal_come


@dataclass(frozen=True, slots=True)
class RequestedReload:
    """The configuration to reload, and the event that requests it."""

    program: Reloading
    asked: asyncio.Event

    @classmethod
    def on_signal(cls, program: Reloading, stop: asyncio.Event) -> Self:
        """Triggered by SIGHUP to the program whose loop runs here. The signal also comes when the
        terminal of the program is closed: then it ends.
        """
        requested = asyncio.Event()

        def ask() -> None:
            (stop if program.is_hung_up else requested).set()

        asyncio.get_running_loop().add_signal_handler(SIGNAL, ask)
        let_signal_come()
        return cls(program, requested)

    async def whenever_asked(self, take_up: TakesUp, stop: asyncio.Event) -> None:
        """Until ``stop`` is set. A long file is read beside the loop, which people wait for."""
        self.program.begin()
        stopped = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            request = asyncio.ensure_future(self.asked.wait())
            await asyncio.wait({stopped, request}, return_when=asyncio.FIRST_COMPLETED)
            request.cancel()
            if self.asked.is_set():
                self.asked.clear()
                self.program.settle(await asyncio.to_thread(self.program.read), take_up)
