"""A value of every stored type with everything set that it can have, and one of each kind."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from quaymaster.actors import PRODUCT, Actor, Schedule, SlackUser
from quaymaster.approvals import ApprovalRule, Choice, Vote
from quaymaster.audit_entries import Anchor, Entry
from quaymaster.drift import Drift, DriftKind
from quaymaster.errors import Problem
from quaymaster.findings import (
    Clean,
    Finding,
    FixStatus,
    Gap,
    ScannerDatabase,
    ScanReport,
    Severity,
    Unknown,
)
from quaymaster.gate import blocked_by
from quaymaster.host_engines import HostEngine
from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository
from quaymaster.journal import Event
from quaymaster.operations import Cancellation, Origin, Stage, State, Submission
from quaymaster.outcomes import (
    Alert,
    Deployed,
    Ended,
    ExecutionParameters,
    Failed,
    HistoryListed,
    HistoryStep,
    ImagesListed,
    Inspected,
    Interrupted,
    LocalImage,
    Outcome,
    Pulled,
    Pushed,
    Scanned,
    Tagged,
    TagsListed,
)
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Change, Examined, Plan, Resolved, Serving, Undo
from quaymaster.platforms import Member
from quaymaster.policy import Membership
from quaymaster.releases import BadDigest, Release
from quaymaster.requests import (
    ApproveRequest,
    CancelRequest,
    DeployRequest,
    DriftRequest,
    HelpRequest,
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    JobsRequest,
    PullRequest,
    PushRequest,
    RejectRequest,
    Request,
    RollbackRequest,
    ScanRequest,
    StatusRequest,
    TagRequest,
    TagsRequest,
)
from quaymaster.scan_orders import ScanAnswer, ScanOrder
from quaymaster.services import (
    HealthCheck,
    Limits,
    PublishedPort,
    ServiceConfiguration,
    Variable,
    Volume,
)
from quaymaster.signing_key import SigningKey
from quaymaster.standings import LookedUp
from quaymaster.store.codecs import Codec
from quaymaster.store.formats import (
    AUDIT_ANCHOR,
    AUDIT_ENTRY,
    BAD_DIGEST,
    CANCELLATION,
    DRIFT,
    EVENT,
    EXAMINED,
    HOST_ENGINE,
    LOCAL_REPORT,
    PAGE,
    PLAN,
    RECORD,
    RELEASE,
    REPORT,
    RESOLVED,
    SCAN_ANSWER,
    SCAN_ORDER,
    STANDING,
    SUBMISSION,
    VOTE,
)
from quaymaster.store.record import Record
from quaymaster.target import DockerHost, ServiceRef
from testing.keys import BOT_KEY, SCANNER_KEY, WORKER_KEY
from testing.planned import varied
from workers.targets.docker_host.labels import Labels, container_name

AT = datetime(2026, 11, 24, 9, 30, 15, 250_000, tzinfo=UTC)
NEW, OLD = Digest("sha256:" + "a1" * 32), Digest("sha256:" + "b2" * 32)
WEB = Repository("registry.staging:5000", "shop/web")
TAGGED, NAMED = ImageRef(WEB, "1.4"), ImageRef(WEB, "1.4", NEW)
IMAGE, BEFORE = PinnedImage(WEB, "1.4", NEW), PinnedImage(WEB, "1.3", OLD)
PLACE = ("1042", "production", "web")
PLAN_HASH = "0f" * 32
MEMBER = Member(OLD, Digest("sha256:" + "c3" * 32), "linux/arm64/v8")

FINDING = Finding(
    "CVE-2026-1",
    "openssl",
    "3.0.1",
    "3.0.2",
    Severity.CRITICAL,
    "<b>“Heart”</b> & more\n",
    "usr/lib",
)
UNFIXED = Finding(
    "CVE-2026-2", "zlib", "1.3", None, Severity.UNKNOWN, status=FixStatus.WILL_NOT_FIX
)
COUNTS = ((Severity.CRITICAL, 1), (Severity.UNKNOWN, 1))
DATABASE = ScannerDatabase("2+f00d", AT)

SERVICE = ServiceConfiguration(
    environment=(
        Variable("LOG_LEVEL", value="info"),
        Variable("DATABASE_URL", reference="${DATABASE_URL}", fingerprint="0123abcd:" + "4" * 16),
    ),
    ports=(PublishedPort(8443, 443, "udp", "127.0.0.1"), PublishedPort(8080, 80)),
    volumes=(Volume("/srv/web", "/data", read_only=True), Volume("cache", "/cache")),
    command=("serve", "--all"),
    limits=Limits(memory=512 * 1024 * 1024, cpus=1.5, pids=4096),
    health=HealthCheck("/healthz", 8080, 20.0, 2.0, outbound=True),
    drain=5.0,
    bake=60.0,
    capabilities=("CHOWN", "KILL"),
    no_new_privileges=True,
    init=False,
)
EXAMINED_IMAGE = Examined(
    image=IMAGE,
    size=2_000_000,
    verdict=blocked_by((FINDING, UNFIXED)),
    counts=COUNTS,
    gained=(FINDING,),
    lost=(UNFIXED,),
    gained_total=12,
    lost_total=11,
    member=MEMBER,
)
RULE = ApprovalRule(
    needed=2,
    expires_at=AT + timedelta(hours=4),
    requester="U0ALICE",
    from_roles=("release-managers", "owners"),
    channel="C0RELEASES",
    own_request_counts=True,
)
CHANGE = Change(
    environment="production",
    service="web",
    turn=7,
    examined=EXAMINED_IMAGE,
    workload=SERVICE,
    running=Serving(BEFORE, 1001, ServiceConfiguration(), 1_900_000, 6, MEMBER),
    undo=Undo(BEFORE, 1001),
)
DEPLOY = Plan(
    kind=PlanKind.DEPLOY,
    target=DockerHost("app1"),
    changes=(CHANGE,),
    revision="0123456789ab",
    rule=RULE,
    notes=("the tag moved", "“quoted” 🚢"),
)
PLANS = (
    DEPLOY,
    varied(
        DEPLOY,
        kind=PlanKind.ROLLBACK,
        examined=replace(
            EXAMINED_IMAGE, verdict=Unknown("A rollback is not scanned again.", "Scan it.")
        ),
        rule=None,
        restores=1001,
        undo=None,
    ),
    varied(
        DEPLOY,
        examined=Examined(IMAGE, None, Clean(), ()),
        workload=ServiceConfiguration(),
        running=None,
    ),
    replace(DEPLOY, changes=(CHANGE, replace(CHANGE, service="order", turn=3))),
)
REQUESTS: tuple[Request, ...] = (
    HelpRequest("deploy"),
    StatusRequest("production"),
    JobsRequest(),
    CancelRequest(7),
    ApproveRequest(7),
    RejectRequest(7),
    ImagesRequest("build1"),
    TagsRequest(WEB),
    InspectRequest(TAGGED, "build1"),
    HistoryRequest(TAGGED, "build1"),
    PullRequest(NAMED, "build1"),
    TagRequest(TAGGED, ImageRef(WEB, "stable"), "build1"),
    PushRequest(TAGGED, "build1"),
    ScanRequest(TAGGED, "build1"),
    DeployRequest(TAGGED, "production", "web"),
    RollbackRequest("production", "web"),
    DriftRequest("production", "web"),
)
OUTCOMES: tuple[Outcome, ...] = (
    ImagesListed("build1", (LocalImage(("shop/web:1.4",), str(NEW), 2_000_000, AT, 2),), 57, 57),
    TagsListed(WEB, ("1.4", "1.3"), 9_000, 5_000),
    Inspected(
        image=IMAGE,
        where="registry",
        digest=NEW,
        size=2_000_000,
        created=AT,
        platforms=("linux/amd64", "linux/arm64"),
        parameters=ExecutionParameters(
            entrypoint=("/bin/web",),
            command=("serve",),
            user="app",
            ports=("8080/tcp",),
            environment=("PATH=/bin",),
            labels=(("version", "1.4"),),
            health_check="curl localhost",
        ),
        layers=3,
        is_image_id=True,
        left_out=3,
    ),
    HistoryListed(IMAGE, "build1", (HistoryStep("COPY . .", AT, 1_000),), 1, 1),
    Pulled(IMAGE, "build1", NEW, 2_000_000, 3.5, already_there=True),
    Pushed(IMAGE, "build1", NEW, 2_000_000, 3, 2, 3.5),
    Tagged(TAGGED, ImageRef(WEB, "stable"), "registry", NEW, OLD, 0.25),
    Scanned(
        image=IMAGE,
        where="registry",
        digest=NEW,
        database=DATABASE,
        verdict=blocked_by((FINDING,)),
        counts=COUNTS,
        worst=(FINDING, UNFIXED),
        total=2,
        seconds=12.5,
        reused=True,
        alerts=(Alert("C0ALERTS", (FINDING,), 1),),
        member=MEMBER,
    ),
    Deployed("production", "web", IMAGE, 0.125, BEFORE, 21.5, ("the tag moved",)),
    Failed(Problem("What.", "Why.", "Next.", ("last line",), "ab12"), "shop/web:1.3 serves on."),
    Interrupted("It was found running.", "Look yourself."),
    Ended("Rejected.", "U0BOB", "Ask again."),
)

_RECORD = Record(
    id=1042,
    version=9,
    state=State.BAKING,
    stage=Stage.VERIFY,
    queue="host:app1",
    changed_at=AT,
    attempt=4,
    deaths=1,
    submission="1a" * 32,
    resolved="2b" * 32,
    examined="3c" * 32,
    plan="4d" * 32,
    votes=("5e" * 32, "6f" * 32),
    standings=("7f" * 32,),
    scan_order="1042-2",
    look_at=AT + timedelta(minutes=1),
    started_at=AT - timedelta(minutes=1),
    outcome=None,
    interim=Deployed("production", "web", IMAGE, None, None, 21.5),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value, who signs it and where."""

    codec: Codec[Any]
    place: tuple[str, ...]
    value: Any
    key: SigningKey


