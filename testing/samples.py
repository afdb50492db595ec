"""Operations, plans and votes as they occur, signed as they are, for tests to start from."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from quaymaster.actors import SlackUser
from quaymaster.admissible import Answer
from quaymaster.admitted import Admitted, asked_about
from quaymaster.approvals import Approval, ApprovalRule, Choice, Vote
from quaymaster.findings import Clean
from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository
from quaymaster.movers import may_have_moved
from quaymaster.operations import Operation, Origin, Stage, State, Submission
from quaymaster.plan_kinds import PlanKind
from quaymaster.plans import Change, Examined, Plan, Serving
from quaymaster.policy import Membership, Person
from quaymaster.request_facts import service_change
from quaymaster.requests import DeployRequest, PushRequest
from quaymaster.services import ServiceConfiguration, Variable
from quaymaster.signed import Signed
from quaymaster.signing_key import SigningKey
from quaymaster.standings import LookedUp
from quaymaster.store.formats import SUBMISSION, VOTE
from quaymaster.store.operation_fields import examined_of, plan_of, resolved_of, standing_of
from quaymaster.target import DockerHost
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.planned import varied

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DIGEST = Digest("sha256:" + "a1" * 32)
OTHER_DIGEST = Digest("sha256:" + "b2" * 32)
WEB = Repository("registry.staging:5000", "shop/web")
ALICE = SlackUser("T0TEAM", "U0ALICE")
_SUBMITTED = frozenset(field.name for field in fields(Submission))


def image(tag: str | None = "1.4") -> ImageRef:
    """shop/web in the staging registry, as people name it."""
    return ImageRef(WEB, tag)


def pinned(digest: Digest = DIGEST, tag: str | None = "1.4") -> PinnedImage:
    """shop/web in the staging registry, at exactly this digest."""
    return PinnedImage(WEB, tag, digest)


def operation(**changes: Any) -> Operation:
    """A push by Alice, queued for the host build1."""
    submission = Submission(
        id=1042,
        request=PushRequest(image(), "build1"),
        actor=ALICE,
        origin=Origin("C0SHOP", "trigger-1"),
        configuration_revision="0123456789ab",
        queue="host:build1",
        requested_at=NOW,
    )
    plain = Operation(
        submission=_signed(submission),
        state=State.QUEUED,
        stage=Stage.WORK,
        queue="host:build1",
        changed_at=NOW,
    )
    return having(plain, **changes)


def having(before: Operation, **changes: Any) -> Operation:
    """The operation with other fields, also of what was asked for, and other parts: ``examined``,
    ``plan``, ``rule`` (of the plan) and ``votes``; each signed for it.
    """
    submitted = {name: changes.pop(name) for name in _SUBMITTED & changes.keys()}
    if "queue" in submitted:
        changes["queue"] = submitted["queue"]
    parts = {
        "resolved": before.resolved,
        "examined": before.examined,
        "plan": before.plan,
        **{name: changes.pop(name) for name in ("resolved", "examined", "plan") if name in changes},
    }
    votes: Iterable[Any] = changes.pop("votes", before.votes)
    if "rule" in changes:
        parts["plan"] = replace(parts["plan"], rule=changes.pop("rule"))
    after = replace(before, votes=(), **changes)
    if submitted:
        after = replace(after, submission=_signed(replace(before.submission.value, **submitted)))
    after = replace(
        after,
        signed_resolved=parts["resolved"] and resolved_of(after, parts["resolved"], WORKER_KEY),
        signed_examined=parts["examined"] and examined_of(after, parts["examined"], WORKER_KEY),
        signed_plan=parts["plan"] and plan_of(after, parts["plan"], WORKER_KEY),
    )
    return replace(after, votes=tuple(voted(after, one) for one in votes))


def voted(about: Operation, vote: "Vote | Signed[Vote]") -> Signed[Vote]:
    """A vote about the plan of an operation, signed by the bot."""
    said = vote.value if isinstance(vote, Signed) else vote
    plan = about.signed_plan.digest if about.signed_plan else said.plan
    meant = replace(said, operation=about.id, plan=plan)
    return VOTE.signed(meant, (str(about.id), plan), BOT_KEY)


def looked_up(
    user: str = "U0ALICE",
    membership: Membership = Membership.FULL_MEMBER,
    at: datetime | None = None,
    operation_id: int = 1042,
    groups: tuple[str, ...] = (),
) -> Signed[LookedUp]:
    """Who somebody was a moment ago, signed by the bot."""
    person = Person(user, ALICE.team, frozenset(groups), membership)
    return standing_of(operation_id, person, at or datetime.now(UTC), BOT_KEY)


def _signed(submission: Submission) -> Signed[Submission]:
    return SUBMISSION.signed(submission, (str(submission.id),), BOT_KEY)


def mover(moved: Operation) -> SigningKey:
    """The key of who brings an operation to where it is: the bot's, where it may."""
    return BOT_KEY if may_have_moved(RING.key(BOT_KEY.id), moved) else WORKER_KEY


def deploy(**changes: Any) -> Operation:
    """A deploy to production by Alice."""
    given = {
        "request": DeployRequest(image(), "production", "web"),
        "stage": Stage.EXAMINE,
        "queue": "host:app1",
    }
    return operation(**{**given, **changes})


def rule(**changes: Any) -> ApprovalRule:
    """Two approvals needed within four hours."""
    given = ApprovalRule(2, NOW + timedelta(hours=4), ALICE.user, ("release-managers",))
    return replace(given, **changes)


def plan(**changes: Any) -> Plan:
    """What Alice's deploy would change, with other fields of the plan or of its one change."""
    configuration = ServiceConfiguration(
        environment=(
            Variable("LOG_LEVEL", value="info"),
            Variable("DATABASE_URL", reference="${DATABASE_URL}", fingerprint="0" * 16),
        )
    )
    change = Change(
        environment="production",
        service="web",
        turn=7,
        examined=Examined(pinned(), 2_000_000, Clean(), ()),
        workload=configuration,
        running=Serving(pinned(OTHER_DIGEST, "1.3"), 1001, configuration),
    )
    plain = Plan(PlanKind.DEPLOY, DockerHost("app1"), (change,), "0123456789ab", rule())
    return varied(plain, **changes)


def admitted() -> Admitted:
    """That nothing stops that plan."""
    change = service_change(deploy().request)
    return Admitted(change, tuple(Answer(one, "It may.") for one in asked_about(change)))


def awaiting(**changes: Any) -> Operation:
    """Alice's deploy while it waits for two people."""
    given = {"plan": plan(), "state": State.AWAITING_APPROVAL, "stage": Stage.PLAN, "version": 5}
    return deploy(**{**given, **changes})


def approval(*votes: Vote, **changes: Any) -> Approval:
    """The approval of that deploy, with these votes."""
    made = awaiting(plan=plan(rule=rule(**changes)), votes=votes).approval
    assert made is not None
    return made


def vote(voter: str, choice: Choice = Choice.APPROVE, at: datetime = NOW) -> Vote:
    """A vote about that plan."""
    return Vote(1042, "", voter, choice, at)
