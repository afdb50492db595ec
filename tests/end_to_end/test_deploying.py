"""Deploys for real: plan, approval, switch, and what happens when it goes wrong."""

import urllib.request

import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from quaymaster.outcomes import Deployed
from testing.images.catalogue import LocalImages
from testing.planned import the_change
from testing.system import System
from tests.end_to_end.cards import approve
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


def _page(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return str(answer.read().decode())


async def test_a_deploy_goes_live_and_an_unhealthy_one_leaves_it_serving(
    system: System,
    workspace: Workspace,
    repository: str,
    images: LocalImages,
    free_port: int,
    push: Push,
    alice: Person,
) -> None:
    push(images.web_v1, "1")
    push(images.web_v2, "2")
    push(images.web_v3_broken, "3")
    await system.opens(workspace)

    number = await system.asked(alice, f"deploy {repository}:1 to {system.shop.staging}")
    first = system.ended(number)
    assert first.state is State.SUCCEEDED, (first, system.logs())
    assert "web v1" in _page(free_port)

    number = await system.asked(alice, f"deploy {repository}:2 to {system.shop.staging}")
    second = system.ended(number)
    assert isinstance(second.outcome, Deployed), second
    assert second.outcome.gap_seconds is not None
    change = the_change(second.plan)
    assert change.running is not None
    assert change.running.size
    assert "web v2" in _page(free_port)

    number = await system.asked(alice, f"deploy {repository}:3 to {system.shop.staging}")
    third = system.ended(number, within=40)
    assert third.state is State.FAILED, third
    assert "web v2" in _page(free_port)
    card = await alice.sees("not healthy", channel="C0SHOP")
    assert f"{repository}:2 ({change.digest.short}) is still running" in card.words

    number = await system.asked(alice, f"rollback {system.shop.staging}/web")
    fourth = system.ended(number)
    assert fourth.state is State.SUCCEEDED, (fourth, system.logs())
    assert "web v1" in _page(free_port)

    number = await system.asked(alice, f"deploy {repository}:2 to {system.shop.staging}")
    fifth = system.ended(number)
    assert fifth.state is State.REFUSED


async def test_production_waits_for_two_people_and_runs_what_they_approved(
    system: System,
    workspace: Workspace,
    repository: str,
    images: LocalImages,
    free_port: int,
    push: Push,
    alice: Person,
    bob: Person,
    carol: Person,
) -> None:
    push(images.web_v1, "1")
    await system.opens(workspace)
    number = await system.asked(alice, f"deploy {repository}:1 to {system.shop.production}")
    system.reaches(number, State.AWAITING_APPROVAL)
    request = await bob.sees("Approve", channel="C0RELEASE")
    push(images.web_v2, "1")
    await alice.click(request, "approve")
    await alice.sees("can vote on a deploy", channel="C0RELEASE")
    await bob.click(request, "approve")
    system.until(number, lambda one: one.approval is not None and one.approval.missing() == 1)
    await approve(workspace, carol, number)
    done = system.ended(number)
    assert done.state is State.SUCCEEDED, (done, system.logs())
    assert "web v1" in _page(free_port + 1)
    await alice.sees("moved", channel="C0SHOP")