def _submissions() -> tuple[Sample, ...]:
    """One of each request, and one by each kind of actor."""
    alice = SlackUser("T0TEAM", "U0ALICE")
    others = ((REQUESTS[-1], actor) for actor in (PRODUCT, Schedule("nightly-etl")))
    asked = (*((request, alice) for request in REQUESTS), *others)
    return tuple(
        _submission(number, request, actor) for number, (request, actor) in enumerate(asked, 1042)
    )


def _submission(number: int, request: Request, actor: Actor) -> Sample:
    origin = Origin("C0SHOP", "trigger-1", "1764000000.000100")
    value = Submission(number, request, actor, origin, "0123456789ab", "host:app1", AT)
    return Sample(SUBMISSION, (str(number),), value, BOT_KEY)


def _records() -> tuple[Sample, ...]:
    """One with each outcome, and one in each state and stage."""
    place = (str(_RECORD.id),)
    ended = replace(_RECORD, state=State.SUCCEEDED, look_at=None, interim=None)
    moved = [replace(_RECORD, state=state) for state in State]
    staged = [replace(_RECORD, state=State.QUEUED, stage=stage) for stage in Stage]
    bare = replace(moved[0], resolved=None, examined=None, plan=None, votes=(), look_at=None)
    bare = replace(bare, standings=())
    bare = replace(bare, started_at=None, interim=None, deaths=0, scan_order=None)
    finished = [replace(ended, outcome=outcome) for outcome in OUTCOMES]
    return (
        *(Sample(RECORD, place, one, WORKER_KEY) for one in (_RECORD, *finished)),
        *(Sample(RECORD, place, one, BOT_KEY) for one in (*moved, *staged, bare)),
    )


