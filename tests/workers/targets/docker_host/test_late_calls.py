"""Whichever call to the engine comes late or fails, one version serves afterwards and nothing is
left half-way; and what one of ours did is not told as if a person had done it.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from quaymaster.drift import DriftKind
from quaymaster.errors import LeaseLost, QuaymasterError
from quaymaster.image_ref import PinnedImage
from quaymaster.operations import State
from quaymaster.store import service_leases
from quaymaster.store.transactions import perform
from testing.engines.barrier import Hold, Moment, barrier_to_socket
from testing.images.catalogue import LocalImages
from tests.workers.jobs.deploy.test_apply import Place
from tests.workers.process.test_service_look import found, look, released  # noqa: F401
from tests.workers.services import HEALTH, UNDISTURBED, Service, Undisturbed
from tests.workers.toolboxes import now, recorded
from workers.docker.engine import Engine
from workers.process.service_look import ServiceLook
from workers.run import run
from workers.targets.docker_host.candidates import create_candidate
from workers.targets.docker_host.containers import Container
from workers.targets.docker_host.containers import ContainerRole as Place_
from workers.targets.docker_host.health import wait_until_healthy
from workers.targets.docker_host.settle import settle
from workers.targets.docker_host.switch import retire, switch
from workers.targets.target import Work
from workers.work.running import ServiceFence, service_kept

pytestmark = pytest.mark.engine

Change = Callable[[Service, Container, PinnedImage, Work], None]


@dataclass(kw_only=True)
class PausedAt(Undisturbed):
    """After so many questions somebody else has settled the service before the call is made."""

    calls: int
    right: ServiceFence
    meanwhile: Callable[[], None]
    seen: int = 0

    def fence(self) -> None:
        """Ask, and then be paused."""
        self.right()
        if self.seen == self.calls:
            self.meanwhile()
        self.seen += 1


def beside(service: Service, old: Container, image: PinnedImage, work: Work) -> None:
    """The new one is checked beside the old one."""
    candidate = create_candidate(service.host, service.spec(image, 2), work)
    wait_until_healthy(service.host, candidate, HEALTH, UNDISTURBED)
    switch(service.host, old, candidate, work)
    retire(service.host, old, 1.0, work)


def in_its_place(service: Service, old: Container, image: PinnedImage, work: Work) -> None:
    """The old one is stopped first."""
    spec = service.spec(image, 2)
    service.recreated(old, spec, work)
    retire(service.host, old, 1.0, work)


@pytest.mark.parametrize("change", [beside, in_its_place])
@pytest.mark.parametrize("calls", range(10))
def test_whichever_call_comes_late_one_version_serves(
    look: ServiceLook,  # noqa: F811
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    change: Change,
    calls: int,
) -> None:
    old = service.serving(service.image(images.web_v1, "1"), 1)
    image = service.image(images.web_v2, "2")
    place = service.ref
    name = f"quaymaster:lease:{service_leases.name_of(place)}"

    def recovered() -> None:
        valkey.delete(name)  # it ran out
        assert perform(valkey, service_leases.take(place, "2:other", datetime.now(UTC)))
        settle(service.host, place, UNDISTURBED)
        assert perform(valkey, service_leases.give_back(place, "2:other"))

    assert perform(valkey, service_leases.take(place, "2:slow", datetime.now(UTC)))
    with (
        suppress(LeaseLost, QuaymasterError),
        service_kept(valkey, place, "2:slow") as right,
    ):
        paused = PausedAt(calls=calls, right=right, meanwhile=recovered)
        change(service, old, image, paused)
    for _ in range(2):
        look.look(datetime.now(UTC))
    after = service.places()
    assert [one for one in after.values() if one is not Place_.RETAINED] == [Place_.SERVING]
    (serving,) = (number for number, one in after.items() if one is Place_.SERVING)
    service.comes_to_say(f"web v{serving}")


def dropped(hold: Hold) -> None:
    """Cut the connection of the call as soon as it is made."""
    hold.wait_until_reached()
    hold.drop()


@pytest.mark.parametrize("moment", list(Moment), ids=lambda one: one.name.lower())
@pytest.mark.parametrize(
    "call",
    [
        "/containers/create",
        "/containers/[0-9a-f]+/start",
        "/networks/[^/]+/disconnect",
        "/networks/[^/]+/connect",
        "/containers/[0-9a-f]+/update",
        "/containers/[0-9a-f]+/kill",
        "/containers/[0-9a-f]+/stop",
    ],
    ids=["create", "start", "leave", "enter", "release", "kill", "stop"],
)
def test_whichever_call_fails_one_version_serves(
    look: ServiceLook,  # noqa: F811
    service: Service,
    images: LocalImages,
    valkey: redis.Redis,
    tmp_path: Path,
    docker_host: str,
    call: str,
    moment: Moment,
) -> None:
    """The engine is away for one call, before or after it has done what was asked."""
    old = released(service, valkey, service.image(images.web_v1, "1"), 1)
    image = service.image(images.web_v2, "2")
    assert old.image is not None
    with (
        barrier_to_socket(tmp_path / "engine.sock", docker_host) as barrier,
        Engine.connect(barrier.address, name="build1") as faulty,
    ):
        place = Place(replace(service, host=faulty), valkey, {"TOKEN": "made-up-1"})
        before = recorded(valkey, place.operation(place.plan(image, old.image)))
        hold = barrier.hold_call(f"^POST .*{call}[ ?]", moment)
        dropping = threading.Thread(target=dropped, args=(hold,))
        dropping.start()
        run(1042, before.job_id, place.tools)
        dropping.join()
        place.tools.close()
    for _ in range(3):
        look.look(datetime.now(UTC))
    after = service.places()
    assert [one for one in after.values() if one is not Place_.RETAINED] == [Place_.SERVING], after
    (serving,) = (number for number, one in after.items() if one is Place_.SERVING)
    service.comes_to_say("web v1" if serving == 1 else "web v2")
    drift, ended = found(valkey, service), now(valkey, before)
    assert drift is None or drift.kind is DriftKind.SETTLED, (drift, ended.outcome)
    assert (ended.state is State.SUCCEEDED) == (serving == 1042), ended.outcome
