"""What each kind of subject shows in Slack: how it is loaded, how it is drawn, and how the courier
notes that Slack shows it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import assert_never

import structlog
from redis import RedisError

from bot.courier.audit_head import digest_caught_up, digest_message, posted_on
from bot.courier.steps import undrawable
from bot.views.messages import Drawing, FindingsFile, Message
from quaymaster.audit import store as audit_store
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Forged, Unavailable, UsageError, WrittenByNewer
from quaymaster.findings import ScanReport
from quaymaster.key_ring import KeyRing
from quaymaster.listings import position
from quaymaster.operations import Operation
from quaymaster.outcomes import HistoryListed, ImagesListed, TagsListed
from quaymaster.store import cards, pages, records, reports
from quaymaster.store.cards import Posting
from quaymaster.store.operation_fields import NotGenuine, StoredOperation
from quaymaster.store.transactions import AsyncConnection, Transaction, ask_async
from quaymaster.subjects import AuditDigest, OperationSubject, Subject

_log = structlog.get_logger(__name__)

Draw = Callable[[Operation, Configuration, datetime], Sequence[Message]]
"""What should be in Slack for an operation."""
DrawFindings = Callable[[ScanReport], str]
"""A whole report as text."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A subject as it was loaded and drawn."""

    drawing: Drawing
    caught_up: Callable[[Mapping[str, Posting]], Transaction[bool]]
    """Notes that Slack shows it, given where its messages are; False if it is stale again."""
    has_failed: bool = False
    """It could not be drawn in full, which is to be tried again."""


@dataclass(frozen=True, slots=True)
class Forgery:
    """An operation whose record is not genuine: nobody can say what it should show."""

    subject: OperationSubject
    found: NotGenuine


@dataclass(slots=True)
class Pictures:
    """What is to be seen in Slack, from what Redis holds."""

    connection: AsyncConnection
    draw: Draw
    draw_findings: DrawFindings
    ring: KeyRing
    configuration: Configuration
    clock: Callable[[], float]

    async def of(self, subject: Subject) -> Picture | Forgery | None:
        """What a subject shows; None for one that shows nothing (any more).

        Raises WrittenByNewer, Unavailable, and whatever the drawing raises.
        """
        match subject:
            case OperationSubject():
                return await self._of_operation(subject)
            case AuditDigest():
                return await self._of_digest(subject)
            case _:
                assert_never(subject)

    async def _of_operation(self, subject: OperationSubject) -> Picture | Forgery | None:
        loading = records.load_if_genuine(subject.operation, self.ring)
        stored = await ask_async(self.connection, loading)
        match stored:
            case None:
                return None
            case NotGenuine():
                return Forgery(subject, stored)
            case StoredOperation(operation, revision):
                messages, has_failed = await self._drawn(operation)
                drawing = Drawing(
                    subject,
                    messages,
                    has_ended=operation.state.is_terminal,
                    requester=operation.person,
                    service_channel=self._service_channel(operation),
                )
                return Picture(drawing, lambda _: cards.caught_up(subject, revision), has_failed)

    async def _of_digest(self, subject: AuditDigest) -> Picture | None:
        channel, today = self.configuration.alerts.channel, self._now().date()
        head = await ask_async(self.connection, audit_store.head())
        was_posted = await ask_async(self.connection, posted_on()) == subject.day.isoformat()
        if channel is None or not head or was_posted or subject.day != today:
            return None
        drawing = Drawing(subject, (digest_message(subject, head, channel),), has_ended=True)
        return Picture(drawing, lambda postings: digest_caught_up(subject, postings))

    async def _drawn(self, operation: Operation) -> tuple[Sequence[Message], bool]:
        """The messages of an operation, and whether drawing them failed."""
        try:
            turned = await self._turned(operation)
            return self.draw(turned, self.configuration, self._now()), False
        except (Unavailable, RedisError):
            raise
        except Exception as error:  # noqa: BLE001  an ended operation is said to have ended
            reference = reference_of(operation.subject, error)
            _log.exception(
                "a card cannot be drawn", subject=str(operation.subject), reference=reference
            )
            if not operation.state.is_terminal:
                return (), True
            return (undrawable(operation, reference),), True

    async def _turned(self, operation: Operation) -> Operation:
        """The operation with the page of its list that its card is turned to; with the first page
        where that one is not kept any more. Raises Forged and WrittenByNewer.
        """
        outcome = operation.outcome
        if not isinstance(outcome, ImagesListed | TagsListed | HistoryListed):
            return operation
        number, _, _ = position(outcome.kept, operation.page)
        if number == 0:
            return operation
        page = await ask_async(self.connection, pages.load(operation.id, number, self.ring))
        if page is None:
            return replace(operation, page=0)
        return replace(operation, outcome=page)

    def _service_channel(self, operation: Operation) -> str | None:
        """The channel of the service that a deploy or rollback is about."""
        change = operation.request.facts.service_change
        if change is None:
            return None
        service = change.service
        try:
            return self.configuration.service(service).channel
        except UsageError:  # it was configured when the command was accepted
            return None

    async def findings_text(self, file: FindingsFile) -> str:
        """The whole report that a file is about, or a sentence about why there is none."""
        if file.host is not None:
            query = reports.kept_local(file.host, file.digest, file.database_version, self.ring)
        else:
            query = reports.kept(file.digest, file.database_version, self.ring)
        try:
            report = await ask_async(self.connection, query)
        except (Forged, WrittenByNewer) as forged:
            _log.exception("a report is forged", digest=str(file.digest))
            return f"{forged}\n"
        if report is None:
            return "This report is no longer kept. Scan the image again.\n"
        return self.draw_findings(report)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)


def reference_of(subject: Subject, error: Exception) -> str:
    """The same reference for the same problem, on the card and in the log."""
    text = f"{subject} {type(error).__name__}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]
