"""kill -9 in the middle of a push: a truthful final card, whoever died (G3)."""

import contextlib
import os
import signal
from dataclasses import replace

import docker
import pytest

from local_slack import Workspace
from quaymaster.operations import State
from quaymaster.outcomes import Interrupted, Pushed
from quaymaster.store import leases, records
from quaymaster.store.transactions import ask
from testing.engines.barrier import Barrier, Hold
from testing.engines.local_images import load_big_image
from testing.engines.registries import Registry
from testing.engines.valkey import ValkeyServer
from testing.engines.waiting import wait_until
from testing.system import System, children
from tests.end_to_end.cards import cards_of, final_card
from tests.people import ALICE

pytestmark = pytest.mark.engine

_MEGABYTE = 1_000_000
_LEASE_RENEWALS = 7
"""As many as would be made while a lease lasts, and one more."""


@pytest.fixture
def shop_registry(registry: Registry, registry_barrier: Barrier) -> Registry:
    """The registry behind the barrier: pushes can be stopped in the middle."""
    return replace(registry, host=registry_barrier.address)


async def _a_push_half_way(
    system: System, workspace: Workspace, engine: docker.DockerClient, barrier: Barrier
) -> tuple[int, Hold]:
    """A push of eight megabytes, of which two have left."""
    name = f"{barrier.address}/{system.shop.repository}:1"
    load_big_image(engine, name, layers=4, layer_bytes=2 * _MEGABYTE)
    await workspace.connected(within=60)
    hold = barrier.hold_after_bytes(2 * _MEGABYTE)
    number = await system.asked(workspace.person(ALICE), f"push {system.shop.repository}:1")
    hold.wait_until_reached()
    system.until(number, lambda one: one.progress is not None and one.progress.done_bytes > 0)
    return number, hold


async def _the_card_tells_the_truth(
    system: System, workspace: Workspace, registry: Registry, number: int
) -> None:
    """Within 20 s; and there is one card, and what it says is what the registry says."""
    card = await final_card(workspace, number)
    assert len(await cards_of(workspace, number)) == 1
    operation = system.ended(number, within=1)
    digest = registry.digest(system.shop.repository, "1")
    match operation.outcome:
        case Pushed() as pushed:
            assert str(pushed.digest) == digest
            assert pushed.digest.short in card.words
        case Interrupted() as lost:
            assert operation.state is State.UNKNOWN
            assert lost.what_was_found in card.words
            is_there = "The push was complete" in lost.what_was_found
            assert is_there == (digest is not None), lost
            assert is_there or "nothing of it is visible there" in lost.what_was_found
        case other:
            raise AssertionError(f"{other}\n{system.logs()}")


def _is_leased(system: System, number: int) -> bool:
    """Whether a worker holds the operation, or has ended it."""
    with contextlib.closing(system.connection()) as connection:
        lease = ask(connection, leases.owner_of(records.lease_name(number)))
    operation = system.operation(number)
    assert operation is not None
    assert operation.crashes == 0, "it was taken for dead"
    return lease is not None or operation.state.is_terminal


async def _the_next_push_works(system: System, workspace: Workspace, registry: Registry) -> None:
    number = await system.asked(workspace.person(ALICE), f"push {system.shop.repository}:1")
    pushed = system.ended(number)
    assert isinstance(pushed.outcome, Pushed), system.logs()
    assert registry.digest(system.shop.repository, "1") == str(pushed.outcome.digest)


async def test_a_push_whose_work_horse_is_killed_ends_in_a_truthful_card(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    registry_barrier: Barrier,
) -> None:
    system.start("bot")
    worker = system.worker()
    number, hold = await _a_push_half_way(system, workspace, engine, registry_barrier)
    (horse,) = worker.horses()
    os.kill(horse, signal.SIGKILL)
    hold.drop()
    await _the_card_tells_the_truth(system, workspace, registry, number)
    await _the_next_push_works(system, workspace, registry)


@pytest.mark.parametrize("other", ["alive", "started afterwards"])
async def test_a_push_whose_worker_is_killed_is_taken_up_by_another_worker(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    registry_barrier: Barrier,
    other: str,
) -> None:
    system.start("bot")
    worker = system.worker()
    number, hold = await _a_push_half_way(system, workspace, engine, registry_barrier)
    if other == "alive":
        second = system.worker()
        wait_until(lambda: len(children(second.pid)) == 5, within=30, what="a worker")
    worker.kill()
    hold.drop()
    if other != "alive":
        system.worker()
    await _the_card_tells_the_truth(system, workspace, registry, number)
    await _the_next_push_works(system, workspace, registry)


async def test_a_push_goes_on_when_the_bot_is_killed(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    registry_barrier: Barrier,
) -> None:
    bot = system.start("bot")
    system.worker()
    number, hold = await _a_push_half_way(system, workspace, engine, registry_barrier)
    bot.kill()
    hold.release()
    await _the_card_tells_the_truth(system, workspace, registry, number)
    assert system.ended(number).state is State.SUCCEEDED
    system.start("bot")
    await workspace.connected(within=60)
    await _the_next_push_works(system, workspace, registry)


@pytest.mark.parametrize("meanwhile", ["is stopped", "is stopped for long", "ends"])
async def test_a_push_outlives_the_database(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry: Registry,
    registry_barrier: Barrier,
    valkey_server: ValkeyServer,
    meanwhile: str,
) -> None:
    system.start("bot")
    worker = system.worker()
    number, hold = await _a_push_half_way(system, workspace, engine, registry_barrier)
    valkey_server.kill()
    if meanwhile == "is stopped for long":
        wait_until(
            lambda: worker.log.read_text().count("lease not renewed") >= _LEASE_RENEWALS,
            within=60,
            what="the end of the lease",
        )
    if meanwhile == "ends":
        hold.release()
        wait_until(
            lambda: registry.digest(system.shop.repository, "1"), within=30, what="the whole push"
        )
    valkey_server.start()
    wait_until(
        lambda: _is_leased(system, number), within=20, what="the worker to say that it lives"
    )
    hold.release()
    await _the_card_tells_the_truth(system, workspace, registry, number)
    assert system.ended(number).state is State.SUCCEEDED
    await _the_next_push_works(system, workspace, registry)
