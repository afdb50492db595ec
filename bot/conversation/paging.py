"""The page buttons of long lists."""

from bot.conversation.deciding import decide
from bot.conversation.identity import Directory
from bot.database.database import Database
from quaymaster import policy
from quaymaster.actors import SlackUser
from quaymaster.configuration.in_use import ConfigurationInUse, Configured
from quaymaster.errors import Conflict
from quaymaster.key_ring import KeyRing
from quaymaster.listings import position
from quaymaster.outcomes import HistoryListed, ImagesListed, TagsListed
from quaymaster.rights import Right
from quaymaster.store import pages, records


class Paging(Configured):
    """Turns the pages of cards. Everybody sees the same page, because there is one card."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        in_use: ConfigurationInUse,
        ring: KeyRing,
    ) -> None:
        super().__init__(in_use)
        self._database = database
        self._directory = directory
        self._ring = ring

    async def turn(self, operation_id: int, actor: SlackUser, page: int) -> None:
        """Show that page. Raises NotAllowed, Conflict (also where the list is not kept any more),
        OutsideFailure, Forged and Unavailable.
        """
        person = await self._directory.look_up(actor)
        policy.allowed(self._configuration, person, Right.READ)
        await self._check_kept(operation_id, page)
        await decide(
            self._database,
            operation_id,
            self._ring,
            lambda operation: records.turn_page(operation, page),
        )

    async def _check_kept(self, operation_id: int, page: int) -> None:
        """Raise Conflict where that page is gone: the card stays as it is."""
        stored = await self._database.ask(records.load(operation_id, self._ring))
        outcome = stored.operation.outcome if stored else None
        if not isinstance(outcome, ImagesListed | TagsListed | HistoryListed):
            raise _no_longer_kept()
        number, _, _ = position(outcome.kept, page)
        if number and not await self._database.ask(pages.load(operation_id, number, self._ring)):
            raise _no_longer_kept()


def _no_longer_kept() -> Conflict:
    return Conflict("This list has expired; send the command again.")
