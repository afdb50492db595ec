"""Whether the database has room for new work: what runs must always be able to record its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.database.database import Database
from bot.views.amounts import size
from quaymaster.errors import NoRoom
from quaymaster.store.transactions import Query

_FULL_ENOUGH = 0.9
"""Of what Redis may use. The rest is for the ends of what runs, for votes and cancels."""


@dataclass(frozen=True, slots=True)
class _Memory:
    used: int
    limit: int
    """0 where there is none."""

    @property
    def is_short(self) -> bool:
        return self.limit > 0 and self.used >= self.limit * _FULL_ENOUGH


class Capacity:
    """Checks periodically, so no command waits for it; before the first check there is room."""

    def __init__(self) -> None:
        self._memory = _Memory(0, 0)

    async def look(self, database: Database) -> None:
        """Ask how much is used. Raises Unavailable."""
        self._memory = await database.ask(Query(("INFO", "memory"), _read))

    def check(self) -> None:
        """Raise NoRoom where new work has to wait."""
        memory = self._memory
        if memory.is_short:
            raise NoRoom(
                "Quaymaster's database is nearly full, so nothing was started.",
                why=f"It holds {size(memory.used)} of the {size(memory.limit)} that it may use. "
                "The rest is kept for running operations.",
                next_step="Ask again later. Your Quaymaster administrator can give Redis more "
                "memory (`maxmemory`) or shorten `keep` in quaymaster.yml.",
            )


def _read(reply: Mapping[str, Any]) -> _Memory:
    """What counts against the limit: https://valkey.io/commands/info/ (without the buffers of
    replicas and of the append-only file).
    """
    used = int(reply["used_memory"]) - int(reply.get("mem_not_counted_for_evict", 0))
    return _Memory(used, int(reply["maxmemory"]))
