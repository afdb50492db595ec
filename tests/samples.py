"""Operations, plans and votes as they occur, for tests to start from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from quaymaster.approvals import Approval, Choice, Vote
from quaymaster.findings import Clean
from quaymaster.image_ref import Digest, ImageRef, Repository
from quaymaster.operations import Actor, Operation, Origin, Stage, State
from quaymaster.plans import DeployPlan, Examined, Running
from quaymaster.requests import DeployRequest, PushRequest
from quaymaster.seals import Sealer
from quaymaster.services import ServiceConfiguration, Variable

KEY = "0123456789abcdef0123456789abcdef"
SEALER = Sealer(KEY)
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DIGEST = Digest("sha256:" + "a1" * 32)
OTHER_DIGEST = Digest("sha256:" + "b2" * 32)
WEB = Repository("registry.staging:5000", "shop/web")
ALICE = Actor("T0TEAM", "U0ALICE")


def image(tag: str | None = "1.4", digest: Digest | None = None) -> ImageRef:
    """shop/web in the staging registry."""
    return ImageRef(WEB, tag, digest)


def operation(**changes: Any) -> Operation:
    """A push by Alice, queued for the host build1, with a valid seal."""
    unsealed = Operation(
        id=1042,
        request=PushRequest(image(), "build1"),
        actor=ALICE,
        origin=Origin("C0SHOP", "trigger-1"),
        configuration_revision="0123456789ab",
        requested_at=NOW,
        seal="",
        state=State.QUEUED,
        stage=Stage.WORK,
        queue="host:build1",
        changed_at=NOW,
    )
    changed = replace(unsealed, **changes)
    return replace(changed, seal=changed.request_seal(SEALER)) if not changed.seal else changed


def deploy(**changes: Any) -> Operation:
    """A deploy to production by Alice."""
    given = {
        "request": DeployRequest(image(), "production", "web"),
        "stage": Stage.EXAMINE,
        "queue": "scan",
    }
    return operation(**{**given, **changes})


def plan(**changes: Any) -> DeployPlan:
    """What Alice's deploy would change, sealed for operation 1042."""
    configuration = ServiceConfiguration(
        environment=(
            Variable("LOG_LEVEL", value="info"),
            Variable("DATABASE_URL", reference="${DATABASE_URL}", fingerprint="0" * 16),
        )
    )
    unsealed = DeployPlan(
        kind="deploy",
        environment="production",
        service="web",
        host="app1",
        examined=Examined(image(digest=DIGEST), 2_000_000, Clean(), ()),
        configuration=configuration,
        configuration_revision="0123456789ab",
        running=Running(image("1.3", OTHER_DIGEST), 1001, configuration),
    )
    return replace(unsealed, **changes).sealed(SEALER, 1042)


def approval(**changes: Any) -> Approval:
    """Two approvals needed within four hours."""
    given = Approval(plan().hash(), 2, NOW + timedelta(hours=4), ALICE.user, ("release-managers",))
    return replace(given, **changes)


def vote(voter: str, choice: Choice = Choice.APPROVE, at: datetime = NOW) -> Vote:
    """A vote about that plan, sealed by the bot."""
    return Vote.sealed(
        SEALER, operation=1042, plan_hash=plan().hash(), voter=voter, choice=choice, at=at
    )
