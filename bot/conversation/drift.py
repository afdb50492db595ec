"""What workers find out about services by themselves becomes an operation of the product's own: an
event in the audit, and a card in the channel of the service.
"""

import structlog

from bot.conversation.acceptance import Acceptance
from bot.database.database import Database
from quaymaster.configuration.in_use import ConfigurationInUse, Configured
from quaymaster.drift import Drift, DriftKind
from quaymaster.errors import Conflict, UsageError
from quaymaster.key_ring import KeyRing
from quaymaster.signed import Signed
from quaymaster.store import drifts
from quaymaster.store.new_operations import report_of_drift

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
        reported = await self._database.ask(drifts.reported())
        for service, signed in observed.items():
            if reported.get(service) == signed.digest:
                continue
            is_news = signed.value.kind is not DriftKind.OVER or service in reported
            if is_news and self._is_ours(signed.value):
                await self._record(signed)
            await self._database.insist(drifts.note_reported(service, signed.digest))

    async def _record(self, signed: Signed[Drift]) -> None:
        report = report_of_drift(signed, self._channel_of(signed.value))
        try:
            await self._acceptance.accept(report.asked, report.state, report.outcome)
        except Conflict:
            log.exception("drift not told", service=str(signed.value.service_ref))

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
