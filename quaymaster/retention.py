"""How long finished operations and their data are kept, which bounds what Redis holds."""

from dataclasses import dataclass
from datetime import timedelta

from quaymaster.request_facts import AnyRequest, Effect


@dataclass(frozen=True, slots=True)
class Retention:
    """``keep`` of the configuration. What is open never expires."""

    operations: timedelta = timedelta(days=90)
    reports: timedelta = timedelta(days=30)
    listings: timedelta = timedelta(days=1)

    @property
    def report_seconds(self) -> int:
        """For how long a report is kept."""
        return int(self.reports.total_seconds())

    @property
    def listing_seconds(self) -> int:
        """For how long the pages of a list are kept."""
        return int(self.listings.total_seconds())


def only_reads(request: AnyRequest) -> bool:
    """Whether a request changes nothing and leaves nothing but its answer."""
    return request.facts.changes is Effect.NOTHING
