"""What a view looks at."""

from dataclasses import dataclass
from datetime import datetime

from bot.commands.grammar import COMMAND
from quaymaster.configuration.configuration import Configuration
from quaymaster.image_ref import ImageRef, Repository
from quaymaster.operations import Operation


@dataclass(frozen=True, slots=True)
class CardContext:
    """An operation, and what is needed to show it."""

    operation: Operation
    configuration: Configuration
    now: datetime
    command: str = COMMAND
    """The slash command, for hints."""

    def image(self, image: ImageRef) -> str:
        """An image as people write it here."""
        return image.familiar(self.configuration.default_registry)

    def repository(self, repository: Repository) -> str:
        """A repository as people write it here."""
        return repository.familiar(self.configuration.default_registry)
