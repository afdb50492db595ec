"""The work that a target is handed: whose it is, whether it goes on, and whether it still may."""

from collections.abc import Callable
from dataclasses import dataclass

from quaymaster.progress import Progress
from workers.outside.exchange import go_on
from workers.work.running import RunningOperation, ServiceFence


@dataclass(frozen=True, slots=True)
class OperationWork:
    """Work on a service for an operation that holds its lease."""

    running: RunningOperation
    right: ServiceFence
    secrets: tuple[str, ...] = ()
    """Values that no log line and no error may show."""
    ask_again: Callable[[], None] = go_on
    """Raises where the change may not happen any more."""

    @property
    def operation(self) -> int:
        """Its number."""
        return self.running.operation.id

    def report(self, progress: Progress) -> None:
        """Show how far it is, on the operation's card."""
        self.running.report(progress)

    def check(self) -> None:
        """Raise Cancelled or HandedBack when the job should stop here."""
        self.running.check()

    def confirm(self) -> None:
        """Ask again whether the change may still happen."""
        self.ask_again()

    def fence(self) -> None:
        """Raise LeaseLost when the right to change the service is gone."""
        self.right()

    def commit_point(self) -> None:
        """From here neither a cancel nor a shutdown stops the job. Raises as
        ``Running.commit_point`` does.
        """
        self.running.commit_point()


@dataclass(frozen=True, slots=True)
class CareWork:
    """Work on a service that belongs to no operation: nobody sees its progress or cancels it."""

    right: ServiceFence
    operation: int = 0
    secrets: tuple[str, ...] = ()

    def report(self, progress: Progress) -> None:
        """Nobody reads it."""

    def check(self) -> None:
        """Nobody stops it."""

    def confirm(self) -> None:
        """It changes nothing that somebody has to allow."""

    def fence(self) -> None:
        """Raise LeaseLost when the right to change the service is gone."""
        self.right()

    def commit_point(self) -> None:
        """Nobody cancels it."""
