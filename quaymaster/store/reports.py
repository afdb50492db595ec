"""Scan reports, kept under digest and database; and which findings alerts were sent about."""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from quaymaster.findings import ScanReport
from quaymaster.image_ref import Digest, Repository
from quaymaster.seals import Sealer
from quaymaster.store import keys
from quaymaster.store.transactions import Query, Transaction

_KEPT_SECONDS = 30 * 24 * 3600
_REPORT = TypeAdapter(ScanReport)


def keep(report: ScanReport, sealer: Sealer) -> Transaction[None]:
    """Keep a report for 30 days, sealed: nobody can write “clean” into Redis."""
    text = _REPORT.dump_json(report).decode()
    key = keys.report(str(report.digest), report.database.version)
    return Transaction(
        commands=(
            ("SET", key, sealer.seal("report", key, text) + text, "EX", _KEPT_SECONDS),
            ("SET", keys.latest_report(str(report.digest)), key, "EX", _KEPT_SECONDS),
        ),
        done=lambda _: None,
        refused=lambda _: None,
    )


def kept(digest: Digest, database_version: str, sealer: Sealer) -> Query[ScanReport | None]:
    """The report about this digest by this database. Raises Forged when its seal is not valid."""
    return kept_under(keys.report(str(digest), database_version), sealer)


def latest_key(digest: Digest) -> Query[str | None]:
    """The key of the newest report about a digest by any database."""
    return Query(
        ("GET", keys.latest_report(str(digest))), lambda reply: reply.decode() if reply else None
    )


def kept_under(key: str, sealer: Sealer) -> Query[ScanReport | None]:
    """The report under a key that ``latest_key`` gave."""
    return Query(("GET", key), lambda reply: _read(key, reply, sealer))


def alerted(repository: Repository, findings: Iterable[str]) -> Transaction[tuple[bool, ...]]:
    """Remember findings as alerted; for each whether it is new. Atomic, so only one scan alerts."""
    key = keys.open_findings(str(repository))
    return Transaction(
        commands=tuple(("SADD", key, finding) for finding in findings),
        done=lambda replies: tuple(int(reply) == 1 for reply in replies),
        refused=lambda _: (),
    )


def closed(repository: Repository, findings: Iterable[str]) -> Transaction[None]:
    """Forget findings that are gone: should one come back, it is alerted again."""
    key = keys.open_findings(str(repository))
    return Transaction(
        commands=tuple(("SREM", key, finding) for finding in findings),
        done=lambda _: None,
        refused=lambda _: None,
    )


def open_findings(repository: Repository) -> Query[frozenset[str]]:
    """The keys of the findings that alerts were sent about and that are still open."""
    return Query(
        ("SMEMBERS", keys.open_findings(str(repository))),
        lambda reply: frozenset(one.decode() for one in reply),
    )


def _read(key: str, reply: Any, sealer: Sealer) -> ScanReport | None:
    if reply is None:
        return None
    stored = reply.decode()
    seal, text = stored[:64], stored[64:]
    sealer.check(seal, "report", key, text)
    return _REPORT.validate_json(text)
