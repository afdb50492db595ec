"""What somebody tries who may write to Redis, or has taken over one program, and what comes of it
(G4, G5).
"""

import contextlib
from dataclasses import replace

import docker
import pytest

from local_slack import Person, Workspace
from quaymaster.operations import State
from quaymaster.store import keys
from testing.engines.barrier import Barrier
from testing.engines.local_images import load_big_image
from testing.engines.registries import Registry
from testing.system import System
from tests.end_to_end.cards import final_card
from tests.end_to_end.conftest import Push
from tests.people import CAROL

pytestmark = pytest.mark.engine


@pytest.fixture
def shop_registry(registry: Registry, registry_barrier: Barrier) -> Registry:
    """The registry behind the barrier: a push can be held half-way."""
    return replace(registry, host=registry_barrier.address)


async def test_nothing_is_cancelled_in_the_name_of_somebody_who_did_not_ask(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    registry_barrier: Barrier,
    push: Push,
    alice: Person,
) -> None:
    name = f"{registry_barrier.address}/{system.shop.repository}:1"
    load_big_image(engine, name, layers=4, layer_bytes=2_000_000)
    await system.opens(workspace)
    hold = registry_barrier.hold_after_bytes(2_000_000)
    number = await system.asked(alice, f"push {system.shop.repository}:1")
    hold.wait_until_reached()
    with contextlib.closing(system.connection()) as database:
        database.hset(keys.operation(number), "cancel", CAROL)
    assert system.ended(number).state is State.FAILED, system.logs()
    hold.release()
    card = await final_card(workspace, number)
    assert f"cancellation of {number}" in card.words
    assert CAROL not in card.pings
