"""Scan reports, stored by digest and scanner database (reports about a host's own images also by
host), and the findings that were alerted.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from quaymaster.errors import Forged
from quaymaster.findings import ScanReport
from quaymaster.image_ref import Digest, Repository
from quaymaster.key_ring import KeyRing
from quaymaster.queues import host_queue
from quaymaster.retention import Retention
from quaymaster.signing_key import SigningKey
from quaymaster.store import keys
from quaymaster.store.formats import LOCAL_REPORT, REPORT
from quaymaster.store.transactions import Command, Query, Transaction

_USUAL = Retention()


def keep(report: ScanReport, key: SigningKey, retention: Retention = _USUAL) -> Transaction[None]:
    """Store a signed report for its retention time: nobody can write “clean” into Redis."""
    seconds = retention.report_seconds
    place = (str(report.digest), report.database.version)
    text = REPORT.signed(report, place, key).text
    return Transaction(
        commands=(
            ("SET", keys.report(*place), text, "EX", seconds),
            ("SET", keys.latest_report(place[0]), place[1], "EX", seconds),
        ),
        done=lambda _: None,
        refused=lambda _: None,
    )


def kept(digest: Digest, database_version: str, ring: KeyRing) -> Query[ScanReport | None]:
    """The report about this digest by this scanner database. Raises Forged and WrittenByNewer."""
    place = (str(digest), database_version)
    return Query(
        ("GET", keys.report(*place)),
        lambda reply: REPORT.read(reply, place, ring).value if reply else None,
    )


def keep_local(
    host: str, report: ScanReport, key: SigningKey, retention: Retention = _USUAL
) -> Transaction[None]:
    """Store a report about an image on a host for its retention time, signed by the host's worker.

    It is only for people: the gate never reads it.
    """
    place = (host, str(report.digest), report.database.version)
    text = LOCAL_REPORT.signed(report, place, key).text
    return Transaction(
        commands=(("SET", keys.local_report(*place), text, "EX", retention.report_seconds),),
        done=lambda _: None,
        refused=lambda _: None,
    )


def kept_local(
    host: str, image_id: Digest, database_version: str, ring: KeyRing
) -> Query[ScanReport | None]:
    """The report about an image on a host. Raises Forged and WrittenByNewer."""
    place = (host, str(image_id), database_version)

    def read(reply: bytes | None) -> ScanReport | None:
        if reply is None:
            return None
        found = LOCAL_REPORT.read(reply, place, ring)
        if not ring.key(found.key).may_work_in(host_queue(host)):
            raise Forged(
                f"The scan report of an image on {host} is not shown: the key {found.key} is not "
                f"enrolled for {host_queue(host)}.",
                next_step="Tell your Quaymaster administrator.",
            )
        return found.value

    return Query(("GET", keys.local_report(*place)), read)


def latest_database(digest: Digest) -> Query[str | None]:
    """The scanner database version of the newest report about a digest."""
    return Query(
        ("GET", keys.latest_report(str(digest))), lambda reply: reply.decode() if reply else None
    )


def claim_alerts(
    repository: Repository, findings: Sequence[str], operation_id: int
) -> Transaction[tuple[bool, ...]]:
    """For each finding, whether this operation is the one that alerts.

    If several scans run at once, one of them claims a finding. If that scan is repeated because its
    worker died, it claims the finding again: an alert is neither doubled nor lost.
    """
    key = keys.open_findings(str(repository))
    return Transaction(
        commands=tuple(
            command
            for finding in findings
            for command in (("HSETNX", key, finding, operation_id), ("HGET", key, finding))
        ),
        done=lambda replies: tuple(int(reply) == operation_id for reply in replies[1::2]),
        refused=lambda _: (),
    )


def forget_alerts(repository: Repository, findings: Iterable[str]) -> tuple[Command, ...]:
    """The commands that forget resolved findings: if one comes back, it is alerted again."""
    gone = tuple(findings)
    return (("HDEL", keys.open_findings(str(repository)), *gone),) if gone else ()


def open_findings(repository: Repository) -> Query[dict[str, int]]:
    """The keys of open findings that were alerted, each with the operation that alerted."""
    return Query(("HGETALL", keys.open_findings(str(repository))), _read_open)


def _read_open(reply: Any) -> dict[str, int]:
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {finding.decode(): int(operation_id) for finding, operation_id in pairs}
