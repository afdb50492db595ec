"""At the end of a bake window going back is brought to its end, whenever its worker dies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import docker
import pytest
import redis

from quaymaster.image_ref import PinnedImage
from quaymaster.operations import Stage, State
from quaymaster.outcomes import Deployed, Failed
from quaymaster.store.releases import bad_digests
from quaymaster.store.transactions import Transaction, ask, perform
from quaymaster.target import ServiceRef
from testing.images.catalogue import LocalImages
from testing.keys import RING
from testing.samples import having
from tests.workers.jobs.deploy.test_apply import Place
from tests.workers.services import Killed, KilledAfter, Service
from tests.workers.toolboxes import running
from workers.jobs.deploy.verify import verify_release
from workers.targets.docker_host.containers import ContainerRole as ContainerPlace
from workers.work.running import RunningOperation
from workers.work.steps import Finished, Step

pytestmark = pytest.mark.engine

_STEPS = 11


@pytest.fixture
def place(service: Service, valkey: redis.Redis) -> Iterator[Place]:
    place = Place(service, valkey, {"TOKEN": "made-up-1"})
    yield place
    place.tools.close()


def _looked(place: Place, second: PinnedImage, first: PinnedImage, deaths: int) -> Step:
    deployed = Deployed(place.service.environment, "web", second, 0.1, first, 1.0)
    given = place.operation(place.plan(second, first, 6))
    held = having(
        given, state=State.RUNNING, stage=Stage.VERIFY, interim=deployed, crashes=deaths, attempt=4
    )
    return verify_release(running(held, place.connection), place.tools)


@pytest.mark.parametrize("step", range(_STEPS))
def test_what_broke_off_while_it_went_back_goes_back(
    place: Place,
    images: LocalImages,
    engine: docker.DockerClient,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
) -> None:
    first, second = place.deployed(images, 5, 6)
    serving = place.service.state().serving
    assert serving is not None
    engine.containers.get(serving.id).exec_run(["rm", "/www/healthz"], user="root")

    @contextmanager
    def dying(work: RunningOperation, service: ServiceRef) -> Iterator[Callable[[], None]]:
        yield KilledAfter(calls=step).fence

    with monkeypatch.context() as dies, suppress(Killed):
        dies.setattr("workers.jobs.deploy.verify.service_lease", dying)
        _looked(place, second, first, 0)
    again = _looked(place, second, first, 1)
    assert isinstance(again, Finished)
    assert again.state is State.FAILED
    assert isinstance(again.outcome, Failed)
    assert "is back" in again.outcome.runs_now
    places = {one.turn: one.role for one in place.service.state().containers}
    assert places == {5: ContainerPlace.SERVING, 6: ContainerPlace.RETAINED}
    place.service.comes_to_say("web v1")
    perform(place.connection, Transaction(tuple(again.also), lambda _: None, lambda _: None))
    marks = ask(place.connection, bad_digests(place.service.ref, RING, "host:build1"))
    assert set(marks) == {second.digest}
