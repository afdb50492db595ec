"""The page buttons of long lists."""

from bot.database import Database
from bot.deciding import decide
from bot.identity import Directory
from quaymaster import policy
from quaymaster.configuration import Configuration
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Actor
from quaymaster.store import records


class Paging:
    """Turns the pages of cards. Everybody sees the same page, because there is one card."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        configuration: Configuration,
        ring: KeyRing,
    ) -> None:
        self._database = database
        self._directory = directory
        self._configuration = configuration
        self._ring = ring

    async def turn(self, operation_id: int, actor: Actor, page: int) -> None:
        """Show that page. Raises NotAllowed, Conflict, OutsideFailure and Unavailable."""
        person = await self._directory.look_up(actor)
        policy.allowed(self._configuration, person, "jobs")
        await decide(
            self._database,
            operation_id,
            self._ring,
            lambda operation: records.turn_page(operation, page),
        )
