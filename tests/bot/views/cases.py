"""One operation for every way a card can stand. ``python -m tests.bot.views.cases`` draws them
anew into ``golden/``; read the difference before committing it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.views.card import operation_messages
from bot.views.messages import Message
from bot.views.plain import as_text
from quaymaster.actors import PRODUCT, Schedule, SlackUser
from quaymaster.approvals import ApprovalRule, Choice, Vote
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import Problem
from quaymaster.findings import Clean, Finding, ScannerDatabase, Severity, Unknown
from quaymaster.gate import blocked_by
from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository
from quaymaster.operations import Operation, Origin, Stage, State
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
    Pulled,
    Pushed,
    Scanned,
    Tagged,
    TagsListed,
)
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Change, Examined, Plan, Serving, Undo
from quaymaster.progress import Progress
from quaymaster.requests import (
    DeployRequest,
    DriftRequest,
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    PullRequest,
    PushRequest,
    RollbackRequest,
    ScanRequest,
    TagRequest,
    TagsRequest,
)
from quaymaster.scan_orders import WAITING
from quaymaster.services import Limits, PublishedPort, ServiceConfiguration, Variable
from quaymaster.target import DockerHost
from testing import samples
from testing.planned import varied
from testing.samples import having

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
REPOSITORY = Repository("registry.example.com", "shop/web")
DIGEST = Digest("sha256:" + "4f1a" * 16)
OLD_DIGEST = Digest("sha256:" + "9c3e" * 16)

CONFIGURATION = Configuration.parse(
    """
default_registry: registry.example.com
registries: {registry.example.com: {}}
hosts:
  build1: {}
environments:
  production:
    target: {docker: [build1]}
    services:
      web: {image: registry.example.com/shop/web}
