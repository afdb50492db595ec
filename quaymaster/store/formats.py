"""Every stored type that programs rely on, with its codec.

To change one of these types, add its next version, a function that upgrades the previous one, and a
golden file in ``tests/stored/``.
"""

from typing import Any

from pydantic import TypeAdapter

from quaymaster.actors import PRODUCT
from quaymaster.approvals import Vote
from quaymaster.audit_entries import Anchor, Entry
from quaymaster.drift import Drift
from quaymaster.findings import ScanReport
from quaymaster.host_engines import HostEngine
from quaymaster.journal import Event
from quaymaster.key_ring import ProgramRole
from quaymaster.operations import Cancellation, Submission
from quaymaster.outcomes import Listed
from quaymaster.plans import Examined, Plan, Resolved
from quaymaster.releases import BadDigest, Release
from quaymaster.scan_orders import ScanAnswer, ScanOrder
from quaymaster.standings import LookedUp
from quaymaster.store.codecs import Codec
from quaymaster.store.record import Record

FORMAT = 1
"""The format of the database as a whole: a program that is too old for it does not start."""

_BOT = frozenset({ProgramRole.BOT})
_WORKER = frozenset({ProgramRole.WORKER})
_SCANNER = frozenset({ProgramRole.SCANNER})


def _with_kind_of_actor(submission: Any) -> Any:
    """Version 1 of a request named the product as a user without a team."""
    actor = submission["actor"]
    if actor == {"team": "", "user": PRODUCT.id}:
        return {**submission, "actor": {"kind": PRODUCT.kind}}
    return {**submission, "actor": {**actor, "kind": "slack user"}}


def _with_changes(plan: Any) -> Any:
    """Version 1 of a plan was about one service on one Docker host."""
    of_change = ("environment", "service", "turn", "examined", "restores", "undo")
    of_plan = ("kind", "rule", "notes")
    running = plan["running"]
    change = {name: plan[name] for name in of_change if name in plan} | {
        "workload": _containers(plan["configuration"]),
        "running": running if running is None else _with_workload(running),
    }
    return {name: plan[name] for name in of_plan if name in plan} | {
        "target": {"kind": "docker_host", "name": plan["host"]},
        "changes": [change],
        "revision": plan["configuration_revision"],
    }


def _with_workload(value: Any) -> Any:
    """Version 1 of a release, and of what runs, knew one kind of workload: its configuration."""
    others = {name: one for name, one in value.items() if name != "configuration"}
    return {**others, "workload": _containers(value["configuration"])}


def _containers(configuration: Any) -> Any:
    return configuration if configuration is None else {**configuration, "kind": "containers"}


SUBMISSION = Codec("request", TypeAdapter(Submission), _BOT, 2, {1: _with_kind_of_actor})
RECORD = Codec("record", TypeAdapter(Record), _BOT | _WORKER)
RESOLVED = Codec("resolved image", TypeAdapter(Resolved), _WORKER)
EXAMINED = Codec("examined image", TypeAdapter(Examined), _WORKER)
PLAN = Codec("plan", TypeAdapter(Plan), _WORKER, 2, {1: _with_changes})
VOTE = Codec("vote", TypeAdapter(Vote), _BOT)
CANCELLATION = Codec("cancellation", TypeAdapter(Cancellation), _BOT)
STANDING = Codec("standing", TypeAdapter(LookedUp), _BOT)
RELEASE = Codec("release", TypeAdapter(Release), _WORKER, 2, {1: _with_workload})
BAD_DIGEST = Codec("bad-digest mark", TypeAdapter(BadDigest), _WORKER)
REPORT = Codec("scan report", TypeAdapter(ScanReport), _SCANNER)
LOCAL_REPORT = Codec("scan report of a host", TypeAdapter(ScanReport), _WORKER)
SCAN_ORDER = Codec("order of a scan", TypeAdapter(ScanOrder), _WORKER)
SCAN_ANSWER = Codec("answer of the scanner", TypeAdapter(ScanAnswer), _SCANNER)
EVENT = Codec("event", TypeAdapter(Event), _BOT | _WORKER)
DRIFT = Codec("drift", TypeAdapter(Drift), _WORKER)
HOST_ENGINE = Codec("engine of a host", TypeAdapter(HostEngine), _WORKER)
PAGE = Codec("page", TypeAdapter(Listed), _WORKER)
AUDIT_ENTRY = Codec("audit entry", TypeAdapter(Entry), _WORKER)
AUDIT_ANCHOR = Codec("audit anchor", TypeAdapter(Anchor), _WORKER)

CODECS = (
    SUBMISSION,
    RECORD,
    RESOLVED,
    EXAMINED,
    PLAN,
    VOTE,
    CANCELLATION,
    STANDING,
    RELEASE,
    BAD_DIGEST,
    REPORT,
    LOCAL_REPORT,
    SCAN_ORDER,
    SCAN_ANSWER,
    EVENT,
    DRIFT,
    HOST_ENGINE,
    PAGE,
    AUDIT_ENTRY,
    AUDIT_ANCHOR,
)
