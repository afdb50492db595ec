"""What a person does to a service by hand is told in its channel within a minute, and stays."""

import contextlib

import docker
import pytest

from local_slack import Message, Person, Workspace
from quaymaster.audit.check import verify
from quaymaster.operations import State
from quaymaster.requests import DriftRequest
from quaymaster.store import keys
from testing.engines.waiting import wait_until
from testing.images.catalogue import LocalImages
from testing.system import System, page_at
from tests.end_to_end.conftest import Push

pytestmark = pytest.mark.engine


async def test_a_container_that_somebody_stops_and_starts_is_told_and_left_alone(
    system: System,
    workspace: Workspace,
    engine: docker.DockerClient,
    images: LocalImages,
    push: Push,
    alice: Person,
) -> None:
    repository, staging = system.shop.repository, system.shop.staging
    push(images.web_v1, "1")
    await system.opens(workspace)
    number = await system.asked(alice, f"deploy {repository}:1 to {staging}")
    assert system.ended(number).state is State.SUCCEEDED, system.logs()
    label = {"label": f"quaymaster.environment={staging}"}
    (container,) = engine.containers.list(filters=label)
    container.stop(timeout=1)

    def says(words: str, message: Message) -> bool:
        return message.channel == "C0SHOP" and words in message.text

    card = await workspace.until(
        lambda one: says(f"{staging}/web on build1 differs from its release", one), within=60
    )
    assert f"{container.name} is stopped" in card.text
    container.reload()
    assert container.status == "exited", "it is not undone"

    container.start()
    await workspace.until(
        lambda one: says(f"{staging}/web matches its release again", one), within=60
    )
    assert "web v1" in page_at(system.shop.port)
    told = [system.operation(number + 1), system.operation(number + 2)]
    assert [one and one.request for one in told] == [DriftRequest(staging, "web")] * 2
    with contextlib.closing(system.connection()) as connection:
        wait_until(lambda: connection.llen(keys.JOURNAL) == 0, within=10, what="the audit")
        audit = verify(connection.lrange(keys.AUDIT, 0, -1), system.keys.ring)
    assert audit.refused == 0
    assert system.refusals() == []