"""
)


def image(tag: str = "1.4") -> ImageRef:
    """An image of the shop."""
    return ImageRef(REPOSITORY, tag)


def pinned(tag: str = "1.4", digest: Digest = DIGEST) -> PinnedImage:
    """The same, at exactly this digest."""
    return PinnedImage(REPOSITORY, tag, digest)


FINDINGS = (
    Finding(
        "CVE-2026-1234",
        "openssl",
        "3.0.1",
        "3.0.2",
        Severity.CRITICAL,
        "Buffer overflow in the handshake",
    ),
    Finding("CVE-2026-1300", "libxml2", "2.9.14", None, Severity.HIGH, "Use after free"),
    Finding(
        "CVE-2026-1301",
        "requests",
        "2.1",
        "2.2",
        Severity.HIGH,
        "<!channel> *bold* `code` <@U0EVIL>",
        "srv/app/requirements.txt",
    ),
)

QUEUED = samples.operation(
    request=PushRequest(image(), "build1"),
    actor=SlackUser("T1", "U024BE7LH"),
    origin=Origin("C0SHOP", "delivery", "1700000000.000100"),
    requested_at=NOW,
    changed_at=NOW,
)
RUNNING = having(QUEUED, state=State.RUNNING, started_at=NOW)


def _vote(voter: str, choice: Choice = Choice.APPROVE) -> Vote:
    return Vote(1042, "", voter, choice, NOW)


RULE = ApprovalRule(
    needed=2,
    expires_at=NOW + timedelta(hours=4),
    requester="U024BE7LH",
    from_roles=("release-managers",),
    channel="C0RELEASE",
)
VOTES = (_vote("U0ANN"),)
GRANTED = (*VOTES, _vote("U0BOB"))
CHANGE = Change(
    "production",
    "web",
    7,
    Examined(
        pinned(),
        210_000_000,
        Clean(),
        ((Severity.LOW, 12), (Severity.MEDIUM, 3)),
        gained=FINDINGS[1:2],
        lost=FINDINGS[:1],
        gained_total=1,
        lost_total=7,
    ),
    ServiceConfiguration(
        (
            Variable("LOG_LEVEL", "debug-value"),
            Variable("DATABASE_URL", reference="${DATABASE_URL}", fingerprint="new-fingerprint"),
            Variable("FEATURES", "all-value"),
            Variable("SAME", "same-value"),
        ),
        (PublishedPort(8080, 8000),),
        limits=Limits(512 << 20, 1.5),
    ),
    Serving(
        pinned("1.3", OLD_DIGEST),
        1031,
        ServiceConfiguration(
            (
                Variable("LOG_LEVEL", "info-value"),
                Variable("DATABASE_URL", reference="${DATABASE_URL}", fingerprint="old"),
                Variable("GONE", "gone-value"),
                Variable("SAME", "same-value"),
            ),
            (PublishedPort(8081, 8000),),
        ),
        198_000_000,
    ),
    undo=Undo(pinned("1.3", OLD_DIGEST), 1031),
)
PLAN = Plan(PlanKind.DEPLOY, DockerHost("build1"), (CHANGE,), "0123456789ab", RULE)
DEPLOY = having(
    RUNNING,
    request=DeployRequest(image(), "production", "web"),
    plan=PLAN,
    examined=CHANGE.examined,
    votes=VOTES,
    stage=Stage.APPLY,
)
DEPLOYED = Deployed(
    "production",
    "web",
    pinned(),
    0.113,
    pinned("1.3", OLD_DIGEST),
    12.3,
    ("The tag 1.4 has since moved to 9c3e9c3e9c3e. The approved image is running: 4f1a4f1a4f1a.",),
)
SCANNED = Scanned(
    pinned(),
    "registry",
    DIGEST,
    ScannerDatabase("2026-05-04", NOW),
    blocked_by(FINDINGS),
    ((Severity.HIGH, 41), (Severity.CRITICAL, 1)),
    FINDINGS,
    42,
    3.1,
    alerts=(Alert("C0SECURITY", FINDINGS[:2], 12),),
)
_SCAN = having(RUNNING, request=ScanRequest(image()), state=State.SUCCEEDED)
_TROUBLE = Problem(
    "registry.example.com refused the login.",
    why="It answered: unauthorized: authentication required.",
    next_step="Check its username and password, then run `quaymaster check`.",
)
_LOG = tuple(f"10:00:{second:02} cannot reach the database" for second in range(30))


def _ended(state: State, outcome: Ended | Interrupted | Failed) -> Operation:
    return having(RUNNING, state=state, outcome=outcome)


CASES: Mapping[str, Operation] = {
    "queued": QUEUED,
    "queued-again": having(QUEUED, crashes=1),
    "running": having(
        RUNNING, progress=Progress("pushing", 88_000_000, 210_000_000, 7, 10, elapsed_seconds=7.3)
    ),
    "running-without-total": having(
        RUNNING, progress=Progress("pushing", 88_000_000, elapsed_seconds=7.3)
    ),
    "cancelling": having(RUNNING, cancel_asked_by="U0BOB"),
    "scanning": having(_SCAN, state=State.SCANNING, progress=Progress("resolving the tag")),
    "waiting-for-the-scanner": having(_SCAN, state=State.SCANNING, progress=Progress(WAITING)),
    "recovering": having(RUNNING, stage=Stage.RECOVER, crashes=1),
    "pushed": having(
        RUNNING,
        state=State.SUCCEEDED,
        outcome=Pushed(pinned(), "build1", DIGEST, 210_000_000, 10, 7, 34.2),
    ),
    "pulled": having(
        RUNNING,
        request=PullRequest(image(), "build1"),
        state=State.SUCCEEDED,
        outcome=Pulled(pinned(), "build1", DIGEST, 210_000_000, 34.2),
    ),
    "pulled-already-there": having(
        RUNNING,
        request=PullRequest(image(), "build1"),
        state=State.SUCCEEDED,
        outcome=Pulled(pinned(), "build1", DIGEST, 210_000_000, 0.4, already_there=True),
    ),
    "tagged": having(
        RUNNING,
        request=TagRequest(image("latest"), image()),
        state=State.SUCCEEDED,
        outcome=Tagged(image("latest"), image(), "registry", DIGEST, OLD_DIGEST, 0.006),
    ),
    "failed": _ended(State.FAILED, Failed(_TROUBLE)),
    "failed-unforeseen": _ended(
        State.FAILED,
        Failed(Problem("Something went wrong inside Quaymaster.", reference="bcdfgh")),
    ),
    "lost": _ended(
        State.UNKNOWN,
        Interrupted(
            "The worker died while pushing; the registry has no shop/web:1.4.", "Push it again."
        ),
    ),
    "cancelled": _ended(State.CANCELLED, Ended("Stopped before the push was done.", "U0BOB")),
    "refused-before-it-started": having(
        QUEUED,
        state=State.REFUSED,
        outcome=Failed(Problem("Only developers can push images.", next_step="Ask one of them.")),
    ),
    "refused-for-a-schedule": having(
        QUEUED,
        actor=Schedule("nightly-etl"),
        state=State.REFUSED,
        outcome=Failed(
            Problem(
                "No person asked for #1042, so there are no rights to check.",
                next_step="Ask for it yourself.",
            )
        ),
    ),
    "scanned-blocked": having(_SCAN, outcome=SCANNED),
    "scanned-clean": having(
        _SCAN,
        outcome=replace(
            SCANNED, verdict=Clean(), counts=(), worst=(), total=0, alerts=(), reused=True
        ),
    ),
    "scanned-unknown": having(
        _SCAN,
        outcome=replace(
            SCANNED,
            verdict=Unknown("The scanner's database is 60 hours old; the limit is 48 hours."),
            counts=(),
            worst=(),
            total=0,
            alerts=(),
        ),
    ),
    "deploy-refused-by-the-gate": having(
        DEPLOY,
        state=State.REFUSED,
        plan=None,
        votes=(),
        examined=replace(CHANGE.examined, verdict=blocked_by(FINDINGS[:2])),
        outcome=Failed(
            Problem("The gate stops shop/web:1.4.", "2 findings are high or worse.", "Fix them.")
        ),
    ),
    "deploy-awaiting-approval": having(DEPLOY, state=State.AWAITING_APPROVAL),
    "deploy-of-several-services": having(
        DEPLOY,
        state=State.AWAITING_APPROVAL,
        plan=replace(PLAN, changes=(CHANGE, replace(CHANGE, service="order", running=None))),
    ),
    "deploy-of-several-services-applying": having(
        DEPLOY,
        plan=replace(PLAN, changes=(CHANGE, replace(CHANGE, service="order", running=None))),
        votes=GRANTED,
    ),
    "deploy-awaiting-the-first": having(
        DEPLOY,
        state=State.AWAITING_APPROVAL,
        plan=varied(
            PLAN, running=None, notes=(), undo=None, rule=replace(RULE, needed=1, channel=None)
        ),
        votes=(),
    ),
    "deploy-approved": having(DEPLOY, state=State.QUEUED, votes=GRANTED),
    "deploy-applying": having(
        DEPLOY, votes=GRANTED, progress=Progress("waiting for health", elapsed_seconds=4)
    ),
    "deploy-baking": having(
        DEPLOY,
        state=State.BAKING,
        stage=Stage.VERIFY,
        votes=GRANTED,
        interim=DEPLOYED,
        verify_at=NOW + timedelta(minutes=5),
    ),
    "deployed": having(DEPLOY, state=State.SUCCEEDED, votes=GRANTED, outcome=DEPLOYED),
    "deploy-unhealthy": having(
        DEPLOY,
        state=State.FAILED,
        votes=GRANTED,
        outcome=Failed(
            Problem(
                "shop/web:1.4 did not become healthy within 30 s.",
                "GET /healthz answered 500.",
                "Look at the log, mend the image, deploy again.",
                _LOG,
            ),
            "shop/web:1.3 (9c3e9c3e9c3e) is still running. Nothing changed.",
        ),
    ),
    "deploy-rejected": having(
        DEPLOY,
        state=State.REJECTED,
        votes=(*VOTES, _vote("U0CAT", Choice.REJECT)),
        outcome=Ended("Nothing was changed.", "U0CAT"),
    ),
    "deploy-withdrawn": having(
        DEPLOY,
        state=State.REJECTED,
        votes=(*VOTES, _vote(RUNNING.requester, Choice.REJECT)),
        outcome=Ended("Nothing was changed.", RUNNING.requester),
    ),
    "scanned-on-a-host": having(
        _SCAN,
        request=ScanRequest(image(), "build1"),
        outcome=replace(SCANNED, where="build1", alerts=()),
    ),
    "deploy-expired": having(
        DEPLOY, state=State.EXPIRED, outcome=Ended("Nobody decided in time.", None, "Ask again.")
    ),
    "deploy-checked-once-more": having(DEPLOY, state=State.RETURNED, stage=Stage.APPLY),
    "deploy-superseded": having(
        DEPLOY, state=State.SUPERSEDED, outcome=Ended("Its plan changed: #1043 takes its place.")
    ),
    "drift-found": having(
        DEPLOY,
        request=DriftRequest("production", "web"),
        actor=PRODUCT,
        state=State.FAILED,
        plan=None,
        resolved=None,
        examined=None,
        votes=(),
        outcome=Failed(
            Problem(
                "production/web on app1 differs from its release, and no operation changed it.",
                why="Nothing is running. "
                "quaymaster-production-web-7.3 is stopped, with exit code 0.",
                next_step="Nothing was changed.",
            )
        ),
    ),
    "drift-settled": having(
        DEPLOY,
        request=DriftRequest("production", "web"),
        actor=PRODUCT,
        state=State.SUCCEEDED,
        plan=None,
        resolved=None,
        examined=None,
        votes=(),
        outcome=Ended(
            "A change to production/web had been left unfinished. #1031 had failed midway. "
            "shop/web:1.3 is running (container quaymaster-production-web-1031.7)."
        ),
    ),
    "rolled-back": having(
        DEPLOY,
        request=RollbackRequest("production", "web"),
        state=State.SUCCEEDED,
        plan=varied(PLAN, kind=PlanKind.ROLLBACK, restores=1029, rule=None),
        votes=(),
        outcome=replace(DEPLOYED, notes=()),
    ),
    "rollback-awaiting-approval": having(
        DEPLOY,
        request=RollbackRequest("production", "web"),
        state=State.AWAITING_APPROVAL,
        plan=varied(
            PLAN,
            kind=PlanKind.ROLLBACK,
            restores=1029,
            notes=("These secrets have different values today: DATABASE_URL.",),
            rule=replace(RULE, channel=None),
        ),
        votes=(),
    ),
    "deployed-by-two-workers": having(
        DEPLOY,
        state=State.SUCCEEDED,
        rule=None,
        votes=(),
        outcome=replace(DEPLOYED, gap_seconds=None, notes=()),
    ),
    "images": having(
        RUNNING,
        request=ImagesRequest("build1"),
        state=State.SUCCEEDED,
        outcome=ImagesListed(
            "build1",
            (
                LocalImage(
                    ("registry.example.com/shop/web:1.4", "web:dev", "web:test"),
                    str(DIGEST),
                    210_000_000,
                    NOW,
                ),
                LocalImage((), str(OLD_DIGEST), 4_200, None),
            ),
            2,
            2,
        ),
    ),
    "tags-second-page": having(
        RUNNING,
        request=TagsRequest(REPOSITORY),
        state=State.SUCCEEDED,
        page=1,
        outcome=TagsListed(REPOSITORY, tuple(f"1.{minor}" for minor in range(37, 17, -1)), 57, 57),
    ),
    "tags-none": having(
        RUNNING,
        request=TagsRequest(REPOSITORY),
        state=State.SUCCEEDED,
        outcome=TagsListed(REPOSITORY, (), 0, 0),
    ),
    "history": having(
        RUNNING,
        request=HistoryRequest(image(), "build1"),
        state=State.SUCCEEDED,
        outcome=HistoryListed(
            image(),
            "build1",
            (
                HistoryStep('CMD ["web"]', NOW, 0),
                HistoryStep("COPY . /srv/app", NOW, 88_000_000),
                HistoryStep("RUN apt-get update && apt-get install --yes everything", NOW, None),
            ),
            3,
            3,
        ),
    ),
    "inspected": having(
        RUNNING,
        request=InspectRequest(image()),
        state=State.SUCCEEDED,
        outcome=Inspected(
            image(),
            "registry",
            DIGEST,
            210_000_000,
            NOW,
            ("linux/amd64", "linux/arm64"),
            ExecutionParameters(
                ("/bin/web",),
                ("serve",),
                "",
                ("8000/tcp",),
                ("PATH=/usr/bin", "TOKEN=[hidden]"),
                (("org.opencontainers.image.title", "shop"),),
                "curl --fail localhost:8000/healthz",
            ),
            7,
        ),
    ),
}


def drawn(operation: Operation) -> str:
    """Everything that is in Slack for an operation, as a golden file holds it."""
    messages = operation_messages(operation, CONFIGURATION, NOW)
    return "\n\n".join("\n".join(_lines(message)) for message in messages) + "\n"


def _lines(message: Message) -> Iterator[str]:
    alone = f", only for {message.only_for}" if message.only_for else ""
    yield f"== {message.slot} in {message.channel}, {message.urgency}{alone}"
    yield as_text(message)
    yield f"-- text: {message.text}".replace("\n", "\n   ")
    if message.file is not None:
        yield f"-- file {message.file.name} in reply to {message.reply_to}"


if __name__ == "__main__":
    for name, operation in CASES.items():
        (GOLDEN / f"{name}.txt").write_text(drawn(operation), encoding="utf-8")
