"""The look at the end of the bake window judges what serves, and marks what did not stay well."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from quaymaster.errors import Forged
from quaymaster.operations import Stage, State
from quaymaster.outcomes import Deployed, Failed
from quaymaster.plans import Plan
from quaymaster.store import keys
from testing.images.catalogue import LocalImages
from testing.planned import the_change, varied
from testing.samples import OTHER_DIGEST, deploy, having, pinned
from testing.samples import plan as planned
from tests.workers.jobs.deploy.test_apply import Place
from tests.workers.services import Service
from tests.workers.toolboxes import NOWHERE, running, toolbox
from workers.dispatch import run_stage
from workers.jobs.deploy.verify import known_secrets, verify_release
from workers.work.steps import Finished

PLAN = planned()
CHANGE = the_change(PLAN)
ACHIEVED = Deployed(CHANGE.environment, CHANGE.service, CHANGE.image, None, None, 1.0)


@pytest.fixture
def place(service: Service, valkey: redis.Redis) -> Iterator[Place]:
    place = Place(service, valkey, {"TOKEN": "made-up-1"})
    yield place
    place.tools.close()


def looked(place: Place, plan: Plan, revision: str = "") -> Finished:
    """What the look says about a plan that was carried out."""
    change = the_change(plan)
    deployed = Deployed(change.environment, "web", change.image, 0.1, None, 1.0)
    asked = having(
        place.operation(plan),
        stage=Stage.VERIFY,
        state=State.RUNNING,
        interim=deployed,
        configuration_revision=revision or place.configuration.revision_of(change.environment),
    )
    held = running(asked, place.connection)
    step = run_stage(held, place.tools)
    assert isinstance(step, Finished)
    return step


def marks(place: Place, step: Finished) -> list[str]:
    """The digests that it marks."""
    where = keys.bad_digests(place.service.ref)
    return [str(command[2]) for command in step.also if command[:2] == ("HSET", where)]


@pytest.mark.engine
def test_what_fails_with_another_configuration_alone_does_not_mark_the_digest_that_serves(
    place: Place, images: LocalImages
) -> None:
    first = place.service.image(images.web_v1, "1")
    assert isinstance(place.apply(place.plan(first, turn=1)), Finished)
    again = place.plan(first, first, turn=2)
    assert isinstance(place.apply(again), Finished)
    serving = place.service.state().serving
    assert serving is not None
    place.service.client.containers.get(serving.id).stop(timeout=1)
    step = looked(place, again)
    assert step.state is State.FAILED
    assert marks(place, step) == []
    assert place.service.page() == "web v1"


@pytest.mark.engine
def test_what_fails_with_nothing_to_go_back_to_is_marked_all_the_same(
    place: Place, images: LocalImages
) -> None:
    first = place.service.image(images.web_v1, "1")
    plan = place.plan(first, turn=1)
    assert isinstance(place.apply(plan), Finished)
    serving = place.service.state().serving
    assert serving is not None
    place.service.client.containers.get(serving.id).stop(timeout=1)
    step = looked(place, plan)
    assert step.state is State.FAILED
    assert marks(place, step) == [str(first.digest)]


@pytest.mark.engine
def test_it_looks_whatever_the_configuration_says_by_now(place: Place, images: LocalImages) -> None:
    first = place.service.image(images.web_v1, "1")
    plan = place.plan(first, turn=1)
    assert isinstance(place.apply(plan), Finished)
    step = looked(place, plan, revision="another")
    assert step.state is State.SUCCEEDED
    assert step.also, "the release is recorded"


@pytest.mark.engine
@pytest.mark.parametrize("how", ["gone", "changed"])
def test_a_secret_that_is_another_one_by_now_neither_fails_it_nor_shows_the_log(
    place: Place, images: LocalImages, how: str
) -> None:
    first = place.service.image(images.web_v1, "1")
    plan = place.plan(first, turn=1)
    assert isinstance(place.apply(plan), Finished)
    assert known_secrets(the_change(plan), place.tools) == ("made-up-1",)
    place.environ["TOKEN"] = "made-up-2"
    if how == "gone":
        del place.environ["TOKEN"]
    assert known_secrets(the_change(plan), place.tools) is None, "a log may hold what nobody knows"
    assert looked(place, plan).state is State.SUCCEEDED
    serving = place.service.state().serving
    assert serving is not None
    place.service.client.containers.get(serving.id).stop(timeout=1)
    step = looked(place, varied(plan, running=None))
    assert isinstance(step.outcome, Failed)
    assert step.outcome.trouble.log_tail == ()


@pytest.mark.parametrize(
    "other",
    [
        replace(ACHIEVED, image=pinned(OTHER_DIGEST, "9.9")),
        replace(ACHIEVED, environment="staging"),
        replace(ACHIEVED, service="admin"),
    ],
    ids=["image", "environment", "service"],
)
def test_what_another_worker_says_was_achieved_is_not_confirmed(other: Deployed) -> None:
    """Any worker may queue the look again; the card then says what this one has signed."""
    before = deploy(state=State.RUNNING, stage=Stage.VERIFY, plan=PLAN, interim=other)
    with pytest.raises(Forged, match="does not match the plan"):
        verify_release(running(before, NOWHERE), toolbox())
