"""What was recorded about services and images, as far as it is signed by who may."""

from quaymaster.findings import ScanReport
from quaymaster.image_ref import Digest
from quaymaster.queues import target_queue
from quaymaster.releases import BadDigest, Release
from quaymaster.store import releases, reports, turns
from quaymaster.store.transactions import ask, perform
from quaymaster.target import ServiceRef
from workers.targets.observed import Observed
from workers.work.toolbox import Toolbox


def releases_of(service: ServiceRef, tools: Toolbox, count: int = 20) -> tuple[Release, ...]:
    """The latest releases, newest first. Raises Forged and WrittenByNewer."""
    queue = target_queue(tools.configuration.target_of(service.environment))
    return ask(tools.connection, releases.latest(service, tools.keys.ring, queue, count))


def bad_digests_of(service: ServiceRef, tools: Toolbox) -> dict[Digest, BadDigest]:
    """Every digest that was rolled back from. Raises Forged and WrittenByNewer."""
    queue = target_queue(tools.configuration.target_of(service.environment))
    return ask(tools.connection, releases.bad_digests(service, tools.keys.ring, queue))


def newest_report(digest: Digest, tools: Toolbox) -> ScanReport | None:
    """The newest report about a digest, by whichever database. Raises Forged, WrittenByNewer."""
    database = ask(tools.connection, reports.latest_database(digest))
    if database is None:
        return None
    return ask(tools.connection, reports.kept(digest, database, tools.keys.ring))


def next_turn(observed: Observed, tools: Toolbox) -> int:
    """A turn above all that Redis or a version of the service knows; nobody else gets it.

    Raises Forged where what Redis says is no number, or is far above every version's.
    """
    service = observed.service
    while True:
        highest = ask(tools.connection, turns.highest(service))
        turns.check_is_near(service, highest, observed.highest_turn)
        turn = max(highest, observed.highest_turn) + 1
        if perform(tools.connection, turns.give(service, highest, turn)):
            return turn
