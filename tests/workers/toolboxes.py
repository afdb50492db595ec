"""Toolboxes for tests of jobs: a configuration, a database, and nothing that is connected yet."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import redis

from quaymaster.configuration.configuration import Configuration
from quaymaster.findings import ScannerDatabase, ScanReport
from quaymaster.image_ref import PinnedImage
from quaymaster.journal import event_of
from quaymaster.operations import Operation
from quaymaster.request_revision import revision_for
from quaymaster.scan_orders import ScanAnswer
from quaymaster.settings import Settings
from quaymaster.store import keys, records, reports
from quaymaster.store.formats import SCAN_ANSWER
from quaymaster.store.transactions import ask, perform
from testing.configurations import SHOP
from testing.keys import FINGERPRINT_TEXT, RING, SCANNER_KEY, WORKER
from testing.samples import having, mover
from workers.work.running import RunningOperation
from workers.work.toolbox import Toolbox

NOWHERE = redis.Redis(host="quaymaster.invalid")
"""For what must not ask the database."""


def toolbox(
    connection: redis.Redis = NOWHERE,
    configuration: Configuration = SHOP,
    environ: Mapping[str, str] | None = None,
) -> Toolbox:
    """The tools of a worker with this configuration."""
    settings = Settings.from_env(
        {"QUAYMASTER_FINGERPRINT_KEY": FINGERPRINT_TEXT, **(environ or {})}
    )
    return Toolbox(configuration, settings, environ or {}, connection, WORKER)


def of_shop(operation: Operation, **changes: Any) -> Operation:
    """The operation as the bot records it now that has the shop's configuration."""
    given = {
        "configuration_revision": revision_for(operation.request, SHOP),
        "requested_at": datetime.now(UTC),
    }
    return having(operation, **{**given, **changes})


def running(operation: Operation, connection: redis.Redis = NOWHERE) -> RunningOperation:
    """The operation while it runs."""
    return RunningOperation(operation, connection)


def recorded(connection: redis.Redis, operation: Operation) -> Operation:
    """An operation that is in the record, with its job when it is queued."""
    perform(connection, records.accept(operation, event_of(operation), mover(operation)))
    return operation


def now(connection: redis.Redis, operation: Operation) -> Operation:
    """The operation as it is now."""
    stored = ask(connection, records.load(operation.id, RING))
    assert stored is not None
    return stored.operation


def found_clean(connection: redis.Redis, image: PinnedImage, order: str) -> None:
    """The scanner has answered an order: there is nothing in the image."""
    database = ScannerDatabase("v1", datetime.now(UTC))
    report = ScanReport(image.repository, image.digest, database, database.updated_at, ())
    perform(connection, reports.keep(report, SCANNER_KEY))
    answer = SCAN_ANSWER.signed(ScanAnswer(order, database), (order,), SCANNER_KEY)
    connection.set(keys.scan_answer(order), answer.text)
