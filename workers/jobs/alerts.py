"""Which channels are alerted about which findings: once per repository and open finding."""

from collections.abc import Sequence

from quaymaster.configuration.configuration import Configuration
from quaymaster.findings import Finding, ScanReport
from quaymaster.gate import gone_findings, new_findings
from quaymaster.outcomes import Alert
from quaymaster.store import reports
from quaymaster.store.transactions import Command, Connection, ask, perform

_SHOWN = 10


def alerts_of(
    report: ScanReport, operation_id: int, configuration: Configuration, connection: Connection
) -> tuple[tuple[Alert, ...], Sequence[Command]]:
    """The alerts that this operation has to send, and what is stored together with its end."""
    repository = report.repository
    reported = ask(connection, reports.open_findings(repository))
    told_by_others = frozenset(key for key, by in reported.items() if by != operation_id)
    candidates = new_findings(report, told_by_others, configuration.alerts.severity)
    claimed = perform(
        connection,
        reports.claim_alerts(repository, [one.key for one in candidates], operation_id),
    )
    mine = tuple(one for one, is_mine in zip(candidates, claimed, strict=True) if is_mine)
    gone = gone_findings(report, frozenset(reported))
    return _to_channels(mine, report, configuration), reports.forget_alerts(repository, gone)


def _to_channels(
    findings: tuple[Finding, ...], report: ScanReport, configuration: Configuration
) -> tuple[Alert, ...]:
    if not findings:
        return ()
    owners = (
        configuration.service(service).channel
        for service in configuration.services_running(report.repository)
    )
    channels = dict.fromkeys(one for one in (configuration.alerts.channel, *owners) if one)
    return tuple(Alert(channel, findings[:_SHOWN], len(findings)) for channel in channels)
