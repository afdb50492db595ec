"""Which role may have signed which state, over which requests and stages, enrolled for what."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from quaymaster.approvals import Choice
from quaymaster.movers import may_have_moved
from quaymaster.operations import Operation, Stage, State
from quaymaster.requests import (
    DeployRequest,
    HistoryRequest,
    ImagesRequest,
    InspectRequest,
    PullRequest,
    PushRequest,
    Request,
    ScanRequest,
)
from testing.keys import RING
from testing.samples import NOW, awaiting, deploy, image, operation, plan, rule, vote

BOT, SCANNER = RING.key("bot-1"), RING.key("scanner-1")
ENROLLED, OTHER = RING.key("worker-1"), RING.key("other-worker-1")
TWO_VOTES = (vote("U0BOB"), vote("U0CAROL"))
OF_THE_BOT = {State.ACCEPTED, State.REJECTED, State.EXPIRED, State.CANCELLED}
OF_ANY_WORKER = {State.QUEUED, State.EXPIRED, State.UNKNOWN, State.FAILED, State.CANCELLED}
OF_NO_WORKER = {State.ACCEPTED, State.REJECTED}


everywhere = pytest.mark.parametrize(("state", "stage"), list(product(State, Stage)))


def of_the_bot(**changes: Any) -> bool:
    """Whether the bot may have brought the deploy there."""
    return may_have_moved(BOT, awaiting(**changes))


@everywhere
def test_a_scanner_moves_nothing(state: State, stage: Stage) -> None:
    assert not may_have_moved(SCANNER, operation(state=state, stage=stage))
    assert not may_have_moved(SCANNER, operation(state=state, stage=stage, queue="scan"))


@everywhere
def test_a_worker_moves_what_is_in_its_queues_and_looks_after_the_rest(
    state: State, stage: Stage
) -> None:
    moved = deploy(state=state, stage=stage)
    assert may_have_moved(ENROLLED, moved) is (state not in OF_NO_WORKER)
    assert may_have_moved(OTHER, moved) is (state in OF_ANY_WORKER)


@everywhere
def test_the_bot_moves_what_people_decide(state: State, stage: Stage) -> None:
    """Here: before anything was started and without any vote."""
    expected = state in OF_THE_BOT | {State.REFUSED, State.FAILED, State.QUEUED}
    assert may_have_moved(BOT, deploy(state=state, stage=stage)) is expected


@pytest.mark.parametrize("state", [State.REFUSED, State.FAILED])
def test_the_bot_ends_nothing_that_a_worker_has_started(state: State) -> None:
    assert may_have_moved(BOT, deploy(state=state))
    assert not may_have_moved(BOT, deploy(state=state, started_at=NOW))


@pytest.mark.parametrize("state", [State.REFUSED, State.FAILED, State.SUPERSEDED])
@pytest.mark.parametrize("stage", Stage)
def test_the_bot_ends_what_has_a_plan_and_may_not_happen_any_more(
    state: State, stage: Stage
) -> None:
    judged = of_the_bot(state=state, stage=stage, started_at=NOW)
    assert judged is (stage in (Stage.PLAN, Stage.APPLY))


def test_only_the_bot_counts_votes() -> None:
    voted = awaiting(votes=TWO_VOTES[:1])
    assert may_have_moved(BOT, voted)
    assert not may_have_moved(ENROLLED, voted)
    assert may_have_moved(ENROLLED, awaiting())
    assert not may_have_moved(BOT, awaiting())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"votes": TWO_VOTES}, True),
        ({"votes": TWO_VOTES[:1]}, False),
        ({"votes": (TWO_VOTES[0], vote("U0CAROL", Choice.REJECT))}, False),
        ({"votes": TWO_VOTES, "plan": plan(rule=rule(needed=3))}, False),
        ({"votes": TWO_VOTES, "stage": Stage.PLAN}, False),
        ({"votes": TWO_VOTES, "stage": Stage.RECOVER}, False),
        ({"plan": plan(rule=None)}, True),
        ({"plan": None, "votes": ()}, False),
        ({"plan": plan(rule=None), "stage": Stage.RECOVER}, False),
    ],
)
def test_the_bot_queues_again_only_what_was_approved_and_only_to_apply_it(
    changes: dict[str, Any], expected: bool
) -> None:
    given = {"state": State.QUEUED, "stage": Stage.APPLY, "attempt": 3, **changes}
    assert of_the_bot(**given) is expected


@pytest.mark.parametrize("state", [State.QUEUED, State.UNKNOWN, State.SUCCEEDED])
@pytest.mark.parametrize(
    "request_of",
    [
        lambda host: ImagesRequest(host),
        lambda host: PullRequest(image(), host),
        lambda host: PushRequest(image(), host),
        lambda host: InspectRequest(image(), host),
        lambda host: HistoryRequest(image(), host),
        lambda host: ScanRequest(image(), host),
        lambda _: DeployRequest(image(), "production", "web"),
    ],
)
def test_no_worker_takes_what_was_asked_of_another_host_into_its_own_queue(
    request_of: Any, state: State
) -> None:
    """The queue stands in what the mover signs; the host in what the bot signed."""
    request: Request = request_of("build1")

    def done(queue: str) -> Operation:
        asked_there = operation(request=request, queue="host:build1", state=state)
        return replace(asked_there, queue=queue)

    assert may_have_moved(ENROLLED, done("host:build1"))
    assert not may_have_moved(OTHER, done("host:db1"))
    assert not may_have_moved(ENROLLED, done("host:app1"))


def test_what_was_asked_of_no_host_is_done_where_it_was_queued() -> None:
    asked = operation(request=InspectRequest(image()), queue="registry", state=State.SUCCEEDED)
    assert may_have_moved(ENROLLED, asked)
    assert not may_have_moved(OTHER, asked)
