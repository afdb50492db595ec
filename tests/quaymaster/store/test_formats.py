"""An upgrade changes nothing about a plan that waits: not its hash, its rule, or its votes."""

import hashlib
from dataclasses import replace

import pytest

from quaymaster.errors import Forged
from quaymaster.operations import Operation, Stage, State
from quaymaster.plan_kinds import PlanKind
from quaymaster.signing_key import SigningKey
from quaymaster.store import operation_fields
from quaymaster.store.envelopes import StorageKey, body_of, enclosed
from quaymaster.store.formats import PLAN, RELEASE
from quaymaster.target import DockerHost, ServiceRef
from testing.keys import BOT_KEY, RING, WORKER_KEY
from testing.planned import the_change
from testing.samples import NOW, awaiting, vote, voted
from tests.stored.golden import FOLDER, Golden

PLACE = ("1042", "production", "web")
DEPLOY, ROLLBACK, FIRST = (
    str(one["text"]) for one in Golden.load(FOLDER / "v1" / "plan.json").texts
)
"""As version 1 stored them: of a deploy, of a rollback, and of what nothing ran before."""


def waiting() -> Operation:
    """A deploy that version 1 planned, and that one person has approved there."""
    plan = PLAN.read(DEPLOY, PLACE, RING)
    planned = replace(awaiting(), signed_plan=plan, signed_examined=None)
    return replace(planned, votes=(voted(planned, vote("U0BOB")),))


def stored(operation: Operation, before: Operation | None, key: SigningKey) -> dict[str, bytes]:
    """The fields that a move writes."""
    (_, _, *words), *_ = operation_fields.written(before, operation, key)
    pairs = zip(words[::2], words[1::2], strict=True)
    return {str(field): str(value).encode() for field, value in pairs}


def read(fields: dict[str, bytes]) -> Operation:
    reply = [fields.get(name) for name in operation_fields.FIELDS]
    found = operation_fields.read(1042, reply, RING)
    assert found is not None
    return found.operation


def test_a_plan_of_version_1_keeps_its_text_and_its_hash() -> None:
    fields = stored(waiting(), None, BOT_KEY)
    assert fields["plan"].decode() == DEPLOY
    plan = read(fields).signed_plan
    assert plan is not None
    assert plan.text == DEPLOY
    assert plan.digest == hashlib.sha256(DEPLOY.encode()).hexdigest()


def test_votes_about_a_plan_of_version_1_count() -> None:
    """One was given before the upgrade, and one after it."""
    before = read(fields := stored(waiting(), None, BOT_KEY))
    assert before.approval is not None
    assert before.approval.missing() == 1
    approval = before.approval.with_vote(voted(before, vote("U0CAROL")))
    after = before.queued(Stage.APPLY, before.queue, NOW, votes=approval.signed_votes)
    written = stored(after, before, BOT_KEY)
    assert "plan" not in written
    approved = read({**fields, **written})
    assert approved.state is State.QUEUED
    assert approved.approval is not None
    assert approved.approval.is_granted
    assert approved.approval.approvers == ("U0BOB", "U0CAROL")


def test_a_plan_of_version_1_is_about_one_service_on_one_docker_host() -> None:
    deploy, rollback, first = (
        PLAN.read(text, PLACE, RING).value for text in (DEPLOY, ROLLBACK, FIRST)
    )
    for plan in (deploy, rollback, first):
        assert plan.services == (ServiceRef("production", "web"),)
        assert plan.target == DockerHost("app1")
        assert plan.revision == "0123456789ab"
    assert (deploy.kind, rollback.kind) == (PlanKind.DEPLOY, PlanKind.ROLLBACK)
    assert the_change(rollback).restores == 1001
    assert the_change(first).running is None


@pytest.mark.parametrize("broken", ["no change", "one service twice", "two environments"])
def test_a_stored_plan_that_makes_no_sense_is_refused(broken: str) -> None:
    body = body_of(PLAN.signed(PLAN.read(DEPLOY, PLACE, RING).value, PLACE, WORKER_KEY).text)
    head, _, rest = body.partition('"changes":[')
    change, _, tail = rest.rpartition('],"revision"')
    other = change.replace('"environment":"production","service":"web"', _OTHER[broken])
    changes = {"no change": ""}.get(broken, f"{change},{other}")
    text = enclosed(
        f'{head}"changes":[{changes}],"revision"{tail}',
        PLAN.version,
        StorageKey("plan", PLACE),
        WORKER_KEY,
        NOW,
    )
    with pytest.raises(Forged, match="cannot be read"):
        PLAN.read(text, PLACE, RING)


_OTHER = {
    "no change": "",
    "one service twice": '"environment":"production","service":"web"',
    "two environments": '"environment":"staging","service":"web"',
}


def test_a_release_of_version_1_has_containers() -> None:
    golden = Golden.load(FOLDER / "v1" / "release.json")
    for one in golden.texts:
        release = RELEASE.read(one["text"], tuple(one["place"]), RING).value
        assert release.workload.kind == "containers"
        assert release.workload.command == ("serve", "--all")
