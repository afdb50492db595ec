"""One delivery, one operation; one click, one effect; one change of a service at a time (G2)."""

import contextlib
from functools import partial

import docker
import pytest

from local_slack import Message, Person, Workspace
from local_slack.person import Plans
from local_slack.plan import Planned
from quaymaster.operations import State
from quaymaster.store import keys, records
from quaymaster.store.transactions import ask
from quaymaster.target import ServiceRef
from testing.images.catalogue import LocalImages
from testing.system import System, page_at
from tests.end_to_end.cards import cards_of, final_card
from tests.end_to_end.conftest import Push
from tests.people import BOB, CAROL, DAVE

pytestmark = pytest.mark.engine

_JOBS_OF_A_DEPLOY = 3
"""Examine, plan, apply: no job was queued twice."""


async def test_one_delivery_that_comes_three_times_is_one_operation_and_one_card(
    system: System, workspace: Workspace, repository: str, alice: Person
) -> None:
    await system.opens(workspace)
    outcome = await alice.command("C0SHOP", "images on build1", repeat=3)
    assert outcome.acknowledged
    assert len(outcome.deliveries) == 3
    assert system.ended(system.number_of(outcome)).state is State.SUCCEEDED
    await alice.mention("C0SHOP", "images on build1", repeat=3)
    await alice.command("C0SHOP", "images on build1")
    recorded = _recorded(system)
    assert len(recorded) == 3
    for operation in recorded:
        await final_card(workspace, operation)
        assert len(await cards_of(workspace, operation)) == 1


async def test_a_double_click_and_two_people_at_once_are_one_deploy(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    repository: str,
    images: LocalImages,
    push: Push,
    alice: Person,
    bob: Person,
) -> None:
    push(images.web_v1, "1")
    await system.opens(workspace)
    number = await system.asked(alice, f"deploy {repository}:1 to {system.shop.production}")
    system.reaches(number, State.AWAITING_APPROVAL)
    request = await bob.sees("Approve", channel="C0RELEASE")
    await workspace.act(*_doubly(workspace, request, BOB, CAROL, DAVE))
    done = system.ended(number)
    assert done.state is State.SUCCEEDED, (done, system.logs())
    assert done.approval is not None
    assert len(set(done.approval.approvers)) == len(done.approval.approvers) == 2
    assert done.attempt == _JOBS_OF_A_DEPLOY
    assert _containers(engine, system.shop.production) == [
        f"quaymaster-{system.shop.production}-web-1.1"
    ]
    assert _releases(system, system.shop.production) == 1
    await final_card(workspace, number)
    assert len(await cards_of(workspace, number)) == 1


async def test_a_double_click_of_one_person_counts_once(
    system: System,
    workspace: Workspace,
    repository: str,
    images: LocalImages,
    push: Push,
    alice: Person,
    bob: Person,
) -> None:
    push(images.web_v1, "1")
    await system.opens(workspace)
    number = await system.asked(alice, f"deploy {repository}:1 to {system.shop.production}")
    system.reaches(number, State.AWAITING_APPROVAL)
    request = await bob.sees("Approve", channel="C0RELEASE")
    await workspace.act(*_doubly(workspace, request, BOB))
    voted = system.until(
        number, lambda one: one.approval is not None and one.approval.missing() < 2
    )
    await bob.sees("A vote is final")
    still = system.operation(number)
    assert still is not None
    assert still.state is State.AWAITING_APPROVAL
    assert still.approval == voted.approval
    assert still.approval is not None
    assert still.approval.approvers == (BOB,)


async def test_two_deploys_of_one_service_at_once_never_leave_both_half_done(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    repository: str,
    images: LocalImages,
    push: Push,
    alice: Person,
    bob: Person,
) -> None:
    push(images.web_v1, "1")
    push(images.web_v2, "2")
    system.start("bot")
    system.start("worker", "--grace", "10", "--processes", "2")
    await workspace.connected(within=60)
    outcomes = await workspace.act(
        alice.plan.command("C0SHOP", f"deploy {repository}:1 to {system.shop.staging}"),
        bob.plan.command("C0SHOP", f"deploy {repository}:2 to {system.shop.staging}"),
    )
    ended = [system.ended(system.number_of(outcome)) for outcome in outcomes]
    won = [one for one in ended if one.state is State.SUCCEEDED]
    lost = [one for one in ended if one.state is not State.SUCCEEDED]
    assert won, (ended, system.logs())
    for operation in lost:
        card = await final_card(workspace, operation.id)
        why = ("being changed by", "has changed since", f"changed {system.shop.staging}/web")
        assert any(words in card.words for words in why)
    last = max(won, key=lambda one: one.changed_at)
    version = "v1" if last is ended[0] else "v2"
    assert f"web {version}" in page_at(system.shop.port)
    label = {"label": f"quaymaster.environment={system.shop.staging}"}
    assert len(engine.containers.list(filters=label)) == 1
    assert _releases(system, system.shop.staging) == len(won)


def _doubly(workspace: Workspace, request: Message, *users: str) -> tuple[Planned, ...]:
    """Everybody presses Approve twice, and Slack delivers each of these clicks twice as well."""
    click = partial(Plans.click, message=request, action_id="approve", repeat=2, gap=0.004)
    return tuple(click(workspace.person(user).plan) for user in users for _ in range(2))


def _recorded(system: System) -> tuple[int, ...]:
    with contextlib.closing(system.connection()) as connection:
        return ask(connection, records.recent_ids(10))


def _releases(system: System, environment: str) -> int:
    with contextlib.closing(system.connection()) as connection:
        return int(connection.llen(keys.releases(ServiceRef(environment, "web"))))


def _containers(engine: docker.DockerClient, environment: str) -> list[str]:
    label = {"label": f"quaymaster.environment={environment}"}
    return [str(one.name) for one in engine.containers.list(all=True, filters=label)]
