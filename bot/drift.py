"""What workers find out about services by themselves becomes an operation of the product's own: an
event in the audit, and a card in the channel of the service.
"""

import structlog

from bot.acceptance import Acceptance, Asked
from bot.database import Database
from quaymaster.actors import PRODUCT
from quaymaster.configuration import Configuration
from quaymaster.drift import Drift, DriftKind
from quaymaster.errors import Conflict, Trouble, UsageError
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Origin, State
from quaymaster.outcomes import Ended, Failed, Outcome
from quaymaster.requests import DriftRequest
from quaymaster.signed import Signed
from quaymaster.store import drifts

log = structlog.get_logger(__name__)


class DriftWatch:
    """Tells each observation once, however many bots do this."""

    def __init__(
        self,
        database: Database,
        acceptance: Acceptance,
        configuration: Configuration,
        ring: KeyRing,
    ) -> None:
        self._database = database
        self._acceptance = acceptance
        self._configuration = configuration
        self._ring = ring

    async def tell(self) -> None:
        """Make an operation of each observation that none was made of. Raises Unavailable."""
        observed = await self._database.ask(drifts.observed(self._ring))
        if not observed:
            return
        told = await self._database.ask(drifts.told())
        for place, signed in observed.items():
            if told.get(place) == signed.digest:
                continue
            is_news = signed.value.kind is not DriftKind.OVER or place in told
            if is_news and self._is_ours(signed.value):
                await self._record(signed)
            await self._database.insist(drifts.note_told(place, signed.digest))

    async def _record(self, signed: Signed[Drift]) -> None:
        drift = signed.value
        # The delivery recognises itself, should this bot die before it has noted what it told.
        origin = Origin(self._channel_of(drift), f"drift-{signed.digest}")
        request = DriftRequest(drift.environment, drift.service)
        asked = Asked(request, PRODUCT, origin)
        try:
            await self._acceptance.accept(asked, *_outcome_of(drift))
        except Conflict:
            log.exception("drift not told", environment=drift.environment, service=drift.service)

    def _is_ours(self, drift: Drift) -> bool:
        """Whether it is about a service that is configured here, on the host that was looked at."""
        try:
            self._configuration.service(drift.environment, drift.service)
            return self._configuration.host_of(drift.environment) == drift.host
        except UsageError:
            return False

    def _channel_of(self, drift: Drift) -> str:
        """Empty where neither the service nor the installation has one: then the audit alone."""
        service = self._configuration.service(drift.environment, drift.service)
        return service.channel or self._configuration.alerts.channel or ""


def _outcome_of(drift: Drift) -> tuple[State, Outcome]:
    name = f"{drift.environment}/{drift.service}"
    match drift.kind:
        case DriftKind.FOUND:
            trouble = Trouble(
                f"{name} on {drift.host} is not as it was released, and no operation did that.",
                why=drift.what,
                next_step="Nothing was changed. If it was not meant, deploy the release again, or "
                "undo by hand what was done on the host.",
            )
            return State.FAILED, Failed(trouble)
        case DriftKind.SETTLED:
            return State.SUCCEEDED, Ended(f"{name} had been left half-way. {drift.what}")
        case DriftKind.OVER:
            return State.SUCCEEDED, Ended(f"{name} is as it was released again.")
