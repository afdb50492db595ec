"""kill -9 in the middle of a deploy: wholly old or wholly new, and a card that says which (G3)."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import docker
import pytest

from local_slack import LocalSlack, Workspace
from quaymaster.operations import Operation, State
from quaymaster.outcomes import Deployed, Interrupted
from quaymaster.store import leases
from quaymaster.store.transactions import ask
from testing.engines.barrier import Barrier, Hold, Moment, barrier_to_socket
from testing.engines.local_images import push_image
from testing.engines.registries import Registry
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import wait_until
from testing.images.catalogue import LocalImages
from testing.system import Program, Shop, System, opened, page_at
from tests.end_to_end.cards import cards_of, final_card
from tests.people import ALICE

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True)
class Point:
    """Where in a deploy the worker dies: at a call to the engine."""

    name: str
    call: str
    moment: Moment


BEFORE_THE_SWITCH = (
    Point("the new container is made", "^POST .*/containers/create", Moment.AFTER),
    Point("the new container starts", "^POST .*/containers/[0-9a-f]+/start", Moment.AFTER),
    Point("the old one leaves", "^POST .*/disconnect", Moment.BEFORE),
)
AROUND_THE_SWITCH = (
    Point("the old one has left", "^POST .*/disconnect", Moment.AFTER),
    Point("the new one enters", "^POST .*/connect ", Moment.BEFORE),
    Point("the new one has entered", "^POST .*/connect ", Moment.AFTER),
)
AFTER_THE_SWITCH = (
    Point("the new one is released", "^POST .*/containers/[0-9a-f]+/update", Moment.AFTER),
    Point("the old one is asked to end", "^POST .*/containers/[0-9a-f]+/kill", Moment.BEFORE),
    Point("the old one is stopped", "^POST .*/containers/[0-9a-f]+/stop", Moment.AFTER),
)

SEVERAL = (
    Point("the new container starts", "^POST .*/containers/[0-9a-f]+/start", Moment.AFTER),
    Point("the old one has left", "^POST .*/disconnect", Moment.AFTER),
    Point("the new one has entered", "^POST .*/connect ", Moment.AFTER),
)
PAUSED = (
    Point("the old one leaves", "^POST .*/disconnect", Moment.BEFORE),
    Point("the old one leaves", "^POST .*/disconnect", Moment.BEFORE),
    Point("the new one starts", "^POST .*/containers/[0-9a-f]+/start", Moment.BEFORE),
)
_RENEWALS_OF_THREE = 6
"""Each of three leases was not renewed, twice."""


@dataclass(slots=True)
class Street:
    """A system whose services stand on hosts of their own, each behind a barrier."""

    system: System
    barriers: tuple[Barrier, ...]
    ports: tuple[int, ...]

    def environment(self, number: int) -> str:
        """The environment with the service on this host."""
        return f"{self.system.shop.staging}-{number}"

    def page(self, number: int) -> str:
        """What the service says; raises OSError when nobody answers."""
        return page_at(self.ports[number])


def _configuration(shop: Shop, barriers: tuple[Barrier, ...], ports: tuple[int, ...]) -> str:
    registry = shop.registry
    hosts = "".join(
        f'  host{number}: {{docker: "{barrier.address}"}}\n'
        for number, barrier in enumerate(barriers)
    )
    environments = "".join(
        f"""
  {shop.staging}-{number}:
    target: {{docker: [host{number}]}}
    services:
      web:
        image: {registry.host}/{shop.repository}
        ports: ["127.0.0.1:{port}:8000"]
        health: {{http: /healthz, port: 8000, within: 10s}}
        drain: 2s
"""
        for number, port in enumerate(ports)
    )
    return f"""
default_registry: {registry.host}
registries:
  {registry.host}: {{username: {registry.username}, password: "${{REGISTRY_PASSWORD}}"}}
defaults:
  gate: {{block: never, unknown: allow}}
hosts:
{hosts}
environments:{environments}
roles:
  developers: everyone
permissions:
  developers: [read, deploy, rollback]