_RELEASE = Release(
    id=1042,
    environment="production",
    service="web",
    image=IMAGE,
    workload=SERVICE,
    released_by="U0ALICE",
    approved_by=("U0BOB", "U0CAROL"),
    released_at=AT,
    turn=7,
    restores=1001,
    member=MEMBER,
)
_EVENT = Event(1042, 9, "vote", "U0BOB", AT, "approve, now queued", "production")

SAMPLES: tuple[Sample, ...] = (
    *_submissions(),
    *_records(),
    Sample(RESOLVED, PLACE, Resolved(IMAGE, 2_000_000, MEMBER), WORKER_KEY),
    Sample(RESOLVED, PLACE, Resolved(PinnedImage(WEB, None, NEW), None), WORKER_KEY),
    Sample(EXAMINED, PLACE, EXAMINED_IMAGE, WORKER_KEY),
    Sample(EXAMINED, PLACE, replace(EXAMINED_IMAGE, verdict=Clean()), WORKER_KEY),
    Sample(EXAMINED, PLACE, replace(EXAMINED_IMAGE, verdict=Unknown("Too old.")), WORKER_KEY),
    *(Sample(PLAN, PLACE, plan, WORKER_KEY) for plan in PLANS),
    *(
        Sample(VOTE, ("1042", PLAN_HASH), Vote(1042, PLAN_HASH, "U0BOB", choice, AT), BOT_KEY)
        for choice in Choice
    ),
    Sample(CANCELLATION, ("1042", PLAN_HASH), Cancellation(1042, "U0BOB", AT), BOT_KEY),
    *(
        Sample(
            STANDING, ("1042",), LookedUp(1042, "U0BOB", "T0TEAM", one, ("S0A", "S0B"), AT), BOT_KEY
        )
        for one in Membership
    ),
    Sample(RELEASE, PLACE[1:], _RELEASE, WORKER_KEY),
    Sample(RELEASE, PLACE[1:], replace(_RELEASE, approved_by=(), restores=None), WORKER_KEY),
    Sample(
        BAD_DIGEST,
        (*PLACE[1:], str(OLD)),
        BadDigest("production", "web", OLD, 1042, AT),
        WORKER_KEY,
    ),
    Sample(
        BAD_DIGEST,
        (*PLACE[1:], str(OLD)),
        BadDigest("production", "web", OLD, 1042, AT, MEMBER.index),
        WORKER_KEY,
    ),
    Sample(
        REPORT,
        (str(NEW), DATABASE.version),
        ScanReport(
            WEB, NEW, DATABASE, AT, (FINDING, UNFIXED), "trivy", "debian 8.11", Gap.END_OF_LIFE
        ),
        SCANNER_KEY,
    ),
    Sample(
        LOCAL_REPORT,
        ("app1", str(NEW), DATABASE.version),
        ScanReport(WEB, NEW, DATABASE, AT, (FINDING,), "trivy"),
        WORKER_KEY,
    ),
    Sample(
        SCAN_ORDER,
        ("1042-2",),
        ScanOrder("1042-2", 1042, IMAGE, "host:app1", "operation-1042-2", OLD),
        WORKER_KEY,
    ),
    Sample(
        SCAN_ANSWER,
        ("1042-2",),
        ScanAnswer("1042-2", DATABASE, reused=True, seconds=12.5),
        SCANNER_KEY,
    ),
    Sample(
        SCAN_ANSWER,
        ("1042-2",),
        ScanAnswer("1042-2", None, "The scanner was killed.", seconds=0.5),
        SCANNER_KEY,
    ),
    *(
        Sample(
            DRIFT,
            PLACE[1:],
            Drift("production", "web", "app1", kind, "Nothing serves.", AT),
            WORKER_KEY,
        )
        for kind in DriftKind
    ),
    Sample(HOST_ENGINE, ("app1",), HostEngine("app1", "AAAA:BBBB", 3, AT), WORKER_KEY),
    Sample(EVENT, ("1042", "9", "vote"), _EVENT, BOT_KEY),
    *(
        Sample(PAGE, ("1042", "1"), one, WORKER_KEY)
        for one in OUTCOMES
        if isinstance(one, ImagesListed | TagsListed | HistoryListed)
    ),
    Sample(
        AUDIT_ENTRY, ("2",), Entry(2, "7a" * 32, "what stood there", "It is no event."), WORKER_KEY
    ),
    Sample(AUDIT_ANCHOR, ("audit",), Anchor(2, "7a" * 32, AT), WORKER_KEY),
)

LABELS: tuple[tuple[str, Labels], ...] = (
    (
        container_name(ServiceRef("production", "web"), 1042, 9),
        Labels("production", "web", 1042, 9, IMAGE, "8b" * 32, SERVICE.health),
    ),
    (
        container_name(ServiceRef("staging", "web"), 1043, 3),
        Labels("staging", "web", 1043, 3, None, "9c" * 32, HealthCheck()),
    ),
)
"""Each with the name of its container."""
