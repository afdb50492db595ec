"""What workers find out about services by themselves becomes an operation of the product's own: an
event in the audit, and a card in the channel of the service.
"""

import structlog

from bot.acceptance import Acceptance, Asked
from bot.database import Database
from quaymaster.actors import PRODUCT
from quaymaster.configuration_in_use import ConfigurationInUse, Configured
from quaymaster.drift import Drift, DriftKind
from quaymaster.errors import Conflict, Trouble, UsageError
from quaymaster.key_ring import KeyRing
from quaymaster.operations import Origin, State
from quaymaster.outcomes import Ended, Failed, Outcome
from quaymaster.requests import DriftRequest
from quaymaster.signed import Signed
from quaymaster.store import drifts

log = structlog.get_logger(__name__)


class DriftWatch(Configured):
    """Tells each observation once, however many bots do this."""

    def __init__(
        self,
        database: Database,
        acceptance: Acceptance,
        in_use: ConfigurationInUse,
        ring: KeyRing,
    ) -> None:
        super().__init__(in_use)
        self._database = database
        self._acceptance = acceptance
        self._ring = ring

    async def tell(self) -> None:
        """Make an operation of each observation that none was made of. Raises Unavailable."""
        observed = await self._database.ask(drifts.observed(self._ring))
        if not observed:
            return
        told = await self._database.ask(drifts.told())
        for service, signed in observed.items():
            if told.get(service) == signed.digest:
                continue
            is_news = signed.value.kind is not DriftKind.OVER or service in told
            if is_news and self._is_ours(signed.value):
                await self._record(signed)
            await self._database.insist(drifts.note_told(service, signed.digest))

    async def _record(self, signed: Signed[Drift]) -> None:
        drift = signed.value
        # The delivery recognises itself, should this bot die before it has noted what it told.
        origin = Origin(self._channel_of(drift), f"drift-{signed.digest}")
        request = DriftRequest(drift.environment, drift.service)
        asked = Asked(request, PRODUCT, origin)
        try:
            await self._acceptance.accept(asked, *_outcome_of(drift))
        except Conflict:
            log.exception("drift not told", service=str(drift.service_ref))

    def _is_ours(self, drift: Drift) -> bool:
        """Whether it is about a service that is configured here, on the same target."""
        try:
            self._configuration.service(drift.service_ref)
            return self._configuration.target_of(drift.environment) == drift.target
        except UsageError:
            return False

    def _channel_of(self, drift: Drift) -> str:
        """Empty where neither the service nor the installation has one: then the audit alone."""
        service = self._configuration.service(drift.service_ref)
        return service.channel or self._configuration.alerts.channel or ""


def _outcome_of(drift: Drift) -> tuple[State, Outcome]:
    name = drift.service_ref
    match drift.kind:
        case DriftKind.FOUND:
            trouble = Trouble(
                f"{name} on {drift.host} differs from its release, and no operation changed it.",
                why=drift.what,
                next_step="Nothing was changed. If this was not intended, deploy the release "
                "again, or undo the change on the host by hand.",
            )
            return State.FAILED, Failed(trouble)
        case DriftKind.SETTLED:
            return State.SUCCEEDED, Ended(
                f"A change to {name} had been left unfinished. {drift.what}"
            )
        case DriftKind.OVER:
            return State.SUCCEEDED, Ended(f"{name} matches its release again.")