"""


@pytest.fixture
def street(
    tmp_path: Path,
    slack: LocalSlack,
    valkey_server: ValkeyServer,
    registry: Registry,
    docker_host: str,
    engine: docker.DockerClient,
    repository: str,
    reserve_port: Callable[[], int],
) -> Iterator[Street]:
    """Three hosts, three environments."""
    shop = Shop(registry, docker_host, repository, 0)
    ports = tuple(reserve_port() for _ in range(3))
    with contextlib.ExitStack() as stack:
        barriers = tuple(
            stack.enter_context(barrier_to_socket(tmp_path / f"{number}.sock", docker_host))
            for number in range(3)
        )
        environments = [f"{shop.staging}-{number}" for number in range(3)]
        stack.callback(shop.clean, engine, *environments)
        text = _configuration(shop, barriers, ports)
        secrets = {"REGISTRY_PASSWORD": registry.password}
        system = opened(tmp_path, slack, valkey_server, shop, text, **secrets)
        yield Street(stack.enter_context(system), barriers, ports)


@pytest.mark.parametrize(
    "points",
    [BEFORE_THE_SWITCH, AROUND_THE_SWITCH, AFTER_THE_SWITCH],
    ids=["before the switch", "around the switch", "after the switch"],
)
async def test_a_deploy_whose_worker_is_killed_is_wholly_old_or_wholly_new_and_says_so(
    street: Street,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    points: tuple[Point, ...],
) -> None:
    _push_both(engine, registry, images, street.system.shop.repository)
    street.system.start("bot")
    worker = _worker(street.system)
    operations, holds = await _three_deploys_half_way(street, workspace, points)
    worker.kill()
    for hold in holds:
        hold.drop()
    _worker(street.system)
    for number, operation in enumerate(operations):
        await _card_and_engine_agree(street, workspace, engine, number, operation)
    await _the_next_deploys_work(street, workspace)


async def test_a_deploy_whose_work_horse_is_killed_is_wholly_old_or_wholly_new_and_says_so(
    street: Street,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
) -> None:
    _push_both(engine, registry, images, street.system.shop.repository)
    street.system.start("bot")
    worker = _worker(street.system)
    operations, holds = await _three_deploys_half_way(street, workspace, SEVERAL)
    horses = worker.horses()
    assert len(horses) == 3
    for horse in horses:
        os.kill(horse, signal.SIGKILL)
    for hold in holds:
        hold.drop()
    for number, operation in enumerate(operations):
        await _card_and_engine_agree(street, workspace, engine, number, operation)
    await _the_next_deploys_work(street, workspace)


async def test_a_worker_that_was_paused_before_a_call_leaves_a_service_that_answers(
    street: Street,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
) -> None:
    """It asked whether the service was still its own; its call comes when another has settled it.
    Of three work horses that were paused, one goes on, one dies, and one was before another call.
    """
    _push_both(engine, registry, images, street.system.shop.repository)
    street.system.start("bot")
    worker = _worker(street.system)
    operations, holds = await _three_deploys_half_way(street, workspace, PAUSED)
    horses = worker.horses()
    for horse in horses:
        os.kill(horse, signal.SIGSTOP)
    _worker(street.system)
    for number, operation in enumerate(operations):
        await _card_and_engine_agree(street, workspace, engine, number, operation)
    for hold in holds:
        hold.release()
    _become_silent(street, {0, 1})
    os.kill(horses[1], signal.SIGKILL)
    for horse in (horses[0], horses[2]):
        os.kill(horse, signal.SIGCONT)
    for number in range(3):
        wait_until(partial(_answers, street, number), within=60, what="somebody to answer")
        assert "web v1" in street.page(number)
    assert "the keeper of leases is gone" not in street.system.logs()
    assert street.system.refusals() == []
    await _the_next_deploys_work(street, workspace)


def _become_silent(street: Street, numbers: set[int]) -> None:
    """Each for a moment: while one is waited for, another may have been settled again."""
    silent: set[int] = set()

    def have_been() -> bool:
        silent.update(number for number in numbers - silent if _is_silent(street, number))
        return silent == numbers

    wait_until(have_been, within=30, what="the late calls")


def _answers(street: Street, number: int) -> bool:
    try:
        return bool(street.page(number))
    except OSError:
        return False


def _is_silent(street: Street, number: int) -> bool:
    return not _answers(street, number)


async def test_a_deploy_goes_on_when_the_bot_is_killed(
    street: Street,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
) -> None:
    _push_both(engine, registry, images, street.system.shop.repository)
    bot = street.system.start("bot")
    _worker(street.system)
    operations, holds = await _three_deploys_half_way(street, workspace, SEVERAL)
    bot.kill()
    for hold in holds:
        hold.release()
    for number, operation in enumerate(operations):
        await _card_and_engine_agree(street, workspace, engine, number, operation)
        assert street.system.ended(operation).state is State.SUCCEEDED


async def test_a_deploy_during_which_the_database_is_killed_says_what_runs(
    street: Street,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    images: LocalImages,
    valkey_server: ValkeyServer,
) -> None:
    _push_both(engine, registry, images, street.system.shop.repository)
    street.system.start("bot")
    worker = _worker(street.system)
    operations, holds = await _three_deploys_half_way(street, workspace, SEVERAL)
    valkey_server.kill()
    for hold in holds:
        hold.release()
    wait_until(
        lambda: worker.log.read_text().count("lease not renewed") >= _RENEWALS_OF_THREE,
        within=30,
        what="the worker to notice",
    )
    valkey_server.start()
    for number, operation in enumerate(operations):
        await _card_and_engine_agree(street, workspace, engine, number, operation)
    await _the_next_deploys_work(street, workspace)


def _push_both(
    engine: docker.DockerClient, registry: Registry, images: LocalImages, repository: str
) -> None:
    push_image(engine, registry, images.web_v1, repository, "1")
    push_image(engine, registry, images.web_v2, repository, "2")


def _worker(system: System) -> Program:
    return system.start("worker", "--grace", "10", "--processes", "3")


async def _three_deploys_half_way(
    street: Street, workspace: Workspace, points: tuple[Point, ...]
) -> tuple[list[int], list[Hold]]:
    """Version 1 serves everywhere, and deploys of version 2 are held at these points."""
    await workspace.connected(within=60)
    for operation in await _deploys(street, workspace, "1"):
        assert street.system.ended(operation).state is State.SUCCEEDED, street.system.logs()
    holds = [
        barrier.hold_call(point.call, point.moment)
        for barrier, point in zip(street.barriers, points, strict=True)
    ]
    operations = await _deploys(street, workspace, "2")
    for hold in holds:
        hold.wait_until_reached()
    return operations, holds


async def _the_next_deploys_work(street: Street, workspace: Workspace) -> None:
    for operation in await _deploys(street, workspace, "2"):
        ended = street.system.ended(operation)
        assert ended.state is State.SUCCEEDED, (ended, street.system.logs())


async def _deploys(street: Street, workspace: Workspace, tag: str) -> list[int]:
    """Ask for a deploy in every environment; the numbers of the operations."""
    alice, repository = workspace.person(ALICE), street.system.shop.repository
    outcomes = [
        await alice.command("C0SHOP", f"deploy {repository}:{tag} to {street.environment(number)}")
        for number in range(3)
    ]
    return [street.system.number_of(outcome) for outcome in outcomes]


async def _card_and_engine_agree(
    street: Street,
    workspace: Workspace,
    engine: docker.DockerClient,
    number: int,
    operation: int,
) -> None:
    """Within 20 s; one container runs, and it is the one that the card says."""
    card = await final_card(workspace, operation)
    assert len(await cards_of(workspace, operation)) == 1
    ended = street.system.ended(operation, within=1)
    label = {"label": f"quaymaster.environment={street.environment(number)}"}
    (running,) = engine.containers.list(filters=label)
    page = street.page(number)
    match ended.outcome:
        case Deployed() as deployed:
            assert "web v2" in page
            assert deployed.image.digest is not None
            assert running.attrs["Config"]["Image"].endswith(str(deployed.image.digest))
            assert deployed.image.digest.short in card.words
        case Interrupted() as lost:
            assert "web v1" in page
            assert "were undone" in lost.what_was_found
            assert running.name in lost.what_was_found
            assert lost.what_was_found.split()[0] in card.words
        case other:
            raise AssertionError(f"{other}\n{street.system.logs()}")
    assert _lease_owner(street.system, street.environment(number)) is None
    assert _is_told_alike(ended)


def _is_told_alike(ended: Operation) -> bool:
    return (ended.state is State.SUCCEEDED) == isinstance(ended.outcome, Deployed)


def _lease_owner(system: System, environment: str) -> str | None:
    with contextlib.closing(system.connection()) as connection:
        return ask(connection, leases.owner_of(f"service:{environment}/web"))
