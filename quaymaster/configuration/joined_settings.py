"""What holds for a service once its own settings, its environment's and the defaults are joined."""

from dataclasses import dataclass, replace
from datetime import timedelta

from quaymaster.configuration.schema import ApprovalSettings, Declaration, GateSettings
from quaymaster.findings import Severity
from quaymaster.gate import GateRule
from quaymaster.target import ServiceRef


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Who has to agree to a deploy, after environment, service and defaults were joined."""

    needed: int = 0
    from_roles: tuple[str, ...] = ()
    channel: str | None = None
    expires: timedelta = timedelta(hours=4)
    own_request_counts: bool = False


def gate_of(file: Declaration, service: ServiceRef) -> GateRule:
    """The gate of a service that is in the file."""
    around = file.environments[service.environment]
    return _joined_gate(around.services[service.service].gate, around.gate, file.defaults.gate)


def general_gate_of(file: Declaration) -> GateRule:
    """The gate of an image that no service runs."""
    return _joined_gate(file.defaults.gate)


def approval_of(file: Declaration, service: ServiceRef) -> ApprovalPolicy:
    """The approvals of a service that is in the file."""
    around = file.environments[service.environment]
    usual = ApprovalPolicy()
    usual = replace(usual, expires=min(usual.expires, file.defaults.requests_valid_for))
    own = around.services[service.service].approval
    return _joined_approval(usual, own, around.approval, file.defaults.approval)


def _joined_gate(*layers: GateSettings) -> GateRule:
    usual = GateRule()
    block = next((layer.block for layer in layers if layer.block is not None), None)
    severity = usual.block if block is None else None if block == "never" else Severity(block)
    return GateRule(
        severity,
        next((g.only_fixable for g in layers if g.only_fixable is not None), usual.only_fixable),
        next((g.unknown for g in layers if g.unknown is not None), usual.unknown),
        next(
            (g.database_older_than for g in layers if g.database_older_than is not None),
            usual.database_older_than,
        ),
        next((g.will_not_fix for g in layers if g.will_not_fix is not None), usual.will_not_fix),
        next((g.from_scratch for g in layers if g.from_scratch is not None), usual.from_scratch),
    )


def _joined_approval(usual: ApprovalPolicy, *layers: ApprovalSettings) -> ApprovalPolicy:
    own = next((a.own_request for a in layers if a.own_request is not None), "refuse")
    return ApprovalPolicy(
        next((a.needed for a in layers if a.needed is not None), usual.needed),
        next((a.from_roles for a in layers if a.from_roles is not None), usual.from_roles),
        next((a.channel for a in layers if a.channel is not None), usual.channel),
        next((a.expires for a in layers if a.expires is not None), usual.expires),
        own == "count",
    )
